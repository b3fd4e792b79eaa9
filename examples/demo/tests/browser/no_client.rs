//! No app answers on this device, or the browser lets the page ask for none.

use serde_json::json;

use crate::chromium::Chromium;
use crate::process::Demo;
use crate::same_device::app_that_listens;
use crate::somebody;

const JUMP: &str = "[data-sqrl=\"jump\"]";
const UNOPENED: &str = "addEventListener('click', (event) => {
    if (event.target.dataset.sqrl === 'button') event.preventDefault();
});";

#[tokio::test]
async fn where_the_picture_is_blocked_the_jump_and_the_code_still_work() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    browser.block("*://localhost:25519/*.gif").await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    assert!(!browser.shows(JUMP).await, "not before it is known to be needed");
    let link = browser.button_link().await;
    // Chromium would ask a person whether it may open the link, and take no clicks meanwhile.
    browser.run(UNOPENED).await;
    browser.click("[data-sqrl=\"button\"]").await;
    let said = browser.state("probing").await;
    assert!(said.starts_with("Looking for the SQRL app on this device"), "{said}");
    let said = browser.state("no-client").await;
    assert!(said.starts_with("No SQRL app answered on this device."), "{said}");
    let left = browser.run("return sessionStorage.getItem('sqrl-left')").await;
    assert_eq!(left, json!(null), "the page was not left");
    assert!(browser.shows(JUMP).await && browser.shows("[data-sqrl=\"button\"]").await);
    assert_eq!(browser.scan().await.nut(), link.nut());

    let (app, _turn) = app_that_listens(somebody()).await;
    assert_eq!(browser.attribute(JUMP, "href").await, app.url_for(&link));
    browser.click(JUMP).await;
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

#[tokio::test]
async fn where_the_browser_forbids_it_the_page_says_so_at_once() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    for name in ["loopback-network", "local-network-access"] {
        let denied = json!({ "permission": { "name": name }, "setting": "denied" });
        browser.devtools("Browser.setPermission", denied).await;
    }
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.click("[data-sqrl=\"button\"]").await;
    let said = browser.state("no-client").await;
    assert!(said.starts_with("Your browser does not let this page look"), "{said}");
    assert!(browser.shows(JUMP).await);

    somebody().sign_in(&browser.scan().await).await.expect("a sign-in");
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}
