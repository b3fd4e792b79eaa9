//! What becomes of a decision: the chain's outcome for the page that waits, the CPS URL, and the
//! reply with the chain's next nut.

use std::fmt::Display;

use futures_util::future::{OptionFuture, join, join3};

use super::chain::{Chain, Extras, Obstacle};
use super::decide::{Decision, Verdict};
use super::random;
use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{Change, Epoch};
use tower_sqrl_core::nuts::{Attached, CpsId, CpsInfo, NutInfo, NutState, Outcome, Refusal};
use tower_sqrl_core::protocol::{Command, Tif};

/// How often an outcome is filed at most: what stood in its way may be gone when it is looked at,
/// and something else be there at the next try.
const FILINGS: usize = 3;

/// Whose outcome a wait has.
enum Filed {
    Ours,
    Anothers,
}

impl Chain<'_> {
    /// The reply to a request that may not take its nut. `gone` is the tif for a nut that is not live.
    pub(super) async fn reject(&self, obstacle: Obstacle, gone: Tif) -> String {
        let dead_end = |tif, why: &'static str| {
            self.note_refusal(tif, &why);
            self.engine.dead_end(tif)
        };
        match obstacle {
            Obstacle::ChainOver => dead_end(gone, "the chain is over"),
            Obstacle::TooOldElsewhere => {
                tracing::debug!("refused: the nut is too old, and the address is not the link's");
                self.engine.dead_end(gone)
            }
            Obstacle::OtherServer => {
                let tif = Tif::REFUSED | self.ips();
                self.refuse_before_take(tif, "`server` is not what was sent").await
            }
            Obstacle::OtherAddress => {
                self.refuse_before_take(Tif::FAILED, "another address than the link's").await
            }
            Obstacle::OtherIdentity => {
                let tif = Tif::BAD_ID_ASSOCIATION | Tif::REFUSED | self.ips();
                dead_end(tif, "another identity than the chain's")
            }
        }
    }

    /// A refusal after which the client may try again with the reply's nut.
    pub(super) async fn refuse(&self, tif: Tif, why: &'static str) -> String {
        self.note_refusal(tif, &why);
        self.send(self.again(tif)).await
    }

    /// A refusal before the nut is taken, which stays live.
    ///
    /// The reply leaves one more nut in the share of the address that asked for the link. So the
    /// count decides, of requests at the same instant too: beyond the limit the reply's nut is dead.
    async fn refuse_before_take(&self, tif: Tif, why: &'static str) -> String {
        if self.note_refusal(tif, &why) {
            self.send(self.beside(tif)).await
        } else {
            self.engine.dead_end(tif)
        }
    }

    /// Rows 25 and 31 to 33: nothing happened, and nothing is the client's fault.
    pub(super) async fn try_again(&self) -> String {
        self.send(self.again(Tif::TRY_AGAIN | self.ips())).await
    }

    /// The same where taking the nut failed.
    pub(super) async fn try_to_take_again(&self, error: &StoreError) -> String {
        self.engine.store_failed("taking a nut", error);
        let tif = Tif::TRY_AGAIN | self.ips();
        match self.engine.nuts.get_nut(&self.original(), NutState::Pending).await {
            // Not taken, so the reply's is an alias of it.
            Ok(Some(_)) => self.send(self.beside(tif)).await,
            // Taken, but perhaps by another server before, if nobody has looked: then the chain has
            // gone on there.
            Ok(None) if self.is_copy => self.engine.dead_end(tif),
            // Taken, and only the store's reply was lost.
            Ok(None) => self.send(self.again(tif)).await,
            Err(error) => {
                self.engine.store_failed("looking whether a nut was taken", &error);
                self.engine.dead_end(tif)
            }
        }
    }

    /// Makes a decision known, once its change is written.
    pub(super) async fn conclude(&self, decision: Decision) -> String {
        match decision.verdict {
            Verdict::Refused => {
                self.note_refusal(decision.tif, &self.request.command());
                // The client may mend it on this chain, and then bring the secret.
                let sin = self.engine.config.sin();
                let extras = Extras { suk: decision.suk, sin, ..Extras::default() };
                let refusal: OptionFuture<_> =
                    self.refusal(decision.tif).map(|why| self.file_refusal(why)).into();
                join(self.send(self.next(decision.tif, &extras)), refusal).await.0
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
                self.send(self.next(decision.tif, &extras)).await
            }
            Verdict::Done => self.succeed(&decision, None).await,
            Verdict::SignedIn { epoch } => self.succeed(&decision, Some(epoch)).await,
        }
    }

    /// Makes a success known: to the page that waits, where somebody is signed in, with their
    /// `epoch`; by a CPS URL, where the client asks for one; and by the reply. None of the three
    /// waits for another.
    async fn succeed(&self, decision: &Decision, epoch: Option<Epoch>) -> String {
        let cps = self.request.options().cps.then(random::cps_id);
        let url = cps.map(|id| format!("{}{}", self.engine.config.cps_url, id.to_text()));
        // After another command an `ident` may follow, which brings the secret.
        let sin = self.engine.config.sin().filter(|_| epoch.is_none());
        let extras = Extras { suk: decision.suk, url: url.as_deref(), sin, ask: None };
        let next = self.next(decision.tif, &extras);

        let outcome: OptionFuture<_> = epoch
            .and_then(|epoch| match cps {
                None => Some(Outcome::SignedIn { epoch }),
                // From elsewhere it may be a stranger who photographed the code: the wait goes on.
                Some(_) => self.ips_match().then_some(Outcome::TakenOver),
            })
            .map(|outcome| self.file_outcome(outcome))
            .into();
        let session: OptionFuture<_> = cps.map(|id| self.store_cps(id, decision, epoch)).into();
        let (outcome, session, body) = join3(outcome, session, self.send(next)).await;

        match outcome.unwrap_or(Ok(Filed::Ours)) {
            Ok(Filed::Ours) => {}
            Ok(Filed::Anothers) => {
                let tif = Tif::BAD_ID_ASSOCIATION | Tif::REFUSED | self.ips();
                self.note_refusal(tif, &"the wait has another identity's outcome");
                return self.engine.dead_end(tif);
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
            // What the command did is done, with a URL or without.
            self.note_answer(decision.tif);
            let extras = Extras { suk: decision.suk, sin, ..Extras::default() };
            return self.send(self.next(decision.tif, &extras)).await;
        }
        self.note_answer(decision.tif);
        body
    }

    /// Stores what the CPS URL with this id leads to.
    async fn store_cps(
        &self,
        id: CpsId,
        decision: &Decision,
        epoch: Option<Epoch>,
    ) -> Result<(), StoreError> {
        let left = decision.change.as_ref().and_then(Change::resulting_identity);
        let info = CpsInfo {
            idk: *self.request.idk(),
            // Only `ident`'s URL signs in; the others' epoch is never looked at.
            epoch: epoch.or(left.map(|left| left.epoch)).unwrap_or(random::fresh().epoch),
            command: self.request.command(),
            ip: self.record.ip,
            wait: self.record.wait,
            attached: self.attached_to_sign_in(),
        };
        let ttl = self.engine.config.lifetimes.cps;
        self.engine.nuts.store_cps_session_id(&id, &info, ttl).await
    }

    /// Files the chain's one outcome. Row 34: where there is one already, it stays, unless it is
    /// this identity's own sign-in that nobody has collected, of an earlier epoch, with another
    /// answer, or without the CPS URL that is promised now.
    async fn file_outcome(&self, outcome: Outcome) -> Result<Filed, StoreError> {
        let (nuts, wait) = (&self.engine.nuts, self.record.wait.as_nut());
        let info = self.outcome(outcome);
        // What ends a wait outlives every further code of the same page.
        let ttl =
            if info.is_final() { self.engine.config.lifetimes.chain } else { self.remaining() };
        for _ in 0..FILINGS {
            match nuts.store_nut(wait, &info, NutState::Authorized, ttl).await {
                Ok(()) => return Ok(Filed::Ours),
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
            match nuts.get_nut(wait, NutState::Authorized).await? {
                None => {}
                Some(filed) if filed.idk != info.idk => return Ok(Filed::Anothers),
                Some(filed) if filed.is_signed_in() && says_else(&filed, &info) => {
                    nuts.remove_nut(wait, NutState::Authorized).await?;
                }
                Some(_) => return Ok(Filed::Ours),
            }
        }
        Err(StoreError::conflict())
    }

    /// Why this request signed nobody in, if the page that waits can say it: rows 8, 11 and 13.
    fn refusal(&self, tif: Tif) -> Option<Refusal> {
        if self.request.command() != Command::Ident || tif.contains(Tif::REFUSED) {
            return None;
        }
        Some(match tif {
            tif if tif.contains(Tif::SUPERSEDED) => Refusal::Superseded,
            tif if tif.contains(Tif::DISABLED) => Refusal::Disabled,
            _ => Refusal::New,
        })
    }

    /// Stores why nobody was signed in, for the page that waits. A refusal has a key of its own:
    /// storing one touches no outcome, whoever brings it about. It belongs to no identity, and is
    /// worth no second try.
    async fn file_refusal(&self, why: Refusal) {
        let (nuts, key) = (&self.engine.nuts, self.record.wait.refusal());
        let info = NutInfo {
            idk: None,
            attached: Attached::default(),
            ..self.outcome(Outcome::Refused(why))
        };
        let create = || nuts.store_nut(key.as_nut(), &info, NutState::Authorized, self.remaining());
        let file = async {
            match create().await {
                Err(error) if error.is_conflict() => {}
                done => return done,
            }
            let filed = nuts.get_nut(key.as_nut(), NutState::Authorized).await?;
            // Two clients with different reasons would otherwise write without end.
            if filed.is_some_and(|filed| filed.outcome == info.outcome)
                || self.engine.count_lasting(self.peer, self.now).is_err()
            {
                return Ok(());
            }
            nuts.remove_nut(key.as_nut(), NutState::Authorized).await?;
            create().await
        };
        match file.await {
            Err(error) if !error.is_conflict() => {
                self.engine.store_failed("storing why a sign-in was refused", &error);
            }
            _ => {}
        }
    }

    fn note_refusal(&self, tif: Tif, why: &dyn Display) -> bool {
        self.engine.note_refusal(self.peer, self.now, tif, why)
    }

    /// Says what the client hears.
    fn note_answer(&self, tif: Tif) {
        tracing::debug!(command = ?self.request.command(), %tif, "answered");
    }
}

/// Whether a sign-in of the same identity would tell the application something else. Its
/// indexed secrets are no reason: a second `ident` need not bring them again.
fn says_else(filed: &NutInfo, info: &NutInfo) -> bool {
    filed.outcome != info.outcome || filed.attached.button != info.attached.button
}
