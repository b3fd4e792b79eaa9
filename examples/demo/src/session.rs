//! The session: what it stores, how it begins and how it ends.

pub(crate) mod postgres;
pub(crate) mod store;

use serde::{Deserialize, Serialize};
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::session::Error;
use tower_sessions::{Expiry, Session, SessionManagerLayer};
use tower_sqrl::SignIn;
use tower_sqrl::identities::Epoch;
use tower_sqrl::protocol::Idk;

use self::store::AnySessionStore;

const SIGNED_IN: &str = "signed-in";

/// A session ends after this time without a request.
const MAX_IDLE: Duration = Duration::hours(12);

/// Who is signed in: an account, by an identity as it was at the sign-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SignedIn {
    /// The account's id.
    pub(crate) account: String,
    idk: [u8; 32],
    epoch: u64,
}

impl SignedIn {
    pub(crate) fn new(account: &str, sign_in: &SignIn) -> Self {
        Self {
            account: account.to_owned(),
            idk: *sign_in.idk().as_bytes(),
            epoch: sign_in.epoch().get(),
        }
    }

    pub(crate) fn idk(&self) -> Idk {
        Idk::from_bytes(self.idk)
    }

    pub(crate) fn epoch(&self) -> Epoch {
        Epoch::new(self.epoch)
    }

    /// The identity and its epoch as text. Sign-ins before and after a disable differ.
    pub(crate) fn version(&self) -> String {
        format!("{}.{:016x}", self.idk(), self.epoch)
    }
}

/// Sessions whose cookie belongs to this host alone, and to https alone if the site has it.
pub(crate) fn layer(store: AnySessionStore, https: bool) -> SessionManagerLayer<AnySessionStore> {
    SessionManagerLayer::new(store)
        .with_name(if https { "__Host-demo" } else { "demo" })
        .with_secure(https)
        // Not `Strict`: the SQRL app opens the browser, and it would arrive without the cookie.
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(MAX_IDLE))
}

/// Returns who is signed in according to the session alone. The identity may have changed since:
/// `User` in `user.rs` checks it.
pub(crate) async fn signed_in(session: &Session) -> Result<Option<SignedIn>, Error> {
    session.get(SIGNED_IN).await
}

/// Signs in, with a new session id and without the data of the previous user.
pub(crate) async fn begin(session: &Session, signed_in: SignedIn) -> Result<(), Error> {
    session.clear().await;
    if session.id().is_some() {
        session.cycle_id().await?;
    }
    session.insert(SIGNED_IN, signed_in).await
}

/// Deletes the session and its cookie.
pub(crate) async fn end(session: &Session) -> Result<(), Error> {
    session.flush().await
}

/// Which links a page offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visitor {
    SignedIn,
    SignedOut,
    /// The session was not read.
    Unknown,
}

impl Visitor {
    pub(crate) async fn of(session: &Session) -> Result<Self, Error> {
        let signed_in = signed_in(session).await?;
        Ok(if signed_in.is_some() { Self::SignedIn } else { Self::SignedOut })
    }
}
