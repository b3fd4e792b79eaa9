//! The page and the SQRL app on one device: client provided session (CPS).

use std::time::Instant;

use tokio::sync::{Mutex, MutexGuard};
use tower_sqrl_client::cps::{Event, Listener, Server};
use tower_sqrl_client::{Client, SqrlUrl};

use crate::chromium::{Chromium, PATIENCE, PAUSE};
use crate::front::Front;
use crate::process::Demo;
use crate::{new_app, new_cps_app};

/// Returns the URL of the page's first request to `pag.sqrl`.
const FIRST_LOOK: &str = "return new Promise((done) => {
    const seen = (list) => {
        const looks = list.getEntries().filter(({ name }) => name.includes('/pag.sqrl?'));
        if (looks.length) done(looks[0].name);
    };
    new PerformanceObserver(seen).observe({ type: 'resource', buffered: true });
});";

/// Adds the header to every response, in place of the layer's.
const REQUIRE_CORP: &str = "server {
    listen 127.0.0.1:{{port}};
    location / {
        proxy_pass http://{{demo}};
        proxy_http_version 1.1;
        proxy_buffering off;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_hide_header Cross-Origin-Embedder-Policy;
        add_header Cross-Origin-Embedder-Policy require-corp always;
    }
}
";

/// The app's fixed port, for one test at a time.
static PORT: Mutex<()> = Mutex::const_new(());

/// Starts an app that listens and requests a CPS URL.
pub(crate) async fn app_that_listens(app: Client) -> (Server, MutexGuard<'static, ()>) {
    let (listener, turn) = listener().await;
    (listener.sign_in_with(app), turn)
}

/// Listens at the app's port once it is free. Another process may use it.
pub(crate) async fn listener() -> (Listener, MutexGuard<'static, ()>) {
    let turn = PORT.lock().await;
    (bound().await, turn)
}

/// Listens for a test that holds the port's lock.
pub(crate) async fn bound() -> Listener {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Listener::bind().await {
            Ok(listener) => return listener,
            Err(error) => assert!(Instant::now() < deadline, "the app's port: {error}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[tokio::test]
async fn the_page_jumps_to_the_app_and_arrives_signed_in() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    let scanned = browser.scan().await;
    let sqrl_url = browser.button_url().await;
    assert_eq!(sqrl_url, scanned.with_can(&demo.url("/login")).expect("an address"));

    let (mut app, _turn) = app_that_listens(new_app()).await;
    browser.click("[data-sqrl=\"button\"]").await;
    browser.arrives_at_account(&demo).await;
    assert_eq!(browser.run("return document.referrer").await, "", "no address of the app's");
    assert_eq!(app.next().await, Some(Event::Probed), "a picture, and only then the jump");
    assert_eq!(app.next().await, Some(Event::Started(sqrl_url)));
    let Some(Event::SignedIn(url)) = app.next().await else { panic!("no sign-in") };
    assert_eq!(browser.complaints().await, [""; 0]);

    // The CPS URL works once, in this browser, too.
    browser.open(&url).await;
    assert_eq!(browser.text("h1").await, "This URL no longer works");
    browser.close().await;
}

/// The app starts a sign-in for a tab, not for an image with the same URL.
#[tokio::test]
async fn an_image_on_a_page_starts_no_sign_in() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    let sqrl_url = browser.button_url().await;
    let (mut app, _turn) = app_that_listens(new_app()).await;
    browser.run(&format!("new Image().src = '{}';", app.url_for(&sqrl_url))).await;
    let told = tokio::time::timeout(PATIENCE, app.next()).await.expect("a request");
    assert_eq!(told, Some(Event::NotNavigation(sqrl_url)));
    browser.close().await;
}

/// Under `require-corp` the browser blocks the app's picture.
#[tokio::test]
async fn a_page_under_require_corp_jumps_to_the_app_as_well() {
    let front = Front::start(REQUIRE_CORP, "http://127.0.0.1");
    let browser = Chromium::start().await;
    browser.open(&front.demo.url("/login")).await;
    browser.state("waiting").await;
    assert_eq!(browser.run("return crossOriginIsolated").await, true);
    let (mut app, _turn) = app_that_listens(front.new_app()).await;
    browser.click("[data-sqrl=\"button\"]").await;
    browser.arrives_at_account(&front.demo).await;
    assert_eq!(app.next().await, Some(Event::Probed), "a picture, and only then the jump");
    browser.close().await;
}

/// Some clients request no CPS URL if their identity is new to the site, and send the browser back as if
/// the user had cancelled.
#[tokio::test]
async fn a_browser_that_returns_from_the_app_is_signed_in() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.mark().await;
    // Blocks every way by which this page could learn of the sign-in before the browser returns.
    browser.block("*/evt.sqrl*").await;
    browser.run("window.fetch = () => new Promise(() => {});").await;

    let (listener, _turn) = listener().await;
    let app = new_app();
    let _app = listener.serve(move |sqrl_url| {
        let app = app.clone();
        async move { app.sign_in(&sqrl_url).await }
    });
    browser.click("[data-sqrl=\"button\"]").await;
    browser.arrives_at_account(&demo).await;
    assert!(!browser.is_marked().await);

    // That sign-in is over: the next page waits for a new one.
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.close().await;
}

#[tokio::test]
async fn a_stale_sign_in_or_one_of_another_page_is_ignored() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.run("window.fetch = () => new Promise(() => {});").await;
    browser.block("*/evt.sqrl*").await;
    let sqrl_url = browser.button_url().await;
    new_app().sign_in(&sqrl_url).await.expect("a sign-in that nobody has collected");

    let (here, elsewhere) = (demo.url("/login"), demo.url("/login?for=payment"));
    for (page, minutes, looked) in [(&here, 6, 0), (&elsewhere, 0, 0), (&here, 0, 1)] {
        browser
            .run(&format!(
                "sessionStorage.setItem('sqrl-left', JSON.stringify(
                     {{ nut: '{}', page: '{page}', at: Date.now() - {minutes} * 60000 }}));",
                sqrl_url.nut(),
            ))
            .await;
        browser.open(&here).await;
        if looked == 1 {
            browser.arrives_at_account(&demo).await;
            continue;
        }
        // The page looks at the wait that it left before it looks at its own.
        let asked = browser.run(FIRST_LOOK).await;
        let asked = asked.as_str().expect("an address");
        let own = browser.button_url().await;
        assert_eq!(asked, looks(&demo, &own), "{page}, {minutes} minutes ago");
        let kept = browser.run("return sessionStorage.getItem('sqrl-left')").await;
        assert!(kept.is_null(), "for one page alone");
    }
    browser.close().await;
}

fn looks(demo: &Demo, sqrl_url: &SqrlUrl) -> String {
    demo.url(&format!("/pag.sqrl?nut={}", sqrl_url.nut()))
}

#[tokio::test]
async fn the_page_that_stays_open_shows_where_to_continue() {
    let demo = Demo::in_memory(&[]);
    let mut browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.mark().await;
    browser.listens().await;
    // The SQRL URL has started the app, which opens a new tab at the end.
    let signed_in = new_cps_app().sign_in(&browser.button_url().await).await;
    let url = signed_in.expect("a sign-in").url.expect("an address");
    let told = "Continue in the window that your SQRL app opened. You can close this page.";
    assert_eq!(browser.state("taken-over").await, told);
    assert!(!browser.shows("[data-sqrl=\"button\"]").await && !browser.shows(".sqrl-code").await);

    browser.open_in_new_tab(&url).await;
    browser.arrives_at_account(&demo).await;
    browser.go_to_tab(0).await;
    assert_eq!(browser.url().await, demo.url("/login"));
    assert!(browser.is_marked().await, "it went nowhere in between");
    assert_eq!(browser.state("taken-over").await, told);
    browser.close().await;
}
