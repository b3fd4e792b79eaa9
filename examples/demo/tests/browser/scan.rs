//! Another device scans the code that the page shows.

use crate::chromium::Chromium;
use crate::new_app;
use crate::process::Demo;
use crate::traffic::{answers, asks};

/// Stops every timer of the page.
const STOP_TIMERS: &str = "
    for (let last = setTimeout(() => {}); last > 0; last -= 1) clearTimeout(last);
    window.setTimeout = () => 0;
";

#[tokio::test]
async fn events_sign_the_page_in() {
    let demo = Demo::in_memory(&[]);
    let mut browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    assert_eq!(browser.state("waiting").await, "Waiting for your SQRL app.");
    let sqrl_url = browser.scan().await;
    assert_eq!(sqrl_url.can(), None, "another device has nowhere to return to");
    browser.listens().await;
    browser.run(STOP_TIMERS).await;

    new_app().sign_in(&sqrl_url).await.expect("a sign-in");
    let account = browser.arrives_at_account(&demo).await;
    assert!(account.starts_with("account-"), "{account}");

    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn polling_signs_the_page_in_where_events_are_blocked() {
    let demo = Demo::in_memory(&[]);
    let mut browser = Chromium::start().await;
    browser.block("*/evt.sqrl*").await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    new_app().sign_in(&browser.scan().await).await.expect("a sign-in");
    browser.arrives_at_account(&demo).await;

    let traffic = browser.traffic().await;
    assert!(traffic.iter().any(|event| asks(event, "/evt.sqrl")), "it tried");
    assert!(!traffic.iter().any(|event| answers(event, "/evt.sqrl", 200)), "in vain");
    assert!(traffic.iter().any(|event| answers(event, "/pag.sqrl", 200)));
    browser.close().await;
}

#[tokio::test]
async fn two_tabs_wait_independently() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    let first = browser.scan().await;
    browser.open_in_new_tab(&demo.url("/login")).await;
    let second = browser.scan().await;
    assert_ne!(first.nut(), second.nut());

    new_app().sign_in(&second).await.expect("a sign-in");
    let account = browser.arrives_at_account(&demo).await;
    browser.go_to_tab(0).await;
    assert_eq!(browser.url().await, demo.url("/login"));
    browser.state("waiting").await;

    // Another identity signs in with the first tab: the last sign-in counts.
    new_app().sign_in(&first).await.expect("a sign-in");
    assert_ne!(browser.arrives_at_account(&demo).await, account);
    browser.close().await;
}
