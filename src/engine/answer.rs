//! The order of work for one request of a client, as section 2 of `docs/protocol.md` gives
//! it with its reasons; the numbers in `answer` are its steps. Every way through ends in a
//! complete reply.

use std::fmt::Display;
use std::net::IpAddr;

use futures_util::future::{OptionFuture, join3};

use super::chain::Chain;
use super::decide::{Decision, decide, unsupported};
use super::{Engine, random};
use tower_sqrl_core::identities::{Change, Lookup, Swap};
use tower_sqrl_core::nuts::{NutState, Timestamp};
use tower_sqrl_core::protocol::{Command, Nut, Request, Tif, UnverifiedRequest};

/// After the first, so many more decisions when the identity's row changes under way.
const MORE_DECISIONS: usize = 3;

/// Why nothing of what was decided was written.
enum NotApplied {
    /// The identity's row kept changing, or a store failed.
    Failed,
    /// The address has used up what it may leave in the stores.
    TooMany,
}

impl Engine {
    /// Answers one request: `nut` from the URL, `body` as it came, `peer` the client's
    /// address. The result is the body of the reply.
    pub(crate) async fn answer(&self, nut: Option<&str>, body: &[u8], peer: IpAddr) -> String {
        let now = self.config.clock.now();
        let refuse = |tif, why: &dyn Display| {
            self.note_refusal(peer, now, tif, why);
            self.dead_end(tif)
        };

        // 1. Nothing is touched for a request that nobody signed.
        let request = match UnverifiedRequest::parse(body).and_then(UnverifiedRequest::verify) {
            Ok(request) => request,
            Err(error) => return refuse(Tif::REFUSED, &error),
        };

        // 2. An address that is slowed down is not invited to try again, and what it makes up
        // costs the store nothing. A live nut serves it as any other address: its failures may
        // be a neighbour's.
        let is_slowed_down = self.failures.is_used_up(peer, now);
        let gone = if is_slowed_down { Tif::REFUSED } else { Tif::TRY_AGAIN };
        let Some(nut) = nut.and_then(|nut| nut.parse().ok()) else {
            return refuse(gone, &"no nut");
        };
        if is_slowed_down && !self.may_be_live(&nut, peer, now) {
            return refuse(gone, &"too many failures, and no nut of ours that may be live");
        }
        let chain = |record, is_copy| Chain {
            engine: self,
            request: &request,
            nut,
            record,
            is_copy,
            peer,
            now,
        };
        // A copy stands in for the look only if the request goes on to the take, which decides.
        // Every other reply depends on whether the store still has the nut.
        let copy = self.recent_nuts.as_ref().and_then(|recent_nuts| recent_nuts.remove(&nut));
        let copy = copy.map(|record| chain(record, true));
        let chain = match copy.filter(|chain| chain.check().is_ok()) {
            Some(chain) => chain,
            None => match self.nuts.get_nut(&nut, NutState::Pending).await {
                Ok(Some(record)) => chain(record, false),
                Ok(None) => {
                    self.note_spent(&nut, is_slowed_down);
                    return refuse(gone, &"no such nut");
                }
                Err(error) => {
                    self.store_failed("looking at a nut", &error);
                    return self.dead_end(Tif::TRY_AGAIN);
                }
            },
        };
        // 2 to 5.
        if let Err(obstacle) = chain.check() {
            return chain.reject(obstacle, gone).await;
        }

        // 6. The step that decides; an alias goes with the nut that it is an alias of, and is
        // worth nothing without it. The look-up beside it is wasted if the nut is lost, which costs
        // less than the wait.
        let too_old = chain.is_too_old();
        let needs_look_up = !too_old && request.command() != Command::Unknown;
        let look_up: OptionFuture<_> =
            needs_look_up.then(|| self.identities.look_up(request.idk(), request.pidk())).into();
        let original = chain.original();
        let take = self.nuts.remove_nut(&original, NutState::Pending);
        let alias: OptionFuture<_> =
            (original != nut).then(|| self.nuts.remove_nut(&nut, NutState::Pending)).into();
        let (taken, lookup, _) = join3(take, look_up, alias).await;
        match taken {
            Ok(Some(_)) => {}
            Ok(None) => {
                self.note_spent(&nut, is_slowed_down);
                return refuse(gone, &"the nut was used before");
            }
            Err(error) => return chain.try_to_take_again(&error).await,
        }

        // 7.
        if too_old {
            tracing::debug!("try again: the nut is too old");
            return chain.try_again().await;
        }

        // 8.
        let ips = chain.ips();
        let decided = match lookup {
            None => Ok(unsupported(ips)),
            Some(Ok(lookup)) => self.decide_and_apply(&chain, lookup).await,
            Some(Err(error)) => {
                self.store_failed("looking up an identity", &error);
                Err(NotApplied::Failed)
            }
        };
        match decided {
            Ok(decision) => chain.conclude(decision).await,
            Err(NotApplied::Failed) => chain.try_again().await,
            Err(NotApplied::TooMany) => {
                chain.refuse(Tif::FAILED | ips, "the address has left too much here").await
            }
        }
    }

    /// Notes a nut that the store does not have, so that an address that is slowed down costs no
    /// more looks with it. Only ours: somebody else's may be made up to be taken for a live one.
    fn note_spent(&self, nut: &Nut, is_slowed_down: bool) {
        if is_slowed_down && self.config.nut_issuer.has_issued(nut) {
            self.spent_nuts.insert(nut);
        }
    }

    /// Whether a look at the store is worth it for an address that is slowed down: for a nut of
    /// ours that is not known to be spent, and now and then for one that another server may have
    /// issued.
    fn may_be_live(&self, nut: &Nut, peer: IpAddr, now: Timestamp) -> bool {
        if self.config.nut_issuer.has_issued(nut) {
            !self.spent_nuts.contains(nut)
        } else {
            self.foreign_nuts.count(peer, now).is_ok()
        }
    }

    /// Logs a refusal and counts it against the address. Returns whether the address was still within
    /// its limit; beyond it, its next request is slowed down.
    pub(super) fn note_refusal(
        &self,
        peer: IpAddr,
        now: Timestamp,
        tif: Tif,
        why: &dyn Display,
    ) -> bool {
        tracing::debug!(%tif, "refused: {why}");
        self.failures.count(peer, now).is_ok()
    }

    /// Decides and writes; decides again when the row has changed in between.
    async fn decide_and_apply(
        &self,
        chain: &Chain<'_>,
        mut lookup: Lookup,
    ) -> Result<Decision, NotApplied> {
        let (request, mut policy) = (chain.request, self.config.policy);
        policy.accepts_new |= chain.record.accepts_new;
        // Counted once a request, however often it decides.
        let mut is_over_limit = None;
        for _ in 0..=MORE_DECISIONS {
            let decision = decide(request, &lookup, chain.ips_match(), policy, random::fresh());
            if chain.leaves_more(&decision) {
                let count = || self.count_lasting(chain.peer, chain.now).is_err();
                let is_over_limit = *is_over_limit.get_or_insert_with(count);
                if is_over_limit && !decision.stops_an_identity(&lookup) {
                    return Err(NotApplied::TooMany);
                }
            }
            let Some(change) = &decision.change else { return Ok(decision) };
            match self.identities.apply(change).await {
                Ok(Swap::Done) => return Ok(decision),
                Ok(Swap::Lost) => {}
                Err(error) => {
                    self.store_failed("writing an identity", &error);
                    let written = self.is_written(request, change).await;
                    return if written { Ok(decision) } else { Err(NotApplied::Failed) };
                }
            }
            lookup =
                self.identities.look_up(request.idk(), request.pidk()).await.map_err(|error| {
                    self.store_failed("looking up an identity again", &error);
                    NotApplied::Failed
                })?;
        }
        tracing::warn!("an identity's row kept changing under one request");
        Err(NotApplied::Failed)
    }

    /// Whether a write whose answer was lost has happened. Versions are random: a row of the
    /// change's version can only be the change's.
    async fn is_written(&self, request: &Request, change: &Change) -> bool {
        match self.identities.look_up(request.idk(), request.pidk()).await {
            Ok(lookup) => change.is_seen_in(&lookup),
            Err(error) => {
                self.store_failed("looking whether an identity was written", &error);
                false
            }
        }
    }
}
