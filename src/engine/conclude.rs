//! Announcing a decision: to the client, to the waiting page, by a CPS URL.

use futures_util::future::{OptionFuture, join, join3};
use tower_sqrl_core::identities::Epoch;
use tower_sqrl_core::nuts::Outcome;
use tower_sqrl_core::protocol::Tif;

use super::chain::Chain;
use super::decide::{Decision, Verdict};
use super::outcome::OutcomeOf;
use super::random;
use super::reply::Extras;

impl Chain<'_> {
    /// Announces a decision whose change is written, and returns the reply.
    pub(super) async fn conclude(&self, decision: Decision) -> String {
        match decision.verdict {
            Verdict::Refused => {
                self.note_refusal(decision.tif, &self.request.command());
                // The client may correct its request on this chain, and needs `sin` then.
                let sin = self.engine.config.sin();
                let extras = Extras { suk: decision.suk, sin, ..Extras::default() };
                let refusal: OptionFuture<_> =
                    self.refusal(decision.tif).map(|why| self.store_refusal(why)).into();
                join(self.send(self.reply(decision.tif, &extras)), refusal).await.0
            }
            Verdict::Answered => {
                let known = decision.tif.contains(Tif::ID_MATCH);
                let extras = Extras {
                    suk: decision.suk,
                    ask: self.record.ask.as_deref().filter(|_| known),
                    sin: self.engine.config.sin(),
                    url: None,
                };
                self.note_answer(decision.tif);
                self.send(self.reply(decision.tif, &extras)).await
            }
            Verdict::Done => self.succeed(&decision, None).await,
            Verdict::SignedIn { epoch } => self.succeed(&decision, Some(epoch)).await,
        }
    }

    /// Announces a success: to the waiting page if an identity is signed in, of this `epoch`; by a CPS
    /// URL if the client requested one; and by the reply. The three run concurrently.
    async fn succeed(&self, decision: &Decision, epoch: Option<Epoch>) -> String {
        let cps = self.request.options().cps.then(random::cps_id);
        let url = cps.map(|id| format!("{}{}", self.engine.config.cps_url, id.to_text()));
        // An `ident` may follow other commands, and brings the secret then.
        let sin = self.engine.config.sin().filter(|_| epoch.is_none());
        let extras = Extras { suk: decision.suk, url: url.as_deref(), sin, ask: None };
        let reply = self.reply(decision.tif, &extras);

        let outcome: OptionFuture<_> = epoch
            .and_then(|epoch| match cps {
                None => Some(Outcome::SignedIn { epoch }),
                // A client at another address may be a stranger's: the wait continues.
                Some(_) => self.ips_match().then_some(Outcome::TakenOver),
            })
            .map(|outcome| self.store_outcome(outcome))
            .into();
        let session: OptionFuture<_> = cps.map(|id| self.store_cps(id, decision, epoch)).into();
        let (outcome, session, body) = join3(outcome, session, self.send(reply)).await;

        match outcome.unwrap_or(Ok(OutcomeOf::ThisIdentity)) {
            Ok(OutcomeOf::ThisIdentity) => {}
            Ok(OutcomeOf::AnotherIdentity) => {
                let tif = Tif::BAD_ID_ASSOCIATION | Tif::REFUSED | self.ips();
                return self.dead_end(tif, "the wait has another identity's outcome");
            }
            Err(error) => {
                self.engine.store_failed("storing an outcome", &error);
                return self.try_again().await;
            }
        }
        if let Some(Err(error)) = session {
            self.engine.store_failed("storing a CPS id", &error);
            if epoch.is_some() {
                return self.try_again().await;
            }
            // The command succeeded, with or without a URL.
            self.note_answer(decision.tif);
            let extras = Extras { suk: decision.suk, sin, ..Extras::default() };
            return self.send(self.reply(decision.tif, &extras)).await;
        }
        self.note_answer(decision.tif);
        body
    }

    /// Logs a reply that is not a refusal.
    fn note_answer(&self, tif: Tif) {
        tracing::debug!(command = ?self.request.command(), %tif, "answered");
    }
}
