//! A CPS URL opens in another browser than the one that requested the SQRL URL.

use serde_json::json;
use tower_sqrl_client::browser::Browser;

use crate::chromium::Chromium;
use crate::new_cps_app;
use crate::no_script::without_javascript;
use crate::process::Demo;

/// The button, once it is enabled.
const CONFIRM: &str = "form button:not([aria-disabled])";

/// Holds the page's timers until `window.later` is called.
const STOPPED: &str = "window.setTimeout = (act) => { window.later = act; return 1; };";

/// Returns a CPS URL of a sign-in that another browser requested.
async fn address(demo: &Demo) -> String {
    let page = Browser::default().open(&demo.url("/login")).await.expect("a page");
    let sqrl_url = page.sqrl_url().expect("a SQRL URL");
    new_cps_app().sign_in(&sqrl_url).await.expect("a sign-in").url.expect("an address")
}

#[tokio::test]
async fn a_click_or_key_that_was_meant_for_another_page_confirms_nothing() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    let stopped = json!({ "source": STOPPED });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", stopped).await;
    browser.open(&address(&demo).await).await;
    browser.mark().await;
    for again in ["", "window.later(); window.dispatchEvent(new Event('focus'));"] {
        browser.run(again).await;
        assert_eq!(browser.attribute("form button", "aria-disabled").await, "true");
        browser.click("form button").await;
        browser.press_enter("form button").await;
        assert_eq!(browser.url().await, demo.url("/cps.sqrl"));
        assert!(browser.is_marked().await, "nothing was sent: {again}");
    }
    browser.run("window.later()").await;
    browser.click(CONFIRM).await;
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

#[tokio::test]
async fn a_browser_without_javascript_confirms() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start_with(&[], without_javascript()).await;
    browser.open(&address(&demo).await).await;
    browser.click("form button").await;
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

#[tokio::test]
async fn another_browser_is_signed_in_only_after_a_click() {
    let demo = Demo::in_memory(&[]);
    let (first, other) = tokio::join!(Chromium::start(), Chromium::start());
    first.open(&demo.url("/login")).await;
    let signed_in = new_cps_app().sign_in(&first.scan().await).await;
    let url = signed_in.expect("a sign-in").url.expect("an address");
    first.state("taken-over").await;

    other.open(&url).await;
    assert_eq!(other.url().await, demo.url("/cps.sqrl"), "without the secret");
    assert_eq!(other.text("h1").await, "Sign in with a new identity?");
    other.open_in_new_tab(&demo.url("/account")).await;
    assert_eq!(other.url().await, demo.url("/login"), "opening the URL alone signs nobody in");

    other.go_to_tab(0).await;
    other.click(CONFIRM).await;
    other.arrives_at_account(&demo).await;
    assert_eq!(other.complaints().await, [""; 0]);
    first.open(&demo.url("/account")).await;
    assert_eq!(first.url().await, demo.url("/login"), "signed in there, not here");
    first.close().await;
    other.close().await;
}
