//! No app answers on this device, or the browser does not let the page look for one.

use serde_json::json;
use tower_sqrl_client::cps::Event;

use crate::chromium::Chromium;
use crate::new_app;
use crate::process::Demo;
use crate::same_device::app_that_listens;

const BUTTON: &str = "[data-sqrl=\"button\"]";
const JUMP: &str = "[data-sqrl=\"jump\"]";
/// Prevents Chromium's question whether to open the app, which would block clicks.
pub(crate) const UNOPENED: &str = "addEventListener('click', (event) => {
    if (event.target.dataset.sqrl === 'button') event.preventDefault();
});";

/// Records when the page first enters each state.
const STATES: &str = "window.states = {};
document.addEventListener('sqrl:state', ({ detail }) => {
    window.states[detail.state] ??= performance.now();
});";

#[tokio::test]
async fn where_the_picture_is_blocked_the_jump_and_the_code_still_work() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    browser.block("*://localhost:25519/*.gif").await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    assert!(!browser.shows(JUMP).await, "not before it is known to be needed");
    let sqrl_url = browser.button_url().await;
    browser.run(UNOPENED).await;
    browser.run(STATES).await;
    browser.click("[data-sqrl=\"button\"]").await;
    let said = browser.state("probing").await;
    assert!(said.starts_with("Looking for the SQRL app on this device"), "{said}");
    let said = browser.state("no-client").await;
    assert!(said.starts_with("No SQRL app has answered on this device."), "{said}");
    let search = "return states['no-client'] - states.probing";
    let milliseconds = browser.run(search).await.as_f64().expect("a number");
    // Measured by the page, with room for a busy machine.
    assert!((3000.0..6000.0).contains(&milliseconds), "{milliseconds} ms until it says so");
    let left = browser.run("return sessionStorage.getItem('sqrl-left')").await;
    assert_eq!(left, json!(null), "the page was not left");
    assert!(browser.shows(JUMP).await && browser.shows("[data-sqrl=\"button\"]").await);
    assert_eq!(browser.scan().await.nut(), sqrl_url.nut());

    let (app, _turn) = app_that_listens(new_app()).await;
    assert_eq!(browser.attribute(JUMP, "href").await, app.url_for(&sqrl_url));
    browser.click(JUMP).await;
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

/// Sets the permission to reach apps on this device.
async fn decide(browser: &Chromium, setting: &str) {
    for name in ["loopback-network", "local-network-access"] {
        let decided = json!({ "permission": { "name": name }, "setting": setting });
        browser.devtools("Browser.setPermission", decided).await;
    }
}

/// Starts a browser that treats the demo as a public site, so that requests to this device need a
/// permission.
async fn guarding_browser(demo: &Demo) -> Chromium {
    let spaces = format!("--ip-address-space-overrides={}=public", demo.address);
    Chromium::start_with(&[&spaces], json!({})).await
}

#[tokio::test]
async fn a_page_that_may_look_for_the_app_finds_it() {
    let demo = Demo::in_memory(&[]);
    let browser = guarding_browser(&demo).await;
    decide(&browser, "granted").await;
    let (_app, _turn) = app_that_listens(new_app()).await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.click(BUTTON).await;
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

#[tokio::test]
async fn a_page_whose_browser_asks_first_says_so_and_finds_the_app_then() {
    let demo = Demo::in_memory(&[]);
    let browser = guarding_browser(&demo).await;
    let (_app, _turn) = app_that_listens(new_app()).await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    decide(&browser, "prompt").await;
    browser.run(UNOPENED).await;
    browser.click(BUTTON).await;
    let told = "Looking for the SQRL app on this device. If your browser asks whether this page may \
                reach apps on this device, allow it.";
    browser.says(told).await;
    decide(&browser, "granted").await;
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

#[tokio::test]
async fn a_page_that_may_not_look_for_the_app_says_so_and_still_leads_there() {
    let demo = Demo::in_memory(&[]);
    let browser = guarding_browser(&demo).await;
    decide(&browser, "denied").await;
    let (mut app, _turn) = app_that_listens(new_app()).await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.run(UNOPENED).await;
    browser.click(BUTTON).await;
    let said = browser.state("no-client").await;
    assert!(said.starts_with("Your browser does not let this page look"), "{said}");
    assert_eq!(browser.scan().await.nut(), browser.button_url().await.nut());
    browser.click(JUMP).await;
    browser.arrives_at_account(&demo).await;
    let event = app.next().await;
    assert!(matches!(event, Some(Event::Started(_))), "no picture before: {event:?}");
    browser.close().await;
}

/// Some frames and web views report `denied` and let the requests pass.
#[tokio::test]
async fn a_permission_that_is_reported_as_denied_does_not_keep_the_page_from_trying() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    decide(&browser, "denied").await;
    let (_app, _turn) = app_that_listens(new_app()).await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.run(UNOPENED).await;
    browser.click(BUTTON).await;
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

/// An app may take longer to start than the page waits before it explains what to do.
#[tokio::test]
async fn an_app_that_starts_late_is_found_all_the_same() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    let (listener, _turn) = crate::same_device::listener().await;
    drop(listener);
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.run(UNOPENED).await;
    browser.click(BUTTON).await;
    browser.state("no-client").await;
    let _app = crate::same_device::bound().await.sign_in_with(new_app());
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}
