//! The layer without a socket, so that the clock can be paused.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body_util::BodyExt;
use tokio::time::Instant;
use tower_sqrl::middleware::SqrlBody;
use tower_sqrl::nuts::NutState;
use tower_sqrl_client::wire::Reply;

use crate::common::{Hook, Site, Verdict, call_layer};

#[tokio::test(start_paused = true)]
async fn a_comment_every_fifteen_seconds_until_the_chain_ends() {
    let site = Site::new().await;
    let mut body = events(&site).await;
    let began = Instant::now();
    let (mut last, mut comments) = (began, 0);
    while let Some(frame) = body.frame().await {
        match frame.expect("a frame").data_ref().map(|data| &data[..]) {
            Some(b":\n\n") => {
                assert_eq!(last.elapsed().as_secs(), 15);
                (last, comments) = (Instant::now(), comments + 1);
            }
            Some(b"retry: 3000\n\n") => assert_eq!(last.elapsed().as_secs(), 0),
            Some(b"event: outcome\ndata: look\n\n") => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(comments >= 118, "{comments}");
    assert!((1795..=1801).contains(&began.elapsed().as_secs()));
}

/// Every waiting page queries the store, and every failure is logged.
#[tokio::test(start_paused = true)]
async fn a_failing_store_is_queried_less_and_less() {
    const FAILURES: usize = 12;
    let site = Site::without_announcements().await;
    let look = Hook::GetNut(NutState::Authorized);
    let mut body = events(&site).await;
    // Twice: after it has worked again, the intervals are those of the first time.
    for _ in 0..2 {
        site.tap.calls();
        // A query is two calls.
        for _ in 0..2 * FAILURES {
            site.tap.plan(look, Verdict::Fail);
        }
        let began = Instant::now();
        while !site.tap.is_done() {
            body.frame().await.expect("it goes on").expect("a frame");
        }
        // After 1, 2, 4 and 8 seconds, and then every 15 seconds.
        let least = 1 + 2 + 4 + 8 + 15 * (FAILURES as u64 - 5);
        let lasted = began.elapsed().as_secs();
        assert!((least..=least + 30).contains(&lasted), "{lasted} s, not {least} s");
        // Now the store is queried every second again.
        for _ in 0..2 {
            site.tap.calls();
            body.frame().await.expect("it goes on").expect("a frame");
        }
        let asked = site.tap.calls().len();
        assert!(asked >= 28, "asked {asked} times between two comments");
    }
    assert_eq!(site.sqrl.store_failures(), 2 * FAILURES as u64);
}

/// The event stream of a waiting page.
async fn events(site: &Site) -> SqrlBody<Body> {
    let sqrl_url = call_layer(site, Request::get("/nut.sqrl"), Body::empty()).await;
    let cookie = sqrl_url.headers()["set-cookie"].to_str().expect("text");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let nut = sqrl_url.into_body().collect().await.expect("a body").to_bytes();
    let uri = format!("/evt.sqrl?{}", std::str::from_utf8(&nut).expect("text"));
    call_layer(site, Request::get(uri).header("cookie", cookie), Body::empty()).await.into_body()
}

#[tokio::test(start_paused = true)]
async fn an_endless_body_is_abandoned() {
    let site = Site::new().await;
    let (sender, body) = tokio::sync::mpsc::channel::<Bytes>(1);
    sender.send(Bytes::from_static(b"client=")).await.expect("a body");
    let body = Endless(body);
    let began = Instant::now();
    let answer = call_layer(&site, Request::post("/cli.sqrl"), Body::new(body)).await;
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(answer.status(), 200);
    let reply = answer.into_body().collect().await.expect("a body").to_bytes();
    let reply = Reply::parse(std::str::from_utf8(&reply).expect("text")).expect("a reply");
    assert_eq!(reply.tif.to_string(), "c0");
    drop(sender);
}

/// The server reads the part beyond the limit while it sends the reply, for two seconds. If there
/// is more than one MiB, the connection stays open that long, so that the reply is not lost.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_long_is_abandoned() {
    let site = Site::new().await;
    let (sender, body) = tokio::sync::mpsc::channel::<Bytes>(1);
    sender.send(vec![b'a'; 10_000].into()).await.expect("a body");
    let began = Instant::now();
    let answer = call_layer(&site, Request::post("/cli.sqrl"), Body::new(Endless(body))).await;
    assert_eq!((began.elapsed().as_secs(), answer.status().as_u16()), (0, 200));
    while sender.send(Bytes::from_static(b"a")).await.is_ok() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(began.elapsed().as_secs(), 2);

    let (sender, body) = tokio::sync::mpsc::channel::<Bytes>(1);
    let began = Instant::now();
    let asked = call_layer(&site, Request::post("/cli.sqrl"), Body::new(Endless(body)));
    let sending = async {
        for _ in 0..7 {
            let _ = sender.send(vec![b'a'; 1 << 18].into()).await;
        }
    };
    let (answer, ()) = tokio::join!(asked, sending);
    assert_eq!((began.elapsed().as_secs(), answer.status().as_u16()), (0, 200));
    sender.closed().await;
    assert_eq!(began.elapsed().as_secs(), 2);
}

/// A body from a slow sender.
struct Endless(tokio::sync::mpsc::Receiver<Bytes>);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|some| some.map(|some| Ok(http_body::Frame::data(some))))
    }
}
