//! Section 4: server-sent events.

use std::time::Duration;

use axum::http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::{Site, Visit, alice};

/// An event stream of a page, and what has been read ahead.
struct Listener(TcpStream, String);

impl Listener {
    async fn open(site: &Site, visit: &Visit) -> Self {
        Self::from("127.0.0.1", site, visit).await
    }

    /// Opens the stream from an address that a trusted proxy names.
    async fn from(address: &str, site: &Site, visit: &Visit) -> Self {
        let mut stream = site.connect().await;
        let request = format!(
            "GET /evt.sqrl?nut={} HTTP/1.1\r\nhost: a\r\nx-forwarded-for: {address}\r\n\
             cookie: {}\r\n\r\n",
            visit.sqrl_url.nut(),
            visit.cookies()
        );
        stream.write_all(request.as_bytes()).await.expect("a connection");
        Self(stream, String::new())
    }

    /// Reads until the text arrives and returns everything up to its end. By itself, a stream sends
    /// nothing for 15 s. If the store announces outcomes, the layer does not look sooner.
    async fn read_until(&mut self, text: &str) -> String {
        let until = async {
            loop {
                if let Some(at) = self.1.find(text) {
                    let rest = self.1.split_off(at + text.len());
                    return std::mem::replace(&mut self.1, rest);
                }
                let mut some = [0; 1024];
                let read = self.0.read(&mut some).await.expect("a connection");
                assert_ne!(read, 0, "it ended after {}", self.1);
                self.1 += std::str::from_utf8(&some[..read]).expect("text");
            }
        };
        timeout(Duration::from_secs(5), until).await.expect("in time")
    }
}

#[tokio::test]
async fn an_outcome_is_announced() {
    let site = Site::new().await;
    for opt in ["suk", "cps"] {
        let visit = site.visit().await;
        let mut listener = Listener::open(&site, &visit).await;
        let head = listener.read_until("retry:").await;
        assert!(head.starts_with("HTTP/1.1 200 "));
        assert!(head.contains("content-type: text/event-stream\r\n"));
        assert!(head.contains("cache-control: no-store\r\n"));
        assert!(head.contains("x-accel-buffering: no\r\n"));
        assert_eq!(visit.chain(&alice()).with_opt(opt).ident().await, "5");
        let events = listener.read_until("event: outcome\ndata: look\n\n").await;
        assert!(
            !events.contains("nut") && !events.contains("http"),
            "they carry nothing: {events}"
        );
        // The events consume nothing.
        assert_eq!(visit.poll_response().await.status(), if opt == "cps" { 410 } else { 200 });
    }
}

/// A refusal is announced like an outcome, and the wait goes on.
#[tokio::test]
async fn a_refusal_is_announced_and_the_stream_goes_on() {
    let site = Site::new().await;
    site.sign_up_disabled(&alice()).await;
    let visit = site.visit().await;
    let mut listener = Listener::open(&site, &visit).await;
    listener.read_until("retry:").await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.query().await, "d");
    assert_eq!(chain.ident().await, "4d");
    listener.read_until("event: outcome\ndata: look\n\n").await;
    assert_eq!(chain.enable().await, "5");
    assert_eq!(chain.ident().await, "5");
    listener.read_until("event: outcome\ndata: look\n\n").await;
    listener.read_until("0\r\n\r\n").await;
}

#[tokio::test]
async fn a_store_without_announcements_is_polled() {
    let site = Site::without_announcements().await;
    let visit = site.visit().await;
    let mut listener = Listener::open(&site, &visit).await;
    listener.read_until("retry:").await;
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    listener.read_until("event: outcome").await;
}

#[tokio::test]
async fn an_existing_outcome_is_announced_at_once() {
    let site = Site::new().await;
    let visit = site.visit().await;
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    Listener::open(&site, &visit).await.read_until("event: outcome").await;
}

#[tokio::test]
async fn events_end_when_the_server_stops() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut listeners = Vec::new();
    for _ in 0..3 {
        let mut listener = Listener::open(&site, &visit).await;
        listener.read_until("retry:").await;
        listeners.push(listener);
    }
    site.sqrl.end_events();
    for listener in &mut listeners {
        listener.read_until("\r\n0\r\n\r\n").await;
    }
    // A new stream ends before it begins.
    Listener::open(&site, &visit).await.read_until("0\r\n\r\n").await;
}

#[tokio::test]
async fn only_the_requesting_browser_receives_events() {
    let site = Site::new().await;
    let (visit, other) = (site.visit().await, site.visit().await);
    let name = format!("evt.sqrl?nut={}", visit.sqrl_url.nut());
    assert_eq!(other.get(&name).await.status(), 410);
    site.clock.advance_seconds(1801);
    assert_eq!(visit.get(&name).await.status(), 410);
}

#[tokio::test]
async fn above_the_limit_of_streams_pages_poll() {
    let site = Site::with(|builder| builder.max_event_streams(1)).await;
    let visit = site.visit().await;
    let name = format!("evt.sqrl?nut={}", visit.sqrl_url.nut());
    let mut listener = Listener::open(&site, &visit).await;
    listener.read_until("retry:").await;
    assert_eq!(visit.get(&name).await.status(), 503);
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    listener.read_until("event: outcome").await;
    listener.read_until("0\r\n\r\n").await;
    // The stream has ended, so another one can begin.
    assert_eq!(visit.get(&name).await.status(), 200);
}

#[tokio::test]
async fn one_address_cannot_use_all_streams() {
    let site = Site::with(|builder| {
        builder.trusted_proxy("127.0.0.1").max_event_streams(100).max_event_streams_per_address(2)
    })
    .await;
    let visit = site.visit().await;
    let (mut first, mut second) = (
        Listener::from("2001:db8::1", &site, &visit).await,
        Listener::from("2001:db8::2", &site, &visit).await,
    );
    first.read_until(" 200 OK\r\n").await;
    second.read_until(" 200 OK\r\n").await;
    // Other addresses of the same network count as the same address, and other cookies do not
    // matter.
    let other = site.visit().await;
    Listener::from("2001:db8::3", &site, &visit).await.read_until(" 503 ").await;
    Listener::from("2001:db8::3", &site, &other).await.read_until(" 503 ").await;
    // Another address can still wait.
    let mut elsewhere = Listener::from("2001:db8:0:1::1", &site, &visit).await;
    elsewhere.read_until(" 200 OK\r\n").await;

    // Another stream can begin however one ends: by an outcome,
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    for listener in [&mut first, &mut second, &mut elsewhere] {
        listener.read_until("\r\n0\r\n\r\n").await;
    }
    let (mut first, mut second) = (
        Listener::from("2001:db8::1", &site, &other).await,
        Listener::from("2001:db8::1", &site, &other).await,
    );
    first.read_until("retry:").await;
    second.read_until("retry:").await;
    Listener::from("2001:db8::1", &site, &other).await.read_until(" 503 ").await;
    // or because the page is closed, which the server notices later.
    drop((first, second));
    let again = async {
        loop {
            let mut listener = Listener::from("2001:db8::1", &site, &other).await;
            if listener.read_until("\r\n").await.contains(" 200 ") {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), again).await.expect("room again");
    // A stream that is refused or has ended takes no place.
    for _ in 0..5 {
        let gone = site.http_from("2001:db8:0:2::1");
        let url = format!("{}/evt.sqrl", site.public_url);
        assert_eq!(gone.get(&url, HeaderMap::new()).await.expect("an answer").status(), 410);
    }
    Listener::from("2001:db8:0:2::1", &site, &other).await.read_until(" 200 OK\r\n").await;
}
