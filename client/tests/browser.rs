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

/// Redirects with the status to the URL in the query, or echoes what a browser says of itself.
async fn echo() -> String {
    use axum::extract::{Path, RawQuery};
    use axum::http::{HeaderMap, Method, StatusCode};
    use axum::routing::any;

    let to = async |Path(status): Path<u16>, RawQuery(url): RawQuery| {
        (StatusCode::from_u16(status).unwrap(), [("location", url.unwrap())])
    };
    let said = async |method: Method, headers: HeaderMap| {
        let header = |name| headers.get(name).map_or("-", |value| value.to_str().unwrap());
        format!("{method} {} {}", header("origin"), header("sec-fetch-site"))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/to/{status}", any(to)).route("/said", any(said));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    origin
}

#[tokio::test]
async fn a_redirect_does_not_pass_for_the_page_that_began() {
    let (here, there) = (echo().await, echo().await);
    let page = format!("{here}/said").parse().unwrap();
    for (path, said) in [
        ("/said".to_owned(), format!("POST {here} same-origin")),
        (format!("/to/307?{here}/said"), format!("POST {here} same-origin")),
        (format!("/to/307?{there}/said"), "POST null cross-site".to_owned()),
        (format!("/to/307?{there}/to/307?{here}/said"), "POST null cross-site".to_owned()),
        (format!("/to/303?{there}/said"), "GET - cross-site".to_owned()),
    ] {
        let heard = Browser::default().submit(&page, &path, &[("a", "b")]).await.unwrap();
        assert_eq!(heard.body, said, "{path}");
    }
}
