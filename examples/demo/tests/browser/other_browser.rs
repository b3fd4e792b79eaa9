//! The app sends a browser that did not ask for the link: its default one, or a victim's.

use crate::chromium::Chromium;
use crate::process::Demo;
use crate::somebody_here;

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
    let question = other.text("h1").await;
    assert!(question.starts_with("Sign in as a new identity ("), "{question}");
    other.open_in_new_tab(&demo.url("/account")).await;
    assert_eq!(other.url().await, demo.url("/login"), "following the link alone is nothing");

    other.go_to_tab(0).await;
    other.click("form button").await;
    other.arrives_at_account(&demo).await;
    assert_eq!(other.complaints().await, [""; 0]);
    first.open(&demo.url("/account")).await;
    assert_eq!(first.url().await, demo.url("/login"), "signed in there, not here");
    first.close().await;
    other.close().await;
}
