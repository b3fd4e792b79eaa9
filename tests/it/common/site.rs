//! A site under test: an axum application on its own port, with its stores and its clock.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::task::JoinHandle;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::nuts::Timestamp;
use tower_sqrl::protocol::base64url;
use tower_sqrl::{ChallengeOptions, Clock, SignIn, Sqrl, SqrlBuilder};
use tower_sqrl_client::browser::Browser;
use tower_sqrl_client::{Http, Identity};

use super::secrets;
use super::tap::Tap;
use super::visit::Visit;

/// A running site. It stops when it is dropped.
pub(crate) struct Site {
    pub(crate) sqrl: Sqrl,
    pub(crate) tap: Tap,
    pub(crate) clock: TestClock,
    /// The URL of its socket: `http://127.0.0.1:…`.
    pub(crate) socket_url: String,
    /// The public URL, with the path of the mount.
    pub(crate) public_url: String,
    options: Options,
    logins: Logins,
    task: JoinHandle<()>,
}

/// The setup of a site.
#[derive(Default)]
pub(crate) struct Setup {
    /// The public origin. Default: the URL of the socket.
    pub(crate) origin: Option<&'static str>,
    /// The path under which the application is nested.
    pub(crate) mount: &'static str,
}

type Options = Arc<Mutex<ChallengeOptions>>;
type Logins = Arc<Mutex<Vec<SignIn>>>;

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(configure: impl FnOnce(SqrlBuilder) -> SqrlBuilder) -> Self {
        Self::with_setup(Setup::default(), configure).await
    }

    /// A site that trusts a proxy on this machine.
    pub(crate) async fn behind_proxy() -> Self {
        Self::with(|builder| builder.trusted_proxy("127.0.0.1")).await
    }

    pub(crate) async fn with_setup(
        setup: Setup,
        configure: impl FnOnce(SqrlBuilder) -> SqrlBuilder,
    ) -> Self {
        let stores = (Arc::new(MemoryNutStore::new()), Arc::new(MemoryIdentityStore::new()));
        Self::on_stores(Tap::new(stores.0, stores.1), TestClock::default(), setup, configure).await
    }

    /// A site with this capacity of the nut store.
    pub(crate) async fn with_nut_capacity(
        nuts: usize,
        configure: impl FnOnce(SqrlBuilder) -> SqrlBuilder,
    ) -> Self {
        let nuts = Arc::new(MemoryNutStore::with_capacity(nuts));
        let tap = Tap::new(nuts, Arc::new(MemoryIdentityStore::new()));
        Self::on_stores(tap, TestClock::default(), Setup::default(), configure).await
    }

    /// A site whose nut store announces no outcomes.
    pub(crate) async fn without_announcements() -> Self {
        let site = Self::new().await;
        let (tap, clock) = (site.tap.silent(), site.clock.clone());
        Self::on_stores(tap, clock, Setup::default(), |builder| builder).await
    }

    /// Two servers of one site that share their stores. The tap of the first server does not record
    /// the calls of the second.
    pub(crate) async fn pair(configure: fn(SqrlBuilder) -> SqrlBuilder) -> (Self, Self) {
        let setup = || Setup { origin: Some("http://site.test"), mount: "" };
        let stores = (Arc::new(MemoryNutStore::new()), Arc::new(MemoryIdentityStore::new()));
        let (tap, clock) = (Tap::new(stores.0, stores.1), TestClock::default());
        let other = Self::on_stores(tap.with_new_tap(), clock.clone(), setup(), configure).await;
        (Self::on_stores(tap, clock, setup(), configure).await, other)
    }

    /// A site on stores that another site may share.
    pub(crate) async fn on_stores(
        tap: Tap,
        clock: TestClock,
        setup: Setup,
        configure: impl FnOnce(SqrlBuilder) -> SqrlBuilder,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let socket_url = format!("http://{}", listener.local_addr().expect("an address"));
        Self::served(tap, clock, &setup, socket_url, configure, |app| {
            let app = app.into_make_service_with_connect_info::<SocketAddr>();
            tokio::spawn(async { axum::serve(listener, app).await.expect("a server") })
        })
    }

    /// A site on a Unix socket behind the proxy with this URL.
    pub(crate) fn on_unix_socket(
        socket: UnixListener,
        proxy: String,
        configure: impl FnOnce(SqrlBuilder) -> SqrlBuilder,
    ) -> Self {
        let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
        let tap = Tap::new(Arc::new(nuts), Arc::new(identities));
        Self::served(tap, TestClock::default(), &Setup::default(), proxy, configure, |app| {
            tokio::spawn(async { axum::serve(socket, app).await.expect("a server") })
        })
    }

    fn served(
        tap: Tap,
        clock: TestClock,
        setup: &Setup,
        socket_url: String,
        configure: impl FnOnce(SqrlBuilder) -> SqrlBuilder,
        serve: impl FnOnce(Router) -> JoinHandle<()>,
    ) -> Self {
        secrets::record_log();
        let public_url = format!("{}{}", setup.origin.unwrap_or(&socket_url), setup.mount);
        let (nuts, identities) = tap.stores();
        let builder = Sqrl::builder_shared(&public_url, nuts, identities).clock(clock.clock());
        let sqrl = configure(builder).build().expect("a good configuration");
        let (options, logins) = (Options::default(), Logins::default());
        let task = serve(nest(setup.mount, app(&sqrl, &options, &logins)));
        Self { sqrl, tap, clock, socket_url, public_url, options, logins, task }
    }

    /// The connections of a browser or client at 127.0.0.1.
    pub(crate) fn http(&self) -> Http {
        Http::builder().route(self.origin(), &self.socket_url).build()
    }

    /// The connections of a browser or client that, according to the proxy, is at another address.
    pub(crate) fn http_from(&self, address: &str) -> Http {
        let header =
            ("x-forwarded-for".parse().expect("a name"), address.parse().expect("a value"));
        Http::builder().route(self.origin(), &self.socket_url).header(header.0, header.1).build()
    }

    /// The connections of a browser or client at another address of this machine.
    pub(crate) fn http_at(&self, address: &str) -> Http {
        let address = address.parse().expect("an address");
        Http::builder().route(self.origin(), &self.socket_url).local_address(address).build()
    }

    /// Sends raw bytes and reads until the connection ends.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.expect("a connection");
        let mut answer = Vec::new();
        // The connection may be reset if the server did not read everything.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).expect("text")
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.socket_url["http://".len()..]).await.expect("a connection")
    }

    /// The public origin.
    pub(crate) fn origin(&self) -> &str {
        let path_at = self.public_url[8..].find('/').map_or(self.public_url.len(), |at| at + 8);
        &self.public_url[..path_at]
    }

    /// A new browser opens the sign-in page.
    pub(crate) async fn visit(&self) -> Visit {
        self.visit_in(&Browser::new(self.http())).await
    }

    /// A browser opens the sign-in page.
    pub(crate) async fn visit_in(&self, browser: &Browser) -> Visit {
        Visit::open(browser, &format!("{}/login", self.public_url), self.http()).await
    }

    /// A new browser opens a page whose SQRL URL has these options.
    pub(crate) async fn visit_with_options(&self, options: ChallengeOptions) -> Visit {
        *self.options.lock().expect("options") = options;
        let browser = Browser::new(self.http());
        Visit::open(&browser, &format!("{}/confirm", self.public_url), self.http()).await
    }

    /// A new browser opens an application page with the fragment of the built-in page.
    pub(crate) async fn visit_custom_page(&self) -> Visit {
        let browser = Browser::new(self.http());
        Visit::open(&browser, &format!("{}/own", self.public_url), self.http()).await
    }

    /// Returns the sign-ins that the application has received.
    pub(crate) fn logins(&self) -> Vec<SignIn> {
        self.logins.lock().expect("logins").clone()
    }

    /// Signs the identity up.
    pub(crate) async fn sign_up(&self, identity: &Identity) {
        let visit = self.visit().await;
        assert_eq!(visit.chain(identity).ident().await, "5", "signing up");
    }

    /// Signs the identity up and disables it.
    pub(crate) async fn sign_up_disabled(&self, identity: &Identity) {
        self.sign_up(identity).await;
        assert_eq!(self.visit().await.chain(identity).disable().await, "d", "disabling");
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
        // A failing test already has a message.
        if !std::thread::panicking() {
            secrets::assert_none_logged();
        }
    }
}

fn nest(mount: &str, app: Router) -> Router {
    if mount.is_empty() { app } else { Router::new().nest_service(mount, app) }
}

fn app(sqrl: &Sqrl, options: &Options, logins: &Logins) -> Router {
    Router::new()
        .route("/", get(async || "home"))
        .route("/login", get(async |challenge: SqrlChallenge| challenge.page()))
        .route("/confirm", get(confirm))
        .route("/own", get(own))
        .route("/signed-in", get(signed_in))
        .with_state((Arc::clone(options), Arc::clone(logins)))
        .layer(sqrl.layer())
}

async fn confirm(State((options, _)): State<(Options, Logins)>, parts: Parts) -> Response {
    let options = options.lock().expect("options").clone();
    SqrlChallenge::with_options(&parts, options).await.expect("a challenge").page()
}

/// An application page with the fragment of the built-in page.
async fn own(challenge: SqrlChallenge) -> impl IntoResponse {
    let html = format!("<!doctype html><title>Own</title>{}", challenge.fragment());
    (challenge, Html(html))
}

/// Everything that the application receives, one value per line.
async fn signed_in(State((_, logins)): State<(Options, Logins)>, login: SqrlLogin) -> String {
    logins.lock().expect("logins").push(SignIn::clone(&login));
    let mut text = format!("idk={}\n", login.idk());
    if let Some(user) = login.user() {
        text += &format!("user={user}\n");
    }
    text += &format!("sqrlonly={}\nhardlock={}\n", login.sqrlonly(), login.hardlock());
    text += &format!("same_address={}\n", login.same_address());
    text += &format!("answer={:?}\n", login.answer());
    if let Some(button) = login.button() {
        text += &format!("button={}\n", button.digit());
    }
    if let Some(data) = login.data() {
        text += &format!("data={}\n", base64url::encode(data));
    }
    for (name, secret) in [("ins", login.ins()), ("pins", login.pins())] {
        if let Some(secret) = secret {
            text += &format!("{name}={}\n", base64url::encode(secret.expose()));
        }
    }
    text
}

/// A wall clock that a test can advance.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestClock {
    ahead: Arc<AtomicU64>,
}

impl TestClock {
    /// Advances the clock of the engine. The stores have their own clocks.
    pub(crate) fn advance(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).expect("a short time");
        self.ahead.fetch_add(millis, Ordering::Relaxed);
    }

    pub(crate) fn advance_seconds(&self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    fn clock(&self) -> Clock {
        let ahead = Arc::clone(&self.ahead);
        Clock::from_fn(move || {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
            let now = u64::try_from(now.as_millis()).expect("before the year 500 million");
            Timestamp::from_millis(now + ahead.load(Ordering::Relaxed))
        })
    }
}
