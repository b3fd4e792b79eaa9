//! What a request leaves for the browser: the chain's outcome, a refusal, a CPS URL.

use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{Change, Epoch};
use tower_sqrl_core::nuts::{CpsId, CpsInfo, NutInfo, NutState, Outcome, Refusal};
use tower_sqrl_core::protocol::{Command, Tif};

use super::chain::Chain;
use super::decide::Decision;
use super::random;

/// Maximum attempts to store an outcome. A conflicting record may expire between the attempt and the
/// check.
const MAX_ATTEMPTS: usize = 3;

/// The identity whose outcome a wait has.
pub(super) enum OutcomeOf {
    ThisIdentity,
    AnotherIdentity,
}

impl Chain<'_> {
    /// Stores the chain's one outcome.
    ///
    /// Row 34: an outcome that is there already stays. The exception is a sign-in of the same identity
    /// that no browser has collected, of another epoch, with another answer, or without the CPS URL that
    /// this reply brings.
    pub(super) async fn store_outcome(&self, outcome: Outcome) -> Result<OutcomeOf, StoreError> {
        let (nuts, wait) = (&self.engine.nuts, self.record.wait.as_nut());
        let mut info = self.record.ended(self.now, Some(*self.request.idk()), outcome);
        info.attached = self.attached_to_sign_in();
        // What ends a wait outlives every further code of the same page.
        let ttl =
            if info.is_final() { self.engine.config.lifetimes.chain } else { self.remaining() };
        for _ in 0..MAX_ATTEMPTS {
            match nuts.store_nut(wait, &info, NutState::Authorized, ttl).await {
                Ok(()) => return Ok(OutcomeOf::ThisIdentity),
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
            match nuts.get_nut(wait, NutState::Authorized).await? {
                None => {}
                Some(stored) if stored.idk != info.idk => return Ok(OutcomeOf::AnotherIdentity),
                Some(stored) if stored.is_signed_in() && differs(&stored, &info) => {
                    nuts.remove_nut(wait, NutState::Authorized).await?;
                }
                Some(_) => return Ok(OutcomeOf::ThisIdentity),
            }
        }
        Err(StoreError::conflict())
    }

    /// Returns why this request signed nobody in, if the waiting page can say it: rows 8, 11 and 13.
    pub(super) fn refusal(&self, tif: Tif) -> Option<Refusal> {
        if self.request.command() != Command::Ident || tif.contains(Tif::REFUSED) {
            return None;
        }
        Some(match tif {
            tif if tif.contains(Tif::SUPERSEDED) => Refusal::Superseded,
            tif if tif.contains(Tif::DISABLED) => Refusal::Disabled,
            _ => Refusal::New,
        })
    }

    /// Stores why nobody was signed in, for the waiting page.
    ///
    /// A refusal has its own key. So a stranger who causes one touches no outcome. It belongs to no
    /// identity. If storing it fails, it is not retried.
    pub(super) async fn store_refusal(&self, why: Refusal) {
        let (nuts, key) = (&self.engine.nuts, self.record.wait.refusal());
        let info = self.record.ended(self.now, None, Outcome::Refused(why));
        let create = || nuts.store_nut(key.as_nut(), &info, NutState::Authorized, self.remaining());
        let store = async {
            match create().await {
                Err(error) if error.is_conflict() => {}
                done => return done,
            }
            let stored = nuts.get_nut(key.as_nut(), NutState::Authorized).await?;
            // The charge limits two clients that take turns with different reasons.
            if stored.is_some_and(|stored| stored.outcome == info.outcome)
                || self.engine.charge(self.peer, self.now).is_err()
            {
                return Ok(());
            }
            nuts.remove_nut(key.as_nut(), NutState::Authorized).await?;
            create().await
        };
        match store.await {
            Err(error) if !error.is_conflict() => {
                self.engine.store_failed("storing why a sign-in was refused", &error);
            }
            _ => {}
        }
    }

    /// Stores the destination of the CPS URL with this id. `epoch` is that of the identity that the
    /// request signs in, if it does.
    pub(super) async fn store_cps(
        &self,
        id: CpsId,
        decision: &Decision,
        epoch: Option<Epoch>,
    ) -> Result<(), StoreError> {
        let left = decision.change.as_ref().and_then(Change::resulting_identity);
        // Only the URL of an `ident` signs in; the epoch of the others is not read.
        let epoch = epoch.or(left.map(|left| left.epoch)).unwrap_or(random::fresh().epoch);
        let (command, ip) = (self.request.command(), self.record.ip);
        let mut info = CpsInfo::new(*self.request.idk(), epoch, command, ip, self.record.wait);
        info.attached = self.attached_to_sign_in();
        let ttl = self.engine.config.lifetimes.cps;
        self.engine.nuts.store_cps_session_id(&id, &info, ttl).await
    }
}

/// Returns whether a sign-in of the same identity would tell the application something else. The
/// indexed secrets do not count: a second `ident` need not bring them again.
fn differs(stored: &NutInfo, info: &NutInfo) -> bool {
    stored.outcome != info.outcome || stored.attached.button != info.attached.button
}
