use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts;
use http::{Extensions, HeaderMap};
use tokio::sync::{Semaphore, watch};

use super::cookies::Cookies;
use super::stream_slots::StreamSlots;
use super::{AccountNames, ClientAddress, Routes};
use crate::engine::{Claim, ClaimStatus, Engine, LinkError, SignIn};
use crate::web::{Look, Pages};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{Identity, UserId};
use tower_sqrl_core::protocol::Idk;

/// SQRL sign-in for one site: made once by [`Sqrl::builder`], cloned freely.
///
/// ```
/// use tower_sqrl::memory::MemoryIdentityStore;
/// use tower_sqrl::protocol::Idk;
/// use tower_sqrl::memory::MemoryNutStore;
/// use tower_sqrl::{LinkError, Sqrl};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
/// let sqrl = Sqrl::builder("https://example.com", nuts, identities).build()?;
/// let layer = sqrl.layer(); // around the application
///
/// let nobody = Idk::from_bytes([1; 32]);
/// assert!(sqrl.identity(&nobody).await?.is_none());
/// assert!(matches!(sqrl.link(&nobody, "ada").await, Err(LinkError::NotLive)));
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Sqrl(Arc<Inner>);

/// Everything that the service is told once.
pub(crate) struct Settings {
    pub(crate) routes: Routes,
    pub(crate) address: ClientAddress,
    pub(crate) pages: Pages,
    /// What people know accounts by; without it the user id is shown.
    pub(crate) account_names: Option<AccountNames>,
    /// Octets of a client's request that are read at most.
    pub(crate) body_limit: usize,
    /// Streams of events that this process holds open at most.
    pub(crate) max_event_streams: usize,
    /// Of these, one address has at most so many.
    pub(crate) max_event_streams_per_address: usize,
}

struct Inner {
    engine: Engine,
    settings: Settings,
    cookies: Cookies,
    /// Mount and prefix, before every endpoint.
    base: String,
    /// What is left of this process's event streams.
    streams: Arc<Semaphore>,
    /// What each address has of them.
    stream_slots: Arc<StreamSlots>,
    /// True once events are to end.
    stop: watch::Sender<bool>,
}

impl Sqrl {
    pub(crate) fn new(engine: Engine, settings: Settings) -> Self {
        let base = format!("{}{}", engine.config.public_url.path(), settings.routes.prefix);
        Self(Arc::new(Inner {
            cookies: Cookies { https: engine.config.public_url.is_https() },
            streams: Arc::new(Semaphore::new(settings.max_event_streams)),
            stream_slots: StreamSlots::new(settings.max_event_streams_per_address),
            stop: watch::Sender::new(false),
            base,
            engine,
            settings,
        }))
    }

    /// The identity of a key as it is now; none if it is unknown, removed or superseded.
    ///
    /// To check a session, call [`check`](Self::check) instead.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn identity(&self, idk: &Idk) -> Result<Option<Identity>, StoreError> {
        self.engine().identity(idk).await
    }

    /// Links an identity with an account of the application's: from now on it signs in to it.
    ///
    /// # Errors
    ///
    /// [`LinkError`]. Linking again with the same account is not an error.
    pub async fn link(&self, idk: &Idk, user: impl Into<UserId>) -> Result<(), LinkError> {
        self.engine().set_user(idk, Some(user.into())).await
    }

    /// Links the identity that has just signed in with an account, unless it has one, and returns the
    /// claim for the session. [`Claim::user`] is the account that it signs in to from now on.
    ///
    /// For an identity that signs up. If it does so twice at the same moment, both get the account
    /// that was linked first.
    ///
    /// `user` must be new, such as the id of a new row. Never derive it from the key: a key that its owner
    /// removed, and that a thief still has, would otherwise lead back to the old account.
    ///
    /// ```
    /// use tower_sqrl::{Claim, LinkError, SignIn, Sqrl};
    ///
    /// async fn claim_of(sqrl: &Sqrl, login: &SignIn) -> Result<Claim, LinkError> {
    ///     match login.user() {
    ///         Some(_) => Ok(login.claim()),
    ///         None => sqrl.link_if_unlinked(login, new_user().await).await,
    ///     }
    /// }
    ///
    /// /// Inserts a row, and returns its id.
    /// async fn new_user() -> String {
    ///     // …
    /// #   "4711".to_owned()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`LinkError`], but never [`LinkError::Linked`].
    pub async fn link_if_unlinked(
        &self,
        login: &SignIn,
        user: impl Into<UserId>,
    ) -> Result<Claim, LinkError> {
        if login.user().is_some() {
            return Ok(login.claim());
        }
        let user = user.into();
        let user = match self.link(login.idk(), user.clone()).await {
            Ok(()) => user,
            Err(LinkError::Linked(first)) => first,
            Err(error) => return Err(error),
        };
        Ok(login.claim().with_user(user))
    }

    /// Checks whether a session's claim still holds: whether the identity is live, enabled, and linked
    /// with the same account as when it signed in.
    ///
    /// Call it when a request arrives with the session, and end the session unless the answer is
    /// [`ClaimStatus::Current`]. One look-up in the identity store.
    ///
    /// ```
    /// # use tower_sqrl::{Claim, Sqrl, StoreError};
    /// async fn user_of(sqrl: &Sqrl, claim: &Claim) -> Result<Option<String>, StoreError> {
    ///     let is_current = sqrl.check(claim).await?.is_current();
    ///     Ok(claim.user().filter(|_| is_current).map(ToString::to_string))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the identity store fails: respond with 503, and keep the session.
    pub async fn check(&self, claim: &Claim) -> Result<ClaimStatus, StoreError> {
        self.engine().check(claim).await
    }

    /// Takes an identity's account away from it. The identity stays known.
    ///
    /// A claim made before is no longer current: [`check`](Self::check) returns
    /// [`ClaimStatus::OtherAccount`]. It is current again if the identity is linked with the same account
    /// again.
    ///
    /// # Errors
    ///
    /// [`LinkError`], but never [`LinkError::Linked`].
    pub async fn unlink(&self, idk: &Idk) -> Result<(), LinkError> {
        self.engine().set_user(idk, None).await
    }

    /// Ends all streams of events and lets none begin: call it when the server is told to
    /// stop, so that it need not wait for pages that wait.
    pub fn end_events(&self) {
        self.0.stop.send_replace(true);
    }

    /// How often a store has failed this process since the start.
    pub fn store_failures(&self) -> u64 {
        self.engine().store_failures()
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(super) fn cookies(&self) -> Cookies {
        self.0.cookies
    }

    pub(super) fn base(&self) -> &str {
        &self.0.base
    }

    pub(super) fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }

    pub(super) fn stream_slots(&self) -> &Arc<StreamSlots> {
        &self.0.stream_slots
    }

    pub(super) fn stopped(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
    }

    /// Returns how the pages for a request look: their language, which the application or the
    /// browser has chosen, and their nonce.
    #[cfg(feature = "web")]
    pub(super) fn look(&self, parts: &Parts) -> Look {
        let accepted = parts.headers.get_all(http::header::ACCEPT_LANGUAGE).into_iter();
        let accepted = accepted.filter_map(|value| value.to_str().ok());
        self.settings().pages.look(parts.extensions.get(), accepted, parts.extensions.get())
    }

    #[cfg(not(feature = "web"))]
    #[allow(clippy::unused_self, reason = "the feature's other half")]
    pub(super) fn look(&self, _: &Parts) -> Look {
        Look
    }

    pub(super) fn client_address(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Option<IpAddr> {
        self.settings().address.of(headers, extensions)
    }

    /// The application's route that gets the sign-in, from the root.
    pub(super) fn signed_in_path(&self) -> String {
        format!("{}{}", self.engine().config.public_url.path(), self.settings().routes.signed_in)
    }
}

impl fmt::Debug for Sqrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqrl")
            .field("public_url", &self.engine().config.public_url.to_string())
            .field("nuts", &self.engine().nuts)
            .field("identities", &self.engine().identities)
            .finish_non_exhaustive()
    }
}
