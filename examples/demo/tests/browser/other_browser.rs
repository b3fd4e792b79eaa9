//! The app sends a browser that did not ask for the link: its default one, or a victim's.

use serde_json::json;
use tower_sqrl_client::browser::Browser;

use crate::chromium::Chromium;
use crate::no_script::without_javascript;
use crate::process::Demo;
use crate::somebody_here;

/// The button, once it reacts.
const CONFIRM: &str = "form button:not([aria-disabled])";

/// The page's timers run when they are told to.
const STOPPED: &str = "window.setTimeout = (act) => { window.later = act; return 1; };";

/// The address by which somebody's app would sign any browser in.
async fn address(demo: &Demo) -> String {
    let page = Browser::default().open(&demo.url("/login")).await.expect("a page");
    let link = page.sqrl_url().expect("a link");
    somebody_here().sign_in(&link).await.expect("a sign-in").url.expect("an address")
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
    let signed_in = somebody_here().sign_in(&first.scan().await).await;
    let url = signed_in.expect("a sign-in").url.expect("an address");
    first.state("taken-over").await;

    other.open(&url).await;
    assert_eq!(other.url().await, demo.url("/cps.sqrl"), "a clean address");
    assert_eq!(other.text("h1").await, "Sign in with a new identity?");
    other.open_in_new_tab(&demo.url("/account")).await;
    assert_eq!(other.url().await, demo.url("/login"), "following the link alone is nothing");

    other.go_to_tab(0).await;
    other.click(CONFIRM).await;
    other.arrives_at_account(&demo).await;
    assert_eq!(other.complaints().await, [""; 0]);
    first.open(&demo.url("/account")).await;
    assert_eq!(first.url().await, demo.url("/login"), "signed in there, not here");
    first.close().await;
    other.close().await;
}
