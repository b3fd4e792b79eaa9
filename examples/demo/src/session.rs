//! Who is signed in: tower-sessions, in this process's memory, or in Postgres where the
//! accounts are there.
//!
//! In memory a restart signs everybody out; several processes behind a load balancer need the
//! shared store.

mod postgres;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::session::{Error, Id, Record};
use tower_sessions::{
    Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore, session_store,
};
use tower_sqrl::SignIn;
use tower_sqrl::identity::Epoch;
use tower_sqrl::protocol::Idk;

pub(crate) use postgres::PostgresSessions;

const KEY: &str = "signed-in";
const PENDING: &str = "pending-identity";

/// Seconds for which the user is asked about an identity.
const ASKING_TIME: u64 = 600;

/// What a session remembers of a sign-in.
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

    /// The identity key that signed in.
    pub(crate) fn idk(&self) -> Idk {
        Idk::from_bytes(self.idk)
    }

    /// Which sign-in this was, as far as the account goes: the identity and its epoch. A
    /// session that a disable has ended is not mistaken for the one that came after it.
    pub(crate) fn mark(&self) -> String {
        format!("{}.{:016x}", self.idk(), self.epoch)
    }

    /// The identity's epoch then.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch::new(self.epoch)
    }
}

/// An identity that is linked with the account once the user has confirmed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pending {
    after: SignedIn,
    /// Seconds since 1970.
    since: u64,
}

impl Pending {
    pub(crate) fn now(after: SignedIn) -> Self {
        Self { after, since: seconds() }
    }
}

fn seconds() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()
}

/// Where sessions are kept.
#[derive(Debug, Clone)]
pub(crate) struct Sessions(Arc<dyn SessionStore>);

impl Sessions {
    pub(crate) fn new(store: impl SessionStore) -> Self {
        Self(Arc::new(store))
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self::new(MemoryStore::default())
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.0.create(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.0.save(record).await
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        self.0.load(id).await
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.0.delete(id).await
    }
}

/// Sessions with a cookie for this host alone, over https only where the site has it.
pub(crate) fn layer(sessions: Sessions, https: bool) -> SessionManagerLayer<Sessions> {
    SessionManagerLayer::new(sessions)
        .with_name(if https { "__Host-demo" } else { "demo" })
        .with_secure(https)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(Duration::hours(12)))
}

/// What a page offers depends on who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visitor {
    SignedIn,
    Stranger,
    /// Nobody has looked, or could.
    Unknown,
}

impl Visitor {
    pub(crate) async fn of(session: &Session) -> Result<Self, Error> {
        Ok(if current(session).await?.is_some() { Self::SignedIn } else { Self::Stranger })
    }
}

/// Who is signed in, by the session alone.
pub(crate) async fn current(session: &Session) -> Result<Option<SignedIn>, Error> {
    session.get(KEY).await
}

/// Begins anew: with an id that nobody can have known before, and nothing of what was.
pub(crate) async fn begin(session: &Session, signed_in: SignedIn) -> Result<(), Error> {
    session.clear().await;
    // A visitor without a session has no id that anybody could know.
    if session.id().is_some() {
        session.cycle_id().await?;
    }
    session.insert(KEY, signed_in).await
}

/// The identity that the user is asked about.
pub(crate) async fn pending(session: &Session) -> Result<Option<SignedIn>, Error> {
    let pending = session.get::<Pending>(PENDING).await?;
    let is_young = |pending: &Pending| seconds().saturating_sub(pending.since) < ASKING_TIME;
    Ok(pending.filter(is_young).map(|pending| pending.after))
}

/// Stores the identity to ask about, or removes it.
pub(crate) async fn set_pending(session: &Session, pending: Option<Pending>) -> Result<(), Error> {
    match pending {
        Some(pending) => session.insert(PENDING, pending).await,
        None => session.remove::<Pending>(PENDING).await.map(drop),
    }
}

/// Forgets it here and lets the browser forget its cookie.
pub(crate) async fn end(session: &Session) -> Result<(), Error> {
    session.flush().await
}
