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
use tower_sqrl::identities::Epoch;
use tower_sqrl::protocol::Idk;

pub(crate) use postgres::PostgresSessions;

const KEY: &str = "signed-in";
const LINKING: &str = "linking";

/// Seconds for which the user can confirm an identity.
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

/// An attempt to link another identity with the account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Linking {
    /// A random id, which the SQRL URLs of this attempt carry.
    pub(crate) id: String,
    /// The first identity that answered.
    pub(crate) answer: Option<Answered>,
}

impl Linking {
    pub(crate) fn new() -> Self {
        Self { id: format!("{:032x}", rand::random::<u128>()), answer: None }
    }
}

/// An identity that is linked with the account once the user has confirmed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answered {
    after: SignedIn,
    /// Seconds since 1970.
    since: u64,
}

impl Answered {
    pub(crate) fn now(after: SignedIn) -> Self {
        Self { after, since: seconds() }
    }

    /// The identity key that answered.
    pub(crate) fn idk(&self) -> Idk {
        self.after.idk()
    }

    /// The session after the link, until the question expires.
    pub(crate) fn after(self) -> Option<SignedIn> {
        (seconds().saturating_sub(self.since) < ASKING_TIME).then_some(self.after)
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

/// The attempt to link an identity that is under way.
pub(crate) async fn linking(session: &Session) -> Result<Option<Linking>, Error> {
    session.get(LINKING).await
}

/// Begins or continues an attempt.
pub(crate) async fn set_linking(session: &Session, linking: Linking) -> Result<(), Error> {
    session.insert(LINKING, linking).await
}

/// Ends the attempt and returns it. No SQRL URL of it links anything from then on.
pub(crate) async fn end_linking(session: &Session) -> Result<Option<Linking>, Error> {
    session.remove(LINKING).await
}

/// Forgets it here and lets the browser forget its cookie.
pub(crate) async fn end(session: &Session) -> Result<(), Error> {
    session.flush().await
}
