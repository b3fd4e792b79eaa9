//! An app answers, and the site does not sign its identity in.

use tower_sqrl_client::browser::Browser;
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Client, Error, Session};

use crate::chromium::Chromium;
use crate::new_app;
use crate::process::Demo;
use crate::same_device::listener;

const BUTTON: &str = "[data-sqrl=\"button\"]";
const RELOAD: &str = "[data-sqrl=\"reload\"]";

/// Signs the app's identity up in another browser, then runs a command.
async fn known(demo: &Demo, app: &Client, then: Command) {
    for command in [Command::Ident, then] {
        let page = Browser::default().open(&demo.url("/login")).await.expect("a page");
        let sqrl_url = page.sqrl_url().expect("a SQRL URL");
        app.run(&sqrl_url, command).await.expect("what was asked for");
    }
}

/// Sends `ident` although the identity is disabled.
async fn insist(session: &mut Session) -> Error {
    session.query().await.expect("an answer");
    session.send(&Command::Ident).await.expect("a reply");
    session.check_reply(&Command::Ident).expect_err("the identity is disabled")
}

#[tokio::test]
async fn the_page_that_waits_says_why_and_still_signs_in() {
    let demo = Demo::in_memory(&[]);
    let app = new_app();
    known(&demo, &app, Command::Disable).await;
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    let mut session = app.session(&browser.scan().await);
    insist(&mut session).await;
    let said = browser.state("refused").await;
    assert!(said.contains("SQRL identity is disabled on this site"), "{said}");
    assert!(browser.shows(RELOAD).await && !browser.shows(BUTTON).await);

    // The user enters the rescue code in the app.
    for command in [Command::Enable, Command::Ident] {
        session.send(&command).await.expect("a reply");
        session.check_reply(&command).expect("what was asked for");
    }
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}

#[tokio::test]
async fn the_page_that_an_app_leads_back_to_says_why() {
    let demo = Demo::in_memory(&[]);
    let app = new_app();
    known(&demo, &app, Command::Disable).await;
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.mark().await;
    let (listener, _turn) = listener().await;
    let _app = listener.serve(move |sqrl_url| {
        let mut session = app.session(&sqrl_url);
        async move { Err(insist(&mut session).await) }
    });
    browser.click(BUTTON).await;
    let said = browser.state("returned").await;
    assert!(said.contains("SQRL identity is disabled on this site"), "{said}");
    assert!(!browser.is_marked().await, "another page, whose code works");
    assert!(browser.shows(BUTTON).await);
    new_app().sign_in(&browser.scan().await).await.expect("a sign-in");
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}
