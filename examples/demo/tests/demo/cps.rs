//! Client-provided session: the browser opens the client on the same device.

use http::StatusCode;
use tower_sqrl_client::browser::Waiting;
use tower_sqrl_client::cps::{Event, Listener};
use tower_sqrl_client::wire::Options;

use crate::person::{Person, account_id, new_sqrl_url};
use crate::process::Demo;

#[tokio::test]
async fn the_client_sends_the_browser_to_its_account() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    let account = account_id(&ada.at_another_browser().sign_in(&demo).await);
    let listener = Listener::bind_port(0).await.expect("a port");
    let mut server = listener.sign_in_with(ada.client.clone());

    let login = ada.browser.open(&demo.url("/login")).await.expect("a page");
    let sqrl_url = login.sqrl_url().expect("a SQRL URL");
    let jump = sqrl_url.with_can(login.url.as_str()).expect("an address");
    let page = ada.browser.open(&server.url_for(&jump)).await.expect("a page");
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/account"), "{}", page.body);
    assert_eq!(account_id(&page), account);
    let began = server.next().await.expect("an event");
    assert!(matches!(began, Event::Started(_)), "{began:?}");
    let url = match server.next().await.expect("an event") {
        Event::SignedIn(url) => url,
        other => panic!("{other:?}"),
    };

    // The page that still waits is told, and the URL works once.
    let state = ada.browser.poll(&login.url, &sqrl_url).await.expect("an answer");
    assert_eq!(state, Waiting::Gone("taken-over".to_owned()));
    let again = ada.browser.open(&url).await.expect("a page");
    assert_eq!(again.status, StatusCode::GONE, "{}", again.body);
    let stranger = Person::new().browser.open(&url).await.expect("a page");
    assert_eq!(stranger.status, StatusCode::GONE, "{}", stranger.body);
    assert!(!demo.log().contains("cps.sqrl"), "the log has no CPS URL");
}

/// An attacker can choose the name of another account.
#[tokio::test]
async fn another_browser_is_asked_by_name_and_id() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    let account = account_id(&ada.sign_in(&demo).await);
    ada.submit(&demo, "/account/name", &[("name", "Ada")]).await;
    let options = Options { cps: true, ..Options::default() };
    let client = ada.client.clone().with_options(options);
    let url = client.sign_in(&new_sqrl_url(&demo).await).await.expect("signed in").url;
    let page = Person::new().browser.open(&url.expect("a URL")).await.expect("a page");
    assert!(page.body.contains(&format!("Sign in as Ada ({account})?")), "{}", page.body);
}
