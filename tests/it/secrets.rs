//! Secrets in output. Every test here that has a `Site` ends with a check: no key, nut, signature,
//! cookie or CPS id that it has seen is in the TRACE log of the library (`common/secrets.rs`). The
//! tests in this file check that check, and `Debug`.

use std::fmt::Debug;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use tower::{Layer, ServiceExt, service_fn};
use tower_sqrl::ChallengeOptions;
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::nuts::{Attachments, CpsId, Digest, NutStore, WaitId};
use tower_sqrl::protocol::{Idk, IndexedSecret, Nut, Suk, UnverifiedRequest, Vuk};

use crate::common::secrets::{self, secret_in};
use crate::common::{Setup, Site, TestClock, alice};

/// The check finds a logged secret.
#[tokio::test]
#[should_panic(expected = "a secret is in the log")]
async fn a_nut_that_is_logged_is_found() {
    let site = Site::new().await;
    let visit = site.visit().await;
    tracing::trace!(target: "tower_sqrl::planted", "here it is: {}", visit.sqrl_url);
    drop(site);
}

#[tokio::test]
#[should_panic(expected = "a secret is in the log")]
async fn bytes_that_are_logged_are_found() {
    let site = Site::new().await;
    let bytes = site.visit().await.browser.cookies().iter().next().map(|cookie| {
        let (secret, _) = cookie.value.split_once('.').expect("a secret");
        tower_sqrl_client::base64url::decode(secret).expect("base64url")
    });
    tracing::trace!(target: "tower_sqrl::planted", "here it is: {bytes:?}");
    drop(site);
}

/// Asserts that neither form of `Debug` has a secret.
fn assert_debug_hides_secrets(value: &impl Debug) {
    for text in
        [format!("{value:?}"), format!("{value:#?}").replace([' ', '\n'], "").replace(',', ", ")]
    {
        assert_eq!(secret_in(&text), None, "{text}");
    }
}

const BYTES: [u8; 32] = *b"\xf1\xe2\xd3\xc4\xb5\xa6\x97\x88secret, not very random.";

fn half() -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&BYTES[..16]);
    half
}

/// A derived `Debug` on one of these types fails this test.
#[test]
fn debug_output_has_no_secret() {
    use tower_sqrl_client::base64url::encode;

    secrets::record(&encode(BYTES));
    secrets::record(&encode(half()));
    assert!(secret_in(&format!("{BYTES:?}")).is_some(), "it would be seen");
    assert!(secret_in(&format!("{:?}", half())).is_some());
    assert!(secret_in(&encode(half())).is_some());

    assert_debug_hides_secrets(&Nut::from_bytes(half()));
    assert_debug_hides_secrets(&CpsId::from_bytes(half()));
    assert_debug_hides_secrets(&WaitId::from_bytes(half()));
    assert_debug_hides_secrets(&Digest::from_bytes(BYTES));
    assert_debug_hides_secrets(&Idk::from_bytes(BYTES));
    assert_debug_hides_secrets(&Suk::from_bytes(BYTES));
    assert_debug_hides_secrets(&Vuk::from_bytes(BYTES));
    assert_debug_hides_secrets(&IndexedSecret::from_bytes(BYTES));
    let mut attached = Attachments::default();
    attached.data = Some(BYTES.to_vec().into());
    attached.sealed = Some(BYTES.to_vec().into());
    assert_debug_hides_secrets(&attached);
    assert_debug_hides_secrets(&ChallengeOptions::default().data(BYTES.to_vec()));
    #[cfg(feature = "sin")]
    {
        let stores = (MemoryNutStore::new(), MemoryIdentityStore::new());
        let builder = tower_sqrl::Sqrl::builder("https://example.com", stores.0, stores.1);
        let builder = builder.indexed_secret("files", BYTES);
        assert_debug_hides_secrets(&builder);
        assert_debug_hides_secrets(&builder.build().expect("a site"));
    }
}

/// The same for values of a sign-in in progress, with real secrets.
#[tokio::test]
async fn debug_output_during_a_sign_in_has_no_secret() {
    let nuts = std::sync::Arc::new(MemoryNutStore::new());
    let identities = std::sync::Arc::new(MemoryIdentityStore::new());
    let tap = crate::common::Tap::new(nuts.clone(), identities.clone());
    let site =
        Site::on_stores(tap, TestClock::default(), Setup::default(), |builder| builder).await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("cps~suk");
    let body = chain.signed(&chain.params_with_keys("ident").with("ins", &"B".repeat(42)));
    secrets::record_request(body.encode().as_bytes());
    assert!(UnverifiedRequest::parse(body.encode().as_bytes()).is_err(), "42 are no secret");
    let body =
        chain.signed(&chain.params_with_keys("ident").with("ins", &format!("{}Q", "B".repeat(42))));
    secrets::record_request(body.encode().as_bytes());
    let request = UnverifiedRequest::parse(body.encode().as_bytes()).expect("a request");
    assert_debug_hides_secrets(&request);
    assert_debug_hides_secrets(&request.verify().expect("its owner's"));
    assert_eq!(chain.send(&body).await, "5");
    let wait = site.visit().await;
    assert_eq!(wait.chain(&alice()).ident().await, "5");
    // The stores with all these records, and the site.
    let nut = chain.reply().nut.parse::<Nut>().expect("a nut");
    let info = nuts.get_nut(&nut, tower_sqrl::nuts::NutState::Pending).await.expect("a store");
    assert_debug_hides_secrets(&info.expect("a record"));
    assert_debug_hides_secrets(&nuts);
    assert_debug_hides_secrets(&identities);
    assert_debug_hides_secrets(&site.sqrl);

    let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)));
    let (parts, ()) = Request::get("/").extension(peer).body(()).expect("a request").into_parts();
    let challenge = site.sqrl.challenge(&parts, ChallengeOptions::default()).await;
    let challenge = challenge.expect("a challenge");
    secrets::record(&challenge.nut().to_string());
    assert_debug_hides_secrets(&challenge);
    // The header of its cookie is marked as sensitive.
    let page = challenge.attach_to(axum::http::Response::new(()));
    let cookie = page.headers()["set-cookie"].to_str().expect("text").to_owned();
    secrets::record(cookie.split(['=', '.']).nth(1).expect("a secret"));
    assert_debug_hides_secrets(page.headers());

    // A response of the layer, with its body.
    let inner = service_fn(async |_: Request<Body>| {
        Ok::<_, std::convert::Infallible>(axum::http::Response::new(Body::empty()))
    });
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = "/nut.sqrl".parse().expect("a path");
    request.extensions_mut().insert(peer);
    let response = site.sqrl.layer().layer(inner).oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    let printed = format!("{response:?}");
    let body = axum::body::to_bytes(Body::new(response.into_body()), 1000).await.expect("a body");
    let body = String::from_utf8(body.to_vec()).expect("text");
    secrets::record(body.strip_prefix("nut=").expect("a nut"));
    // The name of the cookie contains the nut, and is not shown either.
    assert_eq!(secret_in(&printed), None, "{printed}");

    // The collected sign-in, with the data of the application.
    let page = wait.collect().await;
    assert!(page.body.contains("idk="));
}
