//! The browser's side: waiting, and collecting a sign-in by page or by CPS.
//!
//! Collecting reads the sign-in, looks the identity up, takes the sign-in, and looks the identity up
//! again. It signs in only a live, enabled identity with the stored epoch. So no pending sign-in
//! outlives a disable, enable, rekey or remove, even one that succeeds just before the take.

use futures_util::future::{OptionFuture, join};

use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{Epoch, Identity, KeyState};
use tower_sqrl_core::nuts::{
    Attachments, CpsId, CpsInfo, Digest, NutInfo, NutState, Outcome, Refusal, WaitId,
};
use tower_sqrl_core::protocol::{Command, Idk};

use super::Engine;
use super::secrets::Secrets;
use super::sign_in::SignIn;

/// The state of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitStatus {
    /// Nothing has happened yet.
    Pending,
    /// A client has answered and was refused. The wait continues.
    Refused(Refusal),
    /// There is a sign-in to collect.
    Ready,
    /// The client brings the sign-in to a browser itself.
    TakenOver,
    /// The sign-in has been collected.
    Collected,
}

/// Why there is no sign-in to collect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotSignedIn {
    /// Nothing has happened yet, or it is over, or it is not this browser's.
    #[error(
        "there is no sign-in to collect: it was already used, has expired, or belongs to another browser"
    )]
    Nothing,
    /// The identity was disabled, enabled, removed or rekeyed in between.
    #[error("the identity has changed since it signed in: sign in again")]
    Outdated,
    /// A store failed. Try again once: if it failed before the sign-in was taken from the store, the
    /// next attempt collects it. Otherwise the sign-in is gone, the next attempt finds
    /// [`Nothing`](Self::Nothing), and the user signs in again.
    #[error("the sign-in cannot be collected at the moment: try again")]
    Unavailable,
}

impl Engine {
    /// Returns the state of a wait: its outcome, or the refusal if there is no outcome. Consumes nothing.
    pub(crate) async fn wait_status(&self, wait: &WaitId) -> Result<WaitStatus, StoreError> {
        let refusal = wait.refusal();
        let (outcome, refusal) = join(
            self.nuts.get_nut(wait.as_nut(), NutState::Authorized),
            self.nuts.get_nut(refusal.as_nut(), NutState::Authorized),
        )
        .await;
        let seen = match outcome {
            Ok(None) => refusal,
            outcome => outcome,
        };
        match seen.inspect_err(|error| self.store_failed("looking at an outcome", error))? {
            None => Ok(WaitStatus::Pending),
            Some(info) => Ok(match info.outcome {
                Some(Outcome::SignedIn { .. }) => WaitStatus::Ready,
                Some(Outcome::TakenOver) => WaitStatus::TakenOver,
                Some(Outcome::Refused(why)) => WaitStatus::Refused(why),
                Some(Outcome::Collected) | None => WaitStatus::Collected,
            }),
        }
    }

    /// Collects the sign-in of a wait.
    pub(crate) async fn collect(&self, wait: &WaitId) -> Result<SignIn, NotSignedIn> {
        let outcome = self.nuts.get_nut(wait.as_nut(), NutState::Authorized).await;
        let info = self.found(outcome)?;
        let (Some(Outcome::SignedIn { epoch }), Some(idk)) = (info.outcome, info.idk) else {
            return Err(NotSignedIn::Nothing);
        };
        let identity = self.unchanged(&idk, epoch).await?;
        let taken = self.nuts.remove_nut(wait.as_nut(), NutState::Authorized).await;
        let taken = self.found(taken)?;
        let again = self.unchanged(&idk, epoch);
        let (again, ()) = join(again, self.mark_collected(*wait, &info)).await;
        // If another request has collected it meanwhile, the record taken is that request's mark.
        if taken != info {
            return Err(NotSignedIn::Nothing);
        }
        self.sign_in(idk, identity.and(again?), info.attached, *wait)
    }

    /// Returns the destination of a CPS URL. Consumes nothing.
    pub(crate) async fn look_at_cps(&self, id: &CpsId) -> Result<CpsInfo, NotSignedIn> {
        self.found(self.nuts.get_user_id_by_cps_session_id(id).await)
    }

    /// Returns the identity that a CPS URL signs in, if it still does.
    pub(crate) async fn cps_identity(&self, info: &CpsInfo) -> Result<Identity, NotSignedIn> {
        self.unchanged(&info.idk, info.epoch).await?.ok_or(NotSignedIn::Outdated)
    }

    /// Collects the sign-in of a CPS URL in a browser that has the secrets of these waits.
    pub(crate) async fn collect_cps(
        &self,
        id: &CpsId,
        waits: &[WaitId],
    ) -> Result<SignIn, NotSignedIn> {
        let info = self.look_at_cps(id).await?;
        if info.command != Command::Ident {
            return Err(NotSignedIn::Nothing);
        }
        let identity = self.unchanged(&info.idk, info.epoch).await?;
        self.take_cps(id).await?;
        let again = self.unchanged(&info.idk, info.epoch);
        // A client at another address has not taken the wait over. If the waiting browser collects the
        // sign-in, the wait ends now.
        let waits_here = !info.attached.same_address && waits.contains(&info.wait);
        let mark: OptionFuture<_> = waits_here.then(|| self.end_wait(&info)).into();
        let (again, _) = join(again, mark).await;
        self.sign_in(info.idk, identity.and(again?), info.attached, info.wait)
    }

    /// Takes the destination of a CPS URL, so that it works once.
    pub(crate) async fn take_cps(&self, id: &CpsId) -> Result<CpsInfo, NotSignedIn> {
        self.found(self.nuts.remove_cps_session_id(id).await)
    }

    /// Returns the identity if it is live, enabled and still in the epoch of the sign-in. If not, the
    /// caller takes the sign-in from the store nevertheless.
    async fn unchanged(&self, idk: &Idk, epoch: Epoch) -> Result<Option<Identity>, NotSignedIn> {
        match self.identities.look_up(idk, None).await {
            Ok(lookup) => Ok(match lookup.idk {
                KeyState::Live(identity) if !identity.disabled && identity.epoch == epoch => {
                    Some(identity)
                }
                _ => None,
            }),
            Err(error) => {
                self.store_failed("looking up who signed in", &error);
                Err(NotSignedIn::Unavailable)
            }
        }
    }

    /// Converts what a store has found. Logs and counts a failure.
    fn found<T>(&self, found: Result<Option<T>, StoreError>) -> Result<T, NotSignedIn> {
        match found {
            Ok(found) => found.ok_or(NotSignedIn::Nothing),
            Err(error) => {
                self.store_failed("collecting a sign-in", &error);
                Err(NotSignedIn::Unavailable)
            }
        }
    }

    /// Marks a wait as collected, after the outcome `info` was taken. If this fails, a page that asks
    /// again waits in vain, and nothing worse happens.
    async fn mark_collected(&self, wait: WaitId, info: &NutInfo) {
        let info = info.ended(info.created, info.idk, Outcome::Collected);
        // As long as any chain of the wait that has begun by now, so that no further code of the same
        // page can be collected.
        let ttl = self.config.lifetimes.chain;
        let stored = self.nuts.store_nut(wait.as_nut(), &info, NutState::Authorized, ttl).await;
        match stored {
            Err(error) if !error.is_conflict() => {
                self.store_failed("marking a sign-in as collected", &error);
            }
            _ => {}
        }
    }

    /// Marks a wait as collected after the sign-in of a CPS URL.
    async fn end_wait(&self, info: &CpsInfo) {
        let now = self.config.clock.now();
        let first_nut = *info.wait.as_nut();
        let mut chain = NutInfo::first(first_nut, info.wait, info.ip, now, Digest::of([]));
        chain.idk = Some(info.idk);
        self.mark_collected(info.wait, &chain).await;
    }

    fn sign_in(
        &self,
        idk: Idk,
        identity: Option<Identity>,
        attached: Attachments,
        wait: WaitId,
    ) -> Result<SignIn, NotSignedIn> {
        let identity = identity.ok_or(NotSignedIn::Outdated)?;
        let secrets = self.open_secrets(&idk, &attached)?;
        Ok(SignIn { idk, identity, attached, secrets, wait })
    }

    #[cfg(feature = "sin")]
    fn open_secrets(&self, idk: &Idk, attached: &Attachments) -> Result<Secrets, NotSignedIn> {
        match (&self.config.secrets, &attached.sealed) {
            (Some(secrets), Some(sealed)) => secrets.open(idk, sealed).ok_or(NotSignedIn::Outdated),
            _ => Ok(Secrets::default()),
        }
    }

    #[cfg(not(feature = "sin"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the feature's other half")]
    fn open_secrets(&self, _: &Idk, _: &Attachments) -> Result<Secrets, NotSignedIn> {
        Ok(Secrets::default())
    }
}
