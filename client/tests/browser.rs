//! The browser, over real connections.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::Site;
use tower_sqrl_client::browser::{Browser, BrowserError, Waiting};
use tower_sqrl_client::{Client, Http, Identity};

#[tokio::test]
async fn a_page_receives_its_sign_in() {
    let site = Site::new(&["5", "5"]).await;
    let browser = Browser::default();
    let page = browser.open(&site.page("/login")).await.unwrap();
    let url = page.sqrl_url().unwrap();
    assert_eq!(url.nut(), "first");
    assert_eq!(browser.poll(&page.url, &url).await.unwrap(), Waiting::Pending);

    // A browser that did not request the URL has no cookie.
    let other = Browser::default().poll(&page.url, &url).await.unwrap();
    assert_eq!(other, Waiting::Gone("no cookie".into()));

    let client = Client::new(Identity::from_seed([1; 32]));
    let (polled, signed_in) =
        tokio::join!(browser.wait(&page.url, &url, Duration::from_secs(10)), client.sign_in(&url),);
    signed_in.unwrap();
    let Waiting::GoTo(landing) = polled.unwrap() else { panic!("not signed in") };
    let home = browser.open(landing.as_str()).await.unwrap();
    assert_eq!(
        (home.url.path(), home.url.query(), home.body.as_str()),
        ("/home", Some("a=b"), "Welcome")
    );
    assert_eq!(home.redirects.len(), 1);
    assert_eq!(browser.cookies().get("session").unwrap().value, "1");
}

#[tokio::test]
async fn failures_are_reported() {
    let site = Site::new(&["5"]).await;
    let at = |path: &str| format!("http://{}{path}", site.host);
    let browser = Browser::default();
    let circle = browser.open(&at("/circle")).await;
    assert!(matches!(circle, Err(BrowserError::Redirects(_))), "{circle:?}");
    let page = browser.open(&at("/nothing")).await.unwrap();
    assert!(matches!(page.sqrl_url(), Err(BrowserError::NoSqrlUrl { .. })));
    let page = browser.open(&at("/login")).await.unwrap();
    let waited = browser.wait(&page.url, &page.sqrl_url().unwrap(), Duration::ZERO).await;
    assert!(matches!(waited, Err(BrowserError::Timeout(_))), "{waited:?}");
    assert!(browser.open("ftp://h/").await.is_err());
}

#[tokio::test]
async fn routes_reach_a_server_behind_a_proxy() {
    let site = Site::new(&["5", "5"]).await;
    let origin = format!("http://{}", site.host);
    let http = Http::builder().route("https://example.com", &origin).build();
    let browser = Browser::new(http.clone());
    let page = browser.open("https://example.com/login").await.unwrap();
    // The server receives the public host, and puts it into the SQRL URL.
    assert_eq!(page.sqrl_url().unwrap().origin(), "http://example.com");
    let url = page.sqrl_url().unwrap().as_str().replacen("qrl", "sqrl", 1).parse().unwrap();
    let client = Client::new(Identity::from_seed([1; 32])).with_http(http);
    client.sign_in(&url).await.unwrap();
    assert_eq!(site.received().len(), 2);
}

/// Starts a server that redirects with a status to the URL in the query, or returns the method and
/// two headers of the request.
async fn echo() -> String {
    use axum::extract::{Path, RawQuery};
    use axum::http::{HeaderMap, Method, StatusCode};
    use axum::routing::any;

    let to = async |Path(status): Path<u16>, RawQuery(url): RawQuery| {
        (StatusCode::from_u16(status).unwrap(), [("location", url.unwrap())])
    };
    let headers = async |method: Method, headers: HeaderMap| {
        let header = |name| headers.get(name).map_or("-", |value| value.to_str().unwrap());
        format!("{method} {} {}", header("origin"), header("sec-fetch-site"))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/to/{status}", any(to)).route("/headers", any(headers));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    origin
}

#[tokio::test]
async fn a_redirect_to_another_origin_drops_the_origin() {
    let (here, there) = (echo().await, echo().await);
    let form = format!("{here}/headers").parse().unwrap();
    for (path, expected) in [
        ("/headers".to_owned(), format!("POST {here} same-origin")),
        (format!("/to/307?{here}/headers"), format!("POST {here} same-origin")),
        (format!("/to/307?{there}/headers"), "POST null cross-site".to_owned()),
        (format!("/to/307?{there}/to/307?{here}/headers"), "POST null cross-site".to_owned()),
        (format!("/to/303?{there}/headers"), "GET - cross-site".to_owned()),
    ] {
        let page = Browser::default().submit(&form, &path, &[("a", "b")]).await.unwrap();
        assert_eq!(page.body, expected, "{path}");
    }
}
