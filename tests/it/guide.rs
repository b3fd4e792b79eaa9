//! The guide's first example does what it promises. `guide/app.rs` is a copy of its code, and a
//! test compares the two.

#[allow(dead_code, reason = "its `main` serves for ever")]
mod app {
    include!("guide/app.rs");

    include!("guide/sign_out.rs");

    /// The guide's application, with both examples.
    pub(super) fn router(sqrl: &Sqrl) -> Router {
        around(Router::new().route("/signed-in", get(signed_in_or_back)), sqrl)
    }

    /// A shop whose sessions have a basket.
    pub(super) fn with_basket(sqrl: &Sqrl) -> Router {
        async fn basket(session: Session) -> Result<String> {
            Ok(session.get::<String>("basket").await.map_err(unavailable)?.unwrap_or_default())
        }
        async fn fill(session: Session) -> Result<()> {
            Ok(session.insert("basket", "a present").await.map_err(unavailable)?)
        }
        let further = Router::new()
            .route("/basket", get(basket).post(fill))
            .route("/signed-in", get(signed_in));
        around(further, sqrl)
    }

    pub(super) mod link {
        use axum::Router;
        use axum::routing::get;
        use tower_sqrl::axum::{SqrlError, SqrlLogin};

        use super::{current, signed_in_or_back};

        include!("guide/link.rs");

        /// The application with a page that links another identity.
        pub(in super::super) fn router(sqrl: &Sqrl) -> Router {
            let further = Router::new()
                .route("/account/sqrl", get(page))
                .route("/account/sqrl/confirm", get(question).post(decided))
                .route("/signed-in", get(signed_in));
            super::around(further, sqrl)
        }

        async fn page(sqrl: Sqrl, session: Session, parts: Parts) -> Result<Response> {
            match current(&sqrl, &session).await? {
                Some(account) => add_sqrl(&session, &account, &parts).await,
                None => Ok(Redirect::to("/login").into_response()),
            }
        }

        async fn signed_in(
            sqrl: Sqrl,
            session: Session,
            login: Result<SqrlLogin, SqrlError>,
        ) -> Result<Response> {
            match login {
                Ok(login) if login.data().is_some() => {
                    let account = current(&sqrl, &session).await?;
                    answered(&session, account.as_deref(), &login).await
                }
                login => Ok(signed_in_or_back(sqrl, session, login).await?.into_response()),
            }
        }

        async fn question(session: Session) -> Result<Response> {
            ask(&session).await
        }

        async fn decided(
            sqrl: Sqrl,
            session: Session,
            decision: Form<Decision>,
        ) -> Result<Response> {
            let account = current(&sqrl, &session).await?;
            confirm(&sqrl, &session, account.as_deref(), decision).await
        }
    }

    /// Adds more routes to what the example's `app` does.
    fn around(further: Router, sqrl: &Sqrl) -> Router {
        let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
        let routes = Router::new()
            .route("/", get(home))
            .route("/login", get(async |challenge: SqrlChallenge| challenge.page()))
            .merge(further);
        with_sign_out(routes).layer(sqrl.layer()).layer(sessions)
    }
}

mod span {
    include!("guide/span.rs");

    pub(super) fn around(app: axum::Router) -> axum::Router {
        traced(app)
    }
}

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_sqrl::Sqrl;
use tower_sqrl::identities::IdentityStore;
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::protocol::Idk;
use tower_sqrl_client::browser::{Browser, Page, Waiting};
use tower_sqrl_client::wire::{Command, Options};
use tower_sqrl_client::{Client, Http, Identity, SqrlUrl};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;

use crate::common::{Hook, Tap, Verdict, alice, mallory};

#[test]
fn the_guides_code_is_what_is_tried() {
    let guide = include_str!("../../docs/guide/add_to_an_app.md");
    for (copy, attributes) in
        [(include_str!("guide/app.rs"), "no_run"), (include_str!("guide/sign_out.rs"), "ignore")]
    {
        let (_, code) = copy.split_once("\n\n").expect("documentation, then code");
        let block = format!("```rust,{attributes}\n{code}```\n");
        assert!(guide.contains(&block), "copy it into the guide: {block}");
    }
    let (_, span) =
        include_str!("guide/span.rs").split_once("\n\n").expect("documentation, then code");
    assert!(guide.contains(&format!("```rust\n{span}```\n")), "copy it into the guide");
    let (guide, copy) =
        (include_str!("../../docs/guide/own_user_table.md"), include_str!("guide/link.rs"));
    let (_, link) = copy.split_once("\n\n").expect("documentation, then code");
    assert!(guide.contains(&format!("```rust\n{link}```\n")), "copy it into the guide");
}

/// `tests/combinations` compiles them together and signs in.
#[test]
fn the_guides_versions_are_those_that_are_tried() {
    let manifest = include_str!("../combinations/Cargo.toml");
    let (_, rest) = manifest.split_once("# As in docs/guide/versions.md:\n").expect("versions");
    let (versions, _) = rest.split_once("# Until here.\n").expect("their end");
    let guide = include_str!("../../docs/guide/versions.md");
    assert!(guide.contains(&format!("```toml\n{versions}```\n")), "copy them into the guide");
    let first = include_str!("../../docs/guide/add_to_an_app.md");
    for line in versions.lines().filter(|line| line.starts_with("tower-sessions =")) {
        assert!(first.contains(&format!("{line}\n")), "{line}");
        let version = line.split('"').nth(1).expect("a version");
        let ours = format!("tower-sessions = {{ version = \"{version}\"");
        assert!(include_str!("../../Cargo.toml").contains(&ours), "{ours}");
    }
}

/// The guide's application, and a user who has signed in.
struct Guide {
    sqrl: Sqrl,
    tap: Tap,
    site: String,
    browser: Browser,
    client: Client,
    task: JoinHandle<()>,
}

impl Guide {
    async fn signed_in() -> Self {
        Self::signed_in_to(app::router).await
    }

    async fn signed_in_to(app: impl FnOnce(&Sqrl) -> axum::Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let site = format!("http://{}", listener.local_addr().expect("an address"));
        let identities: Arc<dyn IdentityStore> = Arc::new(MemoryIdentityStore::new());
        let tap = Tap::new(Arc::new(MemoryNutStore::new()), identities);
        let (nuts, identities) = tap.stores();
        let sqrl = Sqrl::builder_shared(&site, nuts, identities).build();
        let sqrl = sqrl.expect("a good configuration");
        let app = app(&sqrl).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("a server");
        });
        let (browser, client) = (Browser::default(), Client::new(alice()));
        let guide = Self { sqrl, tap, site, browser, client, task };
        assert!(guide.sign_in().await.body.contains("Hello, "));
        guide
    }

    /// Signs in and returns the last page.
    async fn sign_in(&self) -> Page {
        let url = self.answered().await;
        self.browser.open(&url).await.expect("a page")
    }

    /// Opens the sign-in page. Returns it and its SQRL URL.
    async fn login(&self, browser: &Browser) -> (Page, SqrlUrl) {
        let page = browser.open(&format!("{}/login", self.site)).await.expect("a page");
        let link = page.sqrl_url().expect("a link");
        (page, link)
    }

    /// Signs in with the client and returns the URL that the page goes to.
    async fn answered(&self) -> String {
        let (page, link) = self.login(&self.browser).await;
        self.client.sign_in(&link).await.expect("signed in");
        match self.browser.poll(&page.url, &link).await.expect("an answer") {
            Waiting::GoTo(url) => url.into(),
            other => panic!("{other:?}"),
        }
    }

    async fn is_signed_in(&self) -> bool {
        let home = self.browser.open(&self.site).await.expect("a page");
        assert_eq!(home.status, 200, "{}", home.body);
        home.body.contains("Hello, ")
    }

    /// Sends another command of the owner.
    async fn command(&self, command: Command) {
        let (_, link) = self.login(&Browser::default()).await;
        self.client.run(&link, command).await.expect("done");
    }

    async fn idk(&self) -> Idk {
        let (_, link) = self.login(&Browser::default()).await;
        let key = self.client.identity().site_key(0, link.domain()).expect("a key");
        key.idk().to_string().parse::<Idk>().expect("a key")
    }
}

impl Drop for Guide {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn unlinking_ends_the_session() {
    let guide = Guide::signed_in().await;
    assert!(guide.is_signed_in().await);
    let idk = guide.idk().await;
    guide.sqrl.unlink(&idk).await.expect("unlinked");
    assert!(!guide.is_signed_in().await, "the account has lost this identity");
    guide.sqrl.link(&idk, "another account").await.expect("linked");
    assert!(!guide.is_signed_in().await, "it signs in to another account by now");
}

#[tokio::test]
async fn what_its_owner_does_ends_the_session() {
    for command in [Command::Disable, Command::Remove] {
        let guide = Guide::signed_in().await;
        guide.command(command).await;
        assert!(!guide.is_signed_in().await);
    }
    let guide = Guide::signed_in().await;
    guide.command(Command::Disable).await;
    guide.command(Command::Enable).await;
    assert!(!guide.is_signed_in().await, "it stays ended");
}

#[tokio::test]
async fn a_reload_leads_back_and_a_failing_store_is_told() {
    let guide = Guide::signed_in().await;
    let url = guide.answered().await;
    guide.tap.plan(Hook::GetNut(tower_sqrl::nuts::NutState::Authorized), Verdict::Fail);
    assert_eq!(guide.browser.open(&url).await.expect("a page").status, 503);
    assert!(guide.browser.open(&url).await.expect("a page").body.contains("Hello, "));
    let again = guide.browser.open(&url).await.expect("a page");
    assert_eq!((again.status.as_u16(), again.url.path()), (200, "/login"));
}

#[tokio::test]
async fn forms_of_other_sites_sign_nobody_out() {
    let guide = Guide::signed_in().await;
    let url = format!("{}/sign-out", guide.site).parse().expect("a URL");
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://elsewhere.example"),
        ("origin", "null"),
    ] {
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )]);
        let sent = guide.browser.fetch(Method::POST, &url, headers, Bytes::new()).await;
        assert_eq!(sent.expect("an answer").status(), 403, "{name}: {value}");
        assert!(guide.is_signed_in().await, "{name}: {value}");
    }
    // A SQRL client that is a browser extension has its own origin.
    let (page, link) = guide.login(&guide.browser).await;
    let origin = HeaderValue::from_static("moz-extension://a");
    let extension = Http::builder().header(header::ORIGIN, origin).build();
    guide.client.clone().with_http(extension).sign_in(&link).await.expect("signed in");
    let heard = guide.browser.poll(&page.url, &link).await.expect("an answer");
    assert!(matches!(heard, Waiting::GoTo(_)), "{heard:?}");
    let own = HeaderMap::from_iter([(
        HeaderName::from_static("sec-fetch-site"),
        HeaderValue::from_static("same-origin"),
    )]);
    guide.browser.fetch(Method::POST, &url, own, Bytes::new()).await.expect("an answer");
    assert!(!guide.is_signed_in().await);
}

#[tokio::test]
async fn a_session_keeps_nothing_of_the_user_before() {
    let guide = Guide::signed_in_to(app::with_basket).await;
    let basket = format!("{}/basket", guide.site);
    let url = basket.parse().expect("a URL");
    guide.browser.submit(&url, "/basket", &[]).await.expect("an answer");
    assert_eq!(guide.browser.open(&basket).await.expect("a page").body, "a present");
    assert!(guide.sign_in().await.body.contains("Hello, "));
    assert_eq!(guide.browser.open(&basket).await.expect("a page").body, "");
}

/// The page that links another identity, and the page after a client's answer.
struct Linking<'a>(&'a Guide);

impl Linking<'_> {
    const CONFIRM: &'static str = "/account/sqrl/confirm";

    async fn open(&self) -> Page {
        let url = format!("{}/account/sqrl", self.0.site);
        self.0.browser.open(&url).await.expect("a page")
    }

    async fn answer(&self, page: &Page, client: &Client) -> Page {
        let link = page.sqrl_url().expect("a link");
        client.sign_in(&link).await.expect("signed in");
        let url = format!("{}/signed-in?nut={}", self.0.site, link.nut());
        self.0.browser.open(&url).await.expect("a page")
    }

    async fn decide(&self, link: &str, client: &Client) -> Page {
        let page = format!("{}{}", self.0.site, Self::CONFIRM).parse().expect("a URL");
        let key = self.key(client).await.to_string();
        let fields = [("link", link), ("key", key.as_str())];
        self.0.browser.submit(&page, Self::CONFIRM, &fields).await.expect("an answer")
    }

    async fn key(&self, client: &Client) -> Idk {
        let (_, link) = self.0.login(&Browser::default()).await;
        let key = client.identity().site_key(0, link.domain()).expect("a key");
        key.idk().to_string().parse::<Idk>().expect("a key")
    }

    async fn user(&self, client: &Client) -> Option<String> {
        let identity = self.0.sqrl.identity(&self.key(client).await).await.expect("an answer");
        identity.and_then(|identity| identity.user).map(|user| user.to_string())
    }
}

/// The clients have the browser's address, like an attacker in the same room.
#[tokio::test]
async fn a_further_identity_is_linked_when_it_is_confirmed() {
    let guide = Guide::signed_in_to(app::link::router).await;
    let linking = Linking(&guide);
    let account = linking.user(&guide.client).await;
    let other = Client::new(mallory());

    let asked = linking.answer(&linking.open().await, &other).await;
    assert_eq!(asked.url.path(), Linking::CONFIRM);
    let key = linking.key(&other).await.to_string();
    assert!(asked.body.contains(&format!("begins with {}.", &key[..8])), "{}", asked.body);
    assert_eq!(linking.user(&other).await, None, "nothing is linked yet");
    for (decision, client) in [("no", &other), ("yes", &guide.client)] {
        linking.answer(&linking.open().await, &other).await;
        assert_eq!(linking.decide(decision, client).await.status, 409, "{decision}");
        assert_eq!(linking.decide("yes", &other).await.status, 409, "the question is answered");
        assert_eq!(linking.user(&other).await, None, "{decision}");
    }

    // The identity is disabled and enabled in between. Then the form comes from another site.
    linking.answer(&linking.open().await, &other).await;
    for command in [Command::Disable, Command::Enable] {
        let (_, link) = guide.login(&Browser::default()).await;
        other.run(&link, command).await.expect("done");
    }
    assert_eq!(linking.decide("yes", &other).await.status, 409);
    linking.answer(&linking.open().await, &other).await;
    let url = format!("{}{}", guide.site, Linking::CONFIRM).parse().expect("a URL");
    let forged = HeaderMap::from_iter([
        (HeaderName::from_static("sec-fetch-site"), HeaderValue::from_static("cross-site")),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
    ]);
    let body = Bytes::from(format!("link=yes&key={key}"));
    let sent = guide.browser.fetch(Method::POST, &url, forged, body).await;
    assert_eq!(sent.expect("an answer").status(), 403);
    assert_eq!(linking.user(&other).await, None);

    assert_eq!(linking.decide("yes", &other).await.url.path(), "/");
    assert_eq!(linking.user(&other).await, account);
    assert!(account.is_some() && guide.is_signed_in().await);
    let late = linking.answer(&linking.open().await, &other).await;
    assert_eq!(late.status, 409, "it has an account");
}

#[tokio::test]
async fn two_identities_that_answer_the_guides_pages_cancel_each_other() {
    let guide = Guide::signed_in_to(app::link::router).await;
    let linking = Linking(&guide);
    let (hers, his) = (Client::new(Identity::from_seed([2; 32])), Client::new(mallory()));
    for (first, second) in [(&hers, &his), (&his, &hers)] {
        let tabs = [linking.open().await, linking.open().await, linking.open().await];
        assert_eq!(linking.answer(&tabs[0], first).await.url.path(), Linking::CONFIRM);
        let cancelled = linking.answer(&tabs[1], second).await;
        assert_eq!(cancelled.status, 409);
        assert!(cancelled.body.contains("Two identities answered"), "{}", cancelled.body);
        for client in [first, second] {
            assert_eq!(linking.decide("yes", client).await.status, 409);
            assert_eq!(linking.user(client).await, None);
        }
        let fresh = linking.open().await;
        assert_eq!(linking.answer(&tabs[2], &his).await.status, 409, "of the attempt before");
        assert_eq!(linking.answer(&fresh, &hers).await.url.path(), Linking::CONFIRM);
        assert_eq!(linking.decide("no", &hers).await.status, 409);
    }
}

/// Collects the log of this thread until it is dropped.
struct Log(Arc<Mutex<Vec<u8>>>, #[expect(dead_code, reason = "ends with it")] DefaultGuard);

#[derive(Clone)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, some: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").write(some)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen() -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let writer = Lines(Arc::clone(&log));
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        Self(log, tracing::subscriber::set_default(subscriber))
    }
}

#[tokio::test]
async fn a_log_of_requests_has_no_secrets() {
    let log = Log::listen();
    let guide = Guide::signed_in_to(|sqrl| span::around(app::router(sqrl))).await;
    let (_, link) = guide.login(&Browser::default()).await;
    let options = Options { cps: true, ..Options::default() };
    let client = guide.client.clone().with_options(options);
    let url = client.sign_in(&link).await.expect("signed in").url.expect("a URL");
    let id = url.split_once('?').expect("an id").1.to_owned();
    Browser::default().open(url.as_str()).await.expect("a page");
    let signed_in = guide.answered().await;
    let nut = signed_in.split_once("nut=").expect("a nut").1.to_owned();
    for _ in 0..2 {
        guide.browser.open(&signed_in).await.expect("a page");
    }
    let log = String::from_utf8_lossy(&log.0.lock().expect("nobody panicked")).into_owned();
    for path in ["/signed-in", "/cps.sqrl"] {
        assert!(log.contains(&format!("request{{method=GET path=\"{path}\"}}")), "{log}");
    }
    for line in log.lines().filter(|line| line.contains("request{")) {
        assert!(!line.contains(&id) && !line.contains(&nut), "{line}");
    }
}

/// A thief has the identity that its owner has removed, and not the rescue code.
#[tokio::test]
async fn a_removed_key_does_not_get_the_account_back() {
    let guide = Guide::signed_in_to(app::link::router).await;
    let linking = Linking(&guide);
    let account = linking.user(&guide.client).await.expect("linked");
    let hers = Client::new(Identity::from_seed([2; 32]));
    linking.answer(&linking.open().await, &hers).await;
    assert_eq!(linking.decide("yes", &hers).await.url.path(), "/");
    guide.command(Command::Remove).await;
    assert_eq!(linking.user(&guide.client).await, None, "removed");

    let thief = Browser::default();
    let (page, url) = guide.login(&thief).await;
    guide.client.sign_in(&url).await.expect("signed in");
    let Waiting::GoTo(url) = thief.poll(&page.url, &url).await.expect("an answer") else {
        panic!("not signed in");
    };
    let home = thief.open(url.as_str()).await.expect("a page").body;
    assert!(home.contains("Hello, ") && !home.contains(&account), "{home}");
    assert_eq!(linking.user(&hers).await, Some(account));
}
