use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, HeaderMap, Response, StatusCode};
use tokio::sync::{Semaphore, watch};

use super::cookies::{Cookies, WaitCookie};
use super::other_site::is_from_within_another_site;
use super::pages::{Pages, SignInView};
use super::places::Places;
use super::respond;
use super::{ClientAddress, Routes, SqrlLayer};
use crate::engine::{Engine, IssuedLink, LinkError, LinkOptions, NoLink};
use crate::identity::{Identity, UserId};
use crate::protocol::{Idk, Nut};
use crate::store::StoreError;

/// SQRL sign-in for one site: made once by [`Sqrl::builder`], cloned freely.
///
/// ```
/// use tower_sqrl::identity::MemoryIdentityStore;
/// use tower_sqrl::protocol::Idk;
/// use tower_sqrl::store::MemoryNutStore;
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

pub(crate) struct Settings {
    pub(crate) routes: Routes,
    pub(crate) address: ClientAddress,
    pub(crate) pages: Box<dyn Pages>,
    /// Octets of a client's request that are read at most.
    pub(crate) body_limit: usize,
    /// Streams of events that this process holds open at most.
    pub(crate) max_event_streams: usize,
    /// Of these, one address at most.
    pub(crate) max_event_streams_per_address: usize,
}

struct Inner {
    engine: Engine,
    settings: Settings,
    cookies: Cookies,
    /// Mount and prefix, before every endpoint.
    base: String,
    streams: Arc<Semaphore>,
    places: Arc<Places>,
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

    /// A link for the browser that sent this request, in a page of the application's own.
    ///
    /// Axum handlers take a [`SqrlChallenge`](crate::axum::SqrlChallenge) instead. Call it for
    /// GET: a HEAD needs no link.
    ///
    /// # Errors
    ///
    /// [`ChallengeError`].
    pub async fn challenge(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        options: LinkOptions,
    ) -> Result<Challenge, ChallengeError> {
        let ip = self.client_address(headers, extensions).ok_or(ChallengeError::NoClientAddress)?;
        if is_from_within_another_site(headers) {
            return Err(ChallengeError::OtherSite);
        }
        let lifetimes = self.engine().config.lifetimes;
        let cookie = WaitCookie::fresh(self.engine().config.clock.now(), lifetimes.chain);
        let link = self.engine().issue(ip, cookie.wait(), options).await?;
        let cookies = self.cookies().set_wait(headers, &link.nut, &cookie, lifetimes.chain);
        Ok(Challenge { sqrl: self.clone(), link, cookies })
    }

    /// What HEAD is answered with: like a challenge's page, but nothing is stored, and no
    /// cookie is set, for what shows nobody anything.
    #[cfg(feature = "axum")]
    pub(crate) fn challenge_for_head(&self) -> Challenge {
        let link = self.engine().dead_link();
        Challenge { sqrl: self.clone(), link, cookies: Vec::new() }
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
    ) -> Option<std::net::IpAddr> {
        self.settings().address.of(headers, extensions)
    }

    /// A page of the application's, from the root.
    pub(super) fn application_path(&self, path: &str) -> String {
        format!("{}{path}", self.engine().config.public_url.path())
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

/// A link for one browser, and the cookie without which nobody collects its sign-in.
#[derive(Debug)]
#[must_use = "the browser needs the challenge's cookie: send `page()` or what `attach_to()` returns"]
pub struct Challenge {
    sqrl: Sqrl,
    link: IssuedLink,
    cookies: Vec<http::HeaderValue>,
}

impl Challenge {
    /// The link for the button: `sqrl://…`.
    pub fn href(&self) -> &str {
        &self.link.text
    }

    /// The link's nut: public, like the link.
    pub fn nut(&self) -> &Nut {
        &self.link.nut
    }

    /// Where the QR code is, from the root: SVG.
    pub fn qr_path(&self) -> String {
        format!("{}/svg.sqrl?nut={}", self.sqrl.base(), self.link.nut)
    }

    /// Where the script of the ready page is, from the root, with its version: caches keep it for
    /// ever.
    pub fn script_path(&self) -> String {
        let version = self.sqrl.settings().pages.asset("sqrl.js").map(|script| script.version);
        let query = version.map(|version| format!("?v={version}")).unwrap_or_default();
        format!("{}/sqrl.js{query}", self.sqrl.base())
    }

    /// What the layer's paths stand below, from the root: the public URL's path and the builder's
    /// `prefix`; empty for neither.
    pub fn base(&self) -> &str {
        self.sqrl.base()
    }

    /// How long the link can be answered.
    pub fn lifetime(&self) -> Duration {
        self.sqrl.engine().config.lifetimes.link
    }

    /// The part of the ready page that signs in, as HTML, for a page of the application's own:
    /// button, status, QR code. That page loads the script at [`script_path`](Self::script_path),
    /// and is sent with [`attach_to`](Self::attach_to).
    pub fn fragment(&self) -> String {
        self.view(|pages, view| pages.sign_in_fragment(view))
    }

    /// The ready sign-in page.
    pub fn page(self) -> Response<String> {
        let page = self.view(|pages, view| pages.sign_in(view));
        let mut response = Response::new(page.html);
        let html = http::HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(http::header::CONTENT_TYPE, html);
        respond::set_page_headers(response.headers_mut(), &page.csp);
        self.attach_to(response)
    }

    fn view<T>(&self, show: impl FnOnce(&dyn Pages, &SignInView<'_>) -> T) -> T {
        let view = SignInView {
            link: self.href(),
            nut: &self.link.nut.to_string(),
            base: self.sqrl.base(),
            expires_in: self.lifetime().as_secs(),
        };
        show(&*self.sqrl.settings().pages, &view)
    }

    /// Gives a response of the application's own the cookie, and keeps it out of caches.
    pub fn attach_to<B>(self, mut response: Response<B>) -> Response<B> {
        let headers = response.headers_mut();
        headers.insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
        for cookie in self.cookies {
            headers.append(http::header::SET_COOKIE, cookie);
        }
        response
    }
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// Nothing says where the request comes from.
    #[error(
        "the client's address is unknown: serve with \
         `into_make_service_with_connect_info::<SocketAddr>()`, or put a `PeerAddress` into every \
         request's extensions"
    )]
    NoClientAddress,
    /// The address has asked for more links than it gets in a minute:
    /// [`SqrlBuilder::links_per_minute`](crate::SqrlBuilder::links_per_minute).
    #[error("too many attempts to sign in from this address: try again in a minute")]
    TooManyLinks,
    /// A page of another site asks, from within a visitor's browser: not for its visitors.
    #[error("this page is not for frames and pictures of other sites")]
    OtherSite,
    /// The nut could not be stored.
    #[error("signing in does not work at the moment")]
    Store(#[from] StoreError),
}

impl ChallengeError {
    /// What tells a browser so: 500 for a mistake in the set-up, 429, 403, or 503 when a store
    /// is out of reach.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoClientAddress => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TooManyLinks => StatusCode::TOO_MANY_REQUESTS,
            Self::OtherSite => StatusCode::FORBIDDEN,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<NoLink> for ChallengeError {
    fn from(why: NoLink) -> Self {
        match why {
            NoLink::TooMany => Self::TooManyLinks,
            NoLink::Store(error) => Self::Store(error),
        }
    }
}
