//! The browser's part, over real connections.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::Site;
use tower_sqrl_client::browser::{Browser, BrowserError, Waiting};
use tower_sqrl_client::{Client, Http, Identity};

#[tokio::test]
async fn page_client_and_page_again() {
    let site = Site::new(&["5", "5"]).await;
    let browser = Browser::default();
    let page = browser.open(&site.page("/login")).await.unwrap();
    let link = page.sqrl_link().unwrap();
    assert_eq!(link.nut(), "first");
    assert_eq!(browser.poll(&page.url, &link).await.unwrap(), Waiting::Pending);

    // Somebody who only saw the link has no cookie.
    let thief = Browser::default().poll(&page.url, &link).await.unwrap();
    assert_eq!(thief, Waiting::Gone("no cookie".into()));

    let client = Client::new(Identity::from_seed([1; 32]));
    let (heard, signed_in) = tokio::join!(
        browser.wait(&page.url, &link, Duration::from_secs(10)),
        client.sign_in(&link),
    );
    signed_in.unwrap();
    let Waiting::GoTo(url) = heard.unwrap() else { panic!("signed in") };
    let home = browser.open(url.as_str()).await.unwrap();
    assert_eq!(
        (home.url.path(), home.url.query(), home.body.as_str()),
        ("/home", Some("a=b"), "Welcome")
    );
    assert_eq!(home.redirects.len(), 1);
    assert_eq!(browser.cookies().get("session").unwrap().value, "1");
}

#[tokio::test]
async fn what_goes_wrong_is_said() {
    let site = Site::new(&["5"]).await;
    let at = |path: &str| format!("http://{}{path}", site.host);
    let browser = Browser::default();
    let circle = browser.open(&at("/circle")).await;
    assert!(matches!(circle, Err(BrowserError::Redirects(_))), "{circle:?}");
    let page = browser.open(&at("/nothing")).await.unwrap();
    assert!(matches!(page.sqrl_link(), Err(BrowserError::NoLink { .. })));
    let page = browser.open(&at("/login")).await.unwrap();
    let waited = browser.wait(&page.url, &page.sqrl_link().unwrap(), Duration::ZERO).await;
    assert!(matches!(waited, Err(BrowserError::Timeout(_))), "{waited:?}");
    assert!(browser.open("ftp://h/").await.is_err());
}

#[tokio::test]
async fn a_route_reaches_the_server_behind_a_proxy() {
    let site = Site::new(&["5", "5"]).await;
    let origin = format!("http://{}", site.host);
    let http = Http::builder().route("https://example.com", &origin).build();
    let browser = Browser::new(http.clone());
    let page = browser.open("https://example.com/login").await.unwrap();
    // The server saw the public name, and wrote it into the link.
    assert_eq!(page.sqrl_link().unwrap().origin(), "http://example.com");
    let link = page.sqrl_link().unwrap().as_str().replacen("qrl", "sqrl", 1).parse().unwrap();
    let client = Client::new(Identity::from_seed([1; 32])).with_http(http);
    client.sign_in(&link).await.unwrap();
    assert_eq!(site.received().len(), 2);
}
