//! Attack 11: growing the server's memory or work.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::Notify;
use tokio::time::timeout;
use tower_sqrl_client::browser::{Browser, Waiting};
use tower_sqrl_client::wire::{Form, Reply};
use tower_sqrl_client::{Http, base64url};

use crate::common::{Site, alice, call_layer, read};

#[tokio::test]
async fn attack_11_a_flood_of_links_pushes_out_nobody_else() {
    let site = Site::with_nut_capacity(64, |builder| builder.trusted_proxy("127.0.0.1")).await;
    let people = ["203.0.113.1", "203.0.113.2"];
    let http = people.map(|address| site.http_from(address));
    let pending = site.visit_in(&Browser::new(http[0].clone())).await;
    let signed_in = site.visit_in(&Browser::new(http[1].clone())).await;
    assert_eq!(signed_in.chain_by(&alice(), &http[1]).ident().await, "5");
    let taken_over = site.visit_in(&Browser::new(http[1].clone())).await;
    let mut cps = taken_over.chain_by(&alice(), &http[1]).with_opt("cps");
    assert_eq!(cps.ident().await, "5");
    let flood = site.http_from("198.51.100.1");
    for _ in 0..300 {
        let answer = flood.get(&format!("{}/nut.sqrl", site.socket_url), HeaderMap::new()).await;
        assert_eq!(answer.expect("an answer").status(), 200);
    }
    assert_eq!(pending.chain_by(&alice(), &http[0]).ident().await, "5");
    pending.collect().await;
    signed_in.collect().await;
    let url = cps.cps_url();
    assert_eq!(taken_over.browser.open(&url).await.expect("a page").status, 200);
    // A whole IPv6 network counts as one address.
    let pending = site.visit_in(&Browser::new(http[0].clone())).await;
    for host in 0..100 {
        let flood = site.http_from(&format!("2001:db8::{host:x}"));
        flood
            .get(&format!("{}/nut.sqrl", site.socket_url), HeaderMap::new())
            .await
            .expect("an answer");
    }
    assert_eq!(pending.chain_by(&alice(), &http[0]).query().await, "5");
}

/// Sign-ins that are not collected leave outcomes and CPS ids behind.
#[tokio::test]
async fn attack_11_a_flood_of_sign_ins_pushes_out_nobody_else() {
    let site = Site::with_nut_capacity(32, |builder| builder.trusted_proxy("127.0.0.1")).await;
    let (owner, flood) = (site.http_from("203.0.113.1"), site.http_from("198.51.100.1"));
    let sign_in = async |http: &Http, opt| {
        let visit = site.visit_in(&Browser::new(http.clone())).await;
        let mut chain = visit.chain_by(&alice(), http).with_opt(opt);
        assert_eq!(chain.ident().await, "5");
        (visit, chain)
    };
    let flooding = async || {
        for _ in 0..40 {
            sign_in(&flood, "suk").await;
            sign_in(&flood, "cps").await;
        }
    };
    let before = (sign_in(&owner, "suk").await, sign_in(&owner, "cps").await);
    flooding().await;
    let during = (sign_in(&owner, "suk").await, sign_in(&owner, "cps").await);
    flooding().await;
    for ((visit, _), (elsewhere, chain)) in [before, during] {
        visit.collect().await;
        let page = elsewhere.browser.open(&chain.cps_url()).await.expect("a page");
        assert_eq!(page.status, 200, "{}", page.body);
    }
}

#[tokio::test]
async fn attack_11_version_ranges_are_not_expanded() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    let ranges = ["0-18446744073709551615"; 150].join(",");
    let list = format!("ver={ranges}\r\ncmd=query\r\nidk={}\r\n", chain.idk());
    let form = Form::new(&base64url::encode(list), &chain.server).signed("ids", &chain.key);
    assert!(form.encode().len() < 8192);
    // A server that expanded the range would count to 2^64.
    assert_eq!(chain.send(&form).await, "4");
}

#[tokio::test]
async fn attack_11_one_chain_holds_one_nut() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    // Every step consumes the nut of the step before.
    for _ in 0..50 {
        let before = chain.clone();
        assert_eq!(chain.query().await, "4");
        assert_eq!(before.clone().query().await, "60");
    }
    assert_eq!(visit.poll().await, Waiting::Pending);
}

#[tokio::test]
async fn attack_11_a_huge_body_is_not_read_to_its_end() {
    let site = Site::new().await;
    let chain = site.visit().await.chain(&alice());
    let answer = chain.post(vec![b'a'; 1 << 20]).await;
    assert_eq!(read(&answer).tif.to_string(), "c0");
    // Before the reply, the server reads a body up to the limit, and not at all if the header
    // announces more. With the reply, it reads and discards up to one more MiB.
    for (announced, before, all) in [(0, 9, 9 + 1025), (99_999_999_999, 0, 1025)] {
        let (read, is_dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let body = Counted { announced, read: Arc::clone(&read), is_dropped: is_dropped.clone() };
        let answer = call_layer(&site, Request::post("/cli.sqrl?nut=a"), Body::new(body)).await;
        assert_eq!(read.load(Ordering::Relaxed), before, "{announced}");
        assert_eq!(answer.headers()["connection"], "close");
        let reply = answer.into_body().collect().await.expect("a body").to_bytes();
        let reply = Reply::parse(std::str::from_utf8(&reply).expect("text")).expect("a reply");
        assert_eq!(reply.tif.to_string(), "c0");
        timeout(Duration::from_secs(20), is_dropped.notified()).await.expect("an end");
        assert_eq!(read.load(Ordering::Relaxed), all, "KiB of a body that announces {announced}");
    }
    let names = (0..500).fold(String::new(), |names, n| names + &format!("n{n}=1\r\n"));
    let mut chain = site.visit().await.chain(&alice());
    let list = format!("ver=1\r\ncmd=query\r\nidk={}\r\n{names}", chain.idk());
    let form = Form::new(&base64url::encode(list), &chain.server).signed("ids", &chain.key);
    assert_eq!(chain.send(&form).await, "4");
}

/// An endless body that counts the KiB that are read.
struct Counted {
    announced: u64,
    read: Arc<AtomicUsize>,
    is_dropped: Arc<Notify>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.is_dropped.notify_one();
    }
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.read.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'a'; 1024])))))
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.announced);
        hint
    }
}
