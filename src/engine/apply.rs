//! Deciding about a request and writing the change, again if the identity changes meanwhile.

use tower_sqrl_core::identities::{Change, Lookup, Swap};

use super::chain::Chain;
use super::decide::{Decision, Verdict, decide};
use super::random;

/// Further decisions about one request after the first one, if the identity keeps changing.
const MORE_DECISIONS: usize = 3;

/// The reason why nothing of a decision was written.
pub(super) enum NotApplied {
    /// The identity kept changing, or a store failed.
    Failed,
    /// The address has reached its limit of what it may leave in the stores.
    TooMany,
}

impl Chain<'_> {
    /// Decides about the request, given `lookup`, and writes the change, if there is one.
    pub(super) async fn apply(&self, mut lookup: Lookup) -> Result<Decision, NotApplied> {
        let (engine, request) = (self.engine, self.request);
        let mut policy = engine.config.policy;
        policy.accepts_new |= self.record.accepts_new;
        // A request is charged once, however often it is decided.
        let mut is_over_limit = None;
        for _ in 0..=MORE_DECISIONS {
            let decision = decide(request, &lookup, self.ips_match(), policy, random::fresh());
            if self.is_charged(&decision) {
                let charge = || engine.charge(self.peer, self.now).is_err();
                let is_over_limit = *is_over_limit.get_or_insert_with(charge);
                if is_over_limit && !decision.stops_an_identity(&lookup) {
                    return Err(NotApplied::TooMany);
                }
            }
            let Some(change) = &decision.change else { return Ok(decision) };
            match engine.identities.apply(change).await {
                Ok(Swap::Done) => return Ok(decision),
                Ok(Swap::Lost) => {}
                Err(error) => {
                    engine.store_failed("writing an identity", &error);
                    let written = self.is_written(change).await;
                    return if written { Ok(decision) } else { Err(NotApplied::Failed) };
                }
            }
            lookup = engine.identities.look_up(request.idk(), request.pidk()).await.map_err(
                |error| {
                    engine.store_failed("looking up an identity again", &error);
                    NotApplied::Failed
                },
            )?;
        }
        tracing::warn!("an identity kept changing during one request; asked the client to retry");
        Err(NotApplied::Failed)
    }

    /// Returns whether a decision leaves something behind that was not charged with the sign-in URL, as
    /// the chain's nuts and its outcome were: a change of an identity, or a CPS URL. Otherwise a client
    /// that answers one URL repeatedly would evade the limit.
    fn is_charged(&self, decision: &Decision) -> bool {
        let is_success = matches!(decision.verdict, Verdict::Done | Verdict::SignedIn { .. });
        decision.change.is_some() || is_success && self.request.options().cps
    }

    /// Returns whether a change was written although the store's reply was lost. Versions are random, so
    /// only this change can have written its version.
    async fn is_written(&self, change: &Change) -> bool {
        let lookup = self.engine.identities.look_up(self.request.idk(), self.request.pidk());
        match lookup.await {
            Ok(lookup) => change.is_seen_in(&lookup),
            Err(error) => {
                self.engine.store_failed("looking whether an identity was written", &error);
                false
            }
        }
    }
}
