//! A browser without JavaScript.

use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::new_app;
use crate::process::Demo;

/// The preferences of the profile.
pub(crate) fn without_javascript() -> Value {
    json!({ "profile.managed_default_content_settings.javascript": 2 })
}

#[tokio::test]
async fn code_button_and_continue_link_work_without_javascript() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start_with(&[], without_javascript()).await;
    browser.open(&demo.url("/login")).await;
    browser.element("#sqrl:not([data-state])").await;
    let sqrl_url = browser.scan().await;
    assert_eq!(browser.button_url().await, sqrl_url);
    let note = browser.text("noscript").await;
    assert!(note.starts_with("JavaScript is off"), "{note}");

    browser.click("noscript a").await;
    assert_eq!(browser.text("h1").await, "Not signed in yet");
    new_app().sign_in(&sqrl_url).await.expect("a sign-in");
    browser.click("main .sqrl-onward a").await;
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}
