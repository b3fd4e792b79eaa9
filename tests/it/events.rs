//! Section 4: server-sent events.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::common::{Site, Visit, alice};

/// A page that listens.
struct Listener(TcpStream);

impl Listener {
    async fn of(site: &Site, visit: &Visit) -> Self {
        let mut stream = site.connect().await;
        let cookies: Vec<_> = visit.browser.cookies().iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        let request = format!(
            "GET /evt.sqrl?nut={} HTTP/1.1\r\nhost: a\r\ncookie: {}\r\n\r\n",
            visit.link.nut(),
            cookies.join("; ")
        );
        stream.write_all(request.as_bytes()).await.expect("a connection");
        Self(stream)
    }

    /// Reads until that text comes; all that came.
    async fn hears(&mut self, text: &str) -> String {
        let mut heard = String::new();
        let until = async {
            while !heard.contains(text) {
                let mut some = [0; 1024];
                let read = self.0.read(&mut some).await.expect("a connection");
                assert_ne!(read, 0, "it ended after {heard}");
                heard += std::str::from_utf8(&some[..read]).expect("text");
            }
        };
        timeout(Duration::from_secs(5), until).await.expect("in time");
        heard
    }
}

#[tokio::test]
async fn an_outcome_is_announced() {
    let site = Site::new().await;
    for opt in ["suk", "cps"] {
        let visit = site.visit().await;
        let mut listener = Listener::of(&site, &visit).await;
        let head = listener.hears("retry:").await;
        assert!(head.starts_with("HTTP/1.1 200 "));
        assert!(head.contains("content-type: text/event-stream\r\n"));
        assert!(head.contains("cache-control: no-store\r\n"));
        assert!(head.contains("x-accel-buffering: no\r\n"));
        assert_eq!(visit.chain(&alice()).with_opt(opt).ident().await, "5");
        let before = Instant::now();
        let heard = listener.hears("event: outcome\ndata: look\n\n").await;
        assert!(before.elapsed() < Duration::from_millis(1500), "within the time between two looks");
        assert!(!heard.contains("nut") && !heard.contains("http"), "they carry nothing: {heard}");
        // And consume nothing.
        assert_eq!(visit.pag().await.status(), if opt == "cps" { 410 } else { 200 });
    }
}

#[tokio::test]
async fn what_has_happened_is_announced_at_once() {
    let site = Site::new().await;
    let visit = site.visit().await;
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    Listener::of(&site, &visit).await.hears("event: outcome").await;
}

#[tokio::test]
async fn events_end_when_the_server_stops() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut listeners = Vec::new();
    for _ in 0..3 {
        let mut listener = Listener::of(&site, &visit).await;
        listener.hears("retry:").await;
        listeners.push(listener);
    }
    let before = Instant::now();
    site.sqrl.end_events();
    for listener in &mut listeners {
        listener.hears("\r\n0\r\n\r\n").await;
    }
    assert!(before.elapsed() < Duration::from_millis(500), "at once");
    // None begins any more: it ends before it has lasted.
    Listener::of(&site, &visit).await.hears("0\r\n\r\n").await;
}

#[tokio::test]
async fn only_the_browser_that_asked_listens() {
    let site = Site::new().await;
    let (visit, other) = (site.visit().await, site.visit().await);
    let stranger = Visit { browser: other.browser.clone(), ..site.visit().await };
    let name = format!("evt.sqrl?nut={}", visit.link.nut());
    assert_eq!(stranger.get(&name).await.status(), 410);
    site.clock.pass_seconds(1801);
    assert_eq!(visit.get(&name).await.status(), 410);
}

#[tokio::test]
async fn past_their_number_pages_poll() {
    let site = Site::with(|builder| builder.max_event_streams(1)).await;
    let visit = site.visit().await;
    let name = format!("evt.sqrl?nut={}", visit.link.nut());
    let mut listener = Listener::of(&site, &visit).await;
    listener.hears("retry:").await;
    assert_eq!(visit.get(&name).await.status(), 503);
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    listener.hears("event: outcome").await;
    listener.hears("0\r\n\r\n").await;
    // It ended, so there is room again.
    assert_eq!(visit.get(&name).await.status(), 200);
}

/// The layer without a socket, so that time can stand still.
#[tokio::test(start_paused = true)]
async fn a_comment_every_fifteen_seconds_until_the_chain_is_over() {
    use http_body_util::BodyExt;
    use tower::{Layer, Service, ServiceExt};

    let site = Site::new().await;
    let application = tower::service_fn(async |_: Request<Body>| {
        Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
    });
    let mut service = site.sqrl.layer().layer(application);
    let ask = async |service: &mut _, uri: &str, cookie: &str| {
        let mut request = Request::builder().uri(uri).header("cookie", cookie).body(Body::empty()).expect("a request");
        let address = "127.0.0.1:1".parse().expect("an address");
        request.extensions_mut().insert(tower_sqrl::PeerAddress(address));
        let service: &mut tower_sqrl::SqrlService<_> = service;
        service.ready().await.expect("ready").call(request).await.expect("an answer")
    };
    let link = ask(&mut service, "/nut.sqrl", "").await;
    let cookie = link.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let nut = link.into_body().collect().await.expect("a body").to_bytes();
    let nut = std::str::from_utf8(&nut).expect("text").to_owned();
    let events = ask(&mut service, &format!("/evt.sqrl?{nut}"), &cookie).await;
    let mut body = events.into_body();
    let began = Instant::now();
    let mut comments = 0;
    let mut last = began;
    while let Some(frame) = body.frame().await {
        match frame.expect("a frame").data_ref().map(|data| &data[..]) {
            Some(b":\n\n") => {
                comments += 1;
                assert_eq!(last.elapsed().as_secs(), 15);
                last = Instant::now();
            }
            Some(b"retry: 3000\n\n") => assert_eq!(last.elapsed().as_secs(), 0),
            Some(b"event: outcome\ndata: look\n\n") => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(comments >= 118, "{comments}");
    assert!((1795..=1801).contains(&began.elapsed().as_secs()));
}
