//! The page and the SQRL app on one device: client provided session (CPS).

use std::time::Instant;

use tokio::sync::{Mutex, MutexGuard};
use tower_sqrl_client::Client;
use tower_sqrl_client::cps::{Event, Listener, Server};

use crate::chromium::{Chromium, PATIENCE, PAUSE};
use crate::process::Demo;
use crate::{somebody, somebody_here};

/// The one port that browsers know, for one test at a time.
static PORT: Mutex<()> = Mutex::const_new(());

/// Starts an app that listens, once the port is free: another process may have it for a while.
pub(crate) async fn app_that_listens(app: Client) -> (Server, MutexGuard<'static, ()>) {
    let turn = PORT.lock().await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Listener::bind().await {
            Ok(listener) => return (listener.sign_in_with(app), turn),
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
    let link = browser.button_link().await;
    assert_eq!(link, scanned.with_can(&demo.url("/login")).expect("an address"));

    let (mut app, _turn) = app_that_listens(somebody()).await;
    browser.click("[data-sqrl=\"button\"]").await;
    browser.arrives_at_account(&demo).await;
    assert_eq!(browser.run("return document.referrer").await, "", "no address of the app's");
    assert_eq!(app.next().await, Some(Event::Probed), "a picture, and only then the jump");
    assert_eq!(app.next().await, Some(Event::Began(link)));
    let Some(Event::SignedIn(url)) = app.next().await else { panic!("no sign-in") };
    assert_eq!(browser.complaints().await, [""; 0]);

    // The address that led here is worth nothing any more, in this browser either.
    browser.open(&url).await;
    assert_eq!(browser.text("h1").await, "This link no longer works");
    browser.close().await;
}

#[tokio::test]
async fn the_page_that_is_still_open_is_told() {
    let demo = Demo::in_memory(&[]);
    let mut browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.mark().await;
    browser.listens().await;
    // The app was woken by the link, and opens a tab of its own at the end.
    let signed_in = somebody_here().sign_in(&browser.button_link().await).await;
    let url = signed_in.expect("a sign-in").url.expect("an address");
    let told = "The sign-in continues in the browser window that your SQRL app opened. You can \
                close this page.";
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
