use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::{Extensions, HeaderMap};
use tokio::sync::{Semaphore, watch};

use super::cookies::Cookies;
use super::places::Places;
use super::{AccountNames, ClientAddress, Routes, SqrlLayer};
use crate::engine::{Engine, LinkError};
use crate::web::Pages;
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
    places: Arc<Places>,
    /// True once events are to end.
    stop: watch::Sender<bool>,
}

impl Sqrl {
    pub(crate) fn new(engine: Engine, settings: Settings) -> Self {
        let base = format!("{}{}", engine.config.public_url.path(), settings.routes.prefix);
        Self(Arc::new(Inner {
            cookies: Cookies { https: engine.config.public_url.is_https() },
            streams: Arc::new(Semaphore::new(settings.max_event_streams)),
            places: Places::new(settings.max_event_streams_per_address),
            stop: watch::Sender::new(false),
            base,
            engine,
            settings,
        }))
    }

    /// The middleware. Wrap the whole application, or the part of it below the public URL's
    /// path.
    pub fn layer(&self) -> SqrlLayer {
        SqrlLayer::new(self.clone())
    }

    /// The identity of a key as it is now; none if it is unknown, removed or superseded.
    ///
    /// An application asks this where it matters whether an identity that signed in a while
    /// ago has been disabled since.
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
    /// [`LinkError`]; linking once more with the same account is none.
    pub async fn link(&self, idk: &Idk, user: impl Into<UserId>) -> Result<(), LinkError> {
        self.engine().set_user(idk, Some(user.into())).await
    }

    /// Links an identity with an account of the application's unless it has one already, and
    /// says which account it signs in to from now on.
    ///
    /// For an identity that signs up: if it does so twice at the same moment, both get the
    /// account that was first.
    ///
    /// ```
    /// use tower_sqrl::{LinkError, SignIn, Sqrl};
    ///
    /// async fn account_of(sqrl: &Sqrl, login: &SignIn) -> Result<String, LinkError> {
    ///     let account = match login.user() {
    ///         Some(account) => account.clone(),
    ///         None => sqrl.link_if_unlinked(login.idk(), new_user().await).await?,
    ///     };
    ///     Ok(account.to_string())
    /// }
    ///
    /// /// Inserts a row, and gives its id.
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
        idk: &Idk,
        user: impl Into<UserId>,
    ) -> Result<UserId, LinkError> {
        let user = user.into();
        match self.link(idk, user.clone()).await {
            Ok(()) => Ok(user),
            Err(LinkError::Linked(first)) => Ok(first),
            Err(error) => Err(error),
        }
    }

    /// Takes an identity's account away from it. The identity stays known.
    ///
    /// It does not change the epoch and ends no session by itself: compare
    /// [`Identity::user`] with the session's account wherever the session is looked at.
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

    pub(super) fn places(&self) -> &Arc<Places> {
        &self.0.places
    }

    pub(super) fn stopped(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
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
