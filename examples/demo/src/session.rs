//! The session: what it stores, how it begins and how it ends.

pub(crate) mod postgres;
pub(crate) mod store;

use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::session::Error;
use tower_sessions::{Expiry, Session, SessionManagerLayer};
use tower_sqrl::Claim;

use self::store::AnySessionStore;

const CLAIM: &str = "claim";
const SIGN_IN: &str = "sign-in";

/// A session ends after this time without a request.
const MAX_IDLE: Duration = Duration::hours(12);

/// Sessions whose cookie belongs to this host alone, and to https alone if the site has it.
pub(crate) fn layer(store: AnySessionStore, https: bool) -> SessionManagerLayer<AnySessionStore> {
    SessionManagerLayer::new(store)
        .with_name(if https { "__Host-demo" } else { "demo" })
        .with_secure(https)
        // Not `Strict`: the SQRL app opens the browser, which then sends no strict cookie.
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(MAX_IDLE))
}

/// Returns a random id for a sign-in. Claims of two sign-ins may be equal, so they cannot tell an old
/// session from the last one.
pub(crate) fn new_sign_in() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Signs in, with a new session id and without the data of the previous user. `sign_in` is the id of
/// this sign-in.
pub(crate) async fn begin(session: &Session, claim: &Claim, sign_in: &str) -> Result<(), Error> {
    session.clear().await;
    if session.id().is_some() {
        session.cycle_id().await?;
    }
    session.insert(CLAIM, claim).await?;
    session.insert(SIGN_IN, sign_in).await
}

/// Returns the id of the session's sign-in.
pub(crate) async fn sign_in(session: &Session) -> Result<Option<String>, Error> {
    session.get(SIGN_IN).await
}

/// Returns who has signed in. `User` in `user.rs` checks whether the claim is still current.
pub(crate) async fn claim(session: &Session) -> Result<Option<Claim>, Error> {
    session.get(CLAIM).await
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
        let claim = claim(session).await?;
        Ok(if claim.is_some() { Self::SignedIn } else { Self::SignedOut })
    }
}
