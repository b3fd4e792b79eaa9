//! SQRL URLs expire: the page renews them without a reload, or says that it cannot.

use serde_json::json;
use tower_sqrl_client::wire::Command;

use crate::chromium::Chromium;
use crate::new_app;
use crate::process::Demo;

const SHORT: [&str; 2] = ["--url-lifetime", "3"];
const RELOAD: &str = "[data-sqrl=\"reload\"]";

#[tokio::test]
async fn an_old_code_is_replaced_and_the_new_one_signs_in() {
    let demo = Demo::in_memory(&SHORT);
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.mark().await;
    let old = browser.scan().await;
    let new = browser.scan_other_than(Some(&old)).await;
    assert_ne!(new.nut(), old.nut());
    let renewed = browser.state("waiting").await;
    assert_eq!(renewed, "The code was renewed. Waiting for your SQRL app.");
    assert_ne!(browser.button_url().await.nut(), old.nut());
    assert!(browser.is_marked().await, "without a reload");

    new_app().sign_in(&new).await.expect("a sign-in");
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

#[tokio::test]
async fn a_code_that_an_app_has_begun_with_is_not_renewed_and_still_signs_in() {
    let demo = Demo::in_memory(&SHORT);
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.mark().await;
    let mut session = new_app().session(&browser.scan().await);
    session.query().await.expect("an answer");
    // The app waits for its user.
    let said = browser.state("begun").await;
    assert!(said.starts_with("This code is already in use."), "{said}");
    assert!(browser.shows(RELOAD).await && !browser.shows("[data-sqrl=\"button\"]").await);
    assert!(browser.is_marked().await);
    session.run(Command::Ident).await.expect("a sign-in");
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

#[tokio::test]
async fn a_page_without_its_cookie_expires_and_offers_a_new_code() {
    let demo = Demo::in_memory(&SHORT);
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    let old = browser.scan().await;
    browser.devtools("Network.clearBrowserCookies", json!({})).await;
    browser.state("expired").await;
    assert!(browser.shows(RELOAD).await && !browser.shows("[data-sqrl=\"button\"]").await);
    browser.click(RELOAD).await;
    browser.state("waiting").await;
    let new = browser.scan_other_than(Some(&old)).await;
    new_app().sign_in(&new).await.expect("a sign-in");
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

#[tokio::test]
async fn a_page_without_a_new_code_retries_later() {
    // The page has used up the limit of this minute.
    let demo = Demo::in_memory(&["--url-lifetime", "5", "--challenges-per-minute", "1"]);
    let mut browser = Chromium::start().await;
    browser.hurry(50).await;
    browser.open(&demo.url("/login")).await;
    browser.state("expired").await;
    // Five tries in a row, then a sixth one later.
    browser.is_answered("/nut.sqrl", 429, 6).await;
    browser.close().await;
}

#[tokio::test]
async fn a_code_of_a_server_that_is_gone_expires() {
    let demo = Demo::in_memory(&SHORT);
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    demo.stop();
    assert_eq!(browser.state("expired").await, "This code has expired.");
    assert_eq!(browser.text(RELOAD).await, "Get a new code");
    browser.close().await;
}
