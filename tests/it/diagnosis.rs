//! Log messages for an application that is configured wrong.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum::{Router, response::IntoResponse};
use tower::ServiceExt;
use tower_sqrl::axum::{ChallengeRejection, LoginRejection, SqrlChallenge, SqrlLogin};
use tower_sqrl_client::Http;
use tower_sqrl_client::browser::Browser;

use crate::common::{Site, alice, secrets};

/// Returns how often a text has been logged.
fn times(what: &str) -> usize {
    secrets::logged().matches(what).count()
}

#[tokio::test]
async fn a_sign_in_without_a_route_is_told() {
    const SAYS: &str = "WARN tower_sqrl::service::sign_in: the application answered 404 on \
                        `/signd-in` to a request that brought a sign-in";
    let site = Site::with(|builder| builder.signed_in_path("/signd-in")).await;
    let visit = site.visit().await;
    assert_eq!(visit.get("signd-in").await.status(), 404);
    assert_eq!(times("brought a sign-in"), 0, "that one brought none");
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    assert_eq!(visit.collect().await.status, 404);
    assert_eq!(times(SAYS), 1, "{}", secrets::logged());
}

#[tokio::test]
async fn a_path_that_the_layer_does_not_know_is_told() {
    secrets::listen();
    let inner = Router::new()
        .route("/enter", get(async |challenge: SqrlChallenge| challenge.page()))
        .route("/entered", get(async |login: SqrlLogin| login.idk().to_string()));
    let app = inner.clone().nest("/account", inner);
    for (path, extractor, seen) in [
        ("/enter", "SqrlChallenge", "`/enter`"),
        ("/entered", "SqrlLogin", "`/entered`"),
        ("/account/enter", "SqrlChallenge", "`/enter` below `/account`"),
        ("/account/entered", "SqrlLogin", "`/entered` below `/account`"),
    ] {
        let request = Request::get(format!("{path}?secret")).body(Body::empty());
        let answer = app.clone().oneshot(request.expect("a request")).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let says = format!("`{extractor}` on a path that the layer does not know, {seen}: add");
        assert_eq!(times(&says), 1, "{says} in {}", secrets::logged());
    }
    assert_eq!(times("secret"), 0, "not what else the address holds");
    // The application can handle the error itself.
    let seen = || "`/x`".into();
    for rejection in [
        ChallengeRejection::NotTheSignInPath { seen: seen() }.into_response(),
        LoginRejection::NotTheSignedInPath { seen: seen() }.into_response(),
    ] {
        assert_eq!(rejection.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}

const NOT_TRUSTED: &str = "from an address that is no trusted proxy";
const NOT_READABLE: &str = "a trusted proxy brings no address that can be read";

/// Returns how often each message was logged after a visit with these connections.
async fn said(site: &Site, http: Http) -> (usize, usize) {
    site.visit_with(&Browser::new(http)).await;
    (times(NOT_TRUSTED), times(NOT_READABLE))
}

#[tokio::test]
async fn a_proxy_that_is_not_named_is_told_once() {
    let site = Site::new().await;
    assert_eq!(said(&site, site.http()).await, (0, 0), "no header, no proxy");
    assert_eq!(said(&site, site.http_from("203.0.113.1")).await, (1, 0));
    assert!(secrets::logged().contains("name it with `trusted_proxy`"), "{}", secrets::logged());
    assert!(!secrets::logged().contains("203.0.113.1"), "what anybody wrote is not repeated");
    assert_eq!(said(&site, site.http_from("203.0.113.2")).await, (1, 0), "said once");
}

#[tokio::test]
async fn a_proxy_that_tells_nothing_is_told_once() {
    for silent in [None, Some("unknown"), Some("unknown, 127.0.0.1")] {
        let site = Site::behind_proxy().await;
        let before = times(NOT_READABLE);
        let readable = said(&site, site.http_from("unknown, 203.0.113.1")).await;
        assert_eq!(readable, (0, before), "what stands further left is not looked at");
        let http = || silent.map_or_else(|| site.http(), |value| site.http_from(value));
        assert_eq!(said(&site, http()).await, (0, before + 1), "{silent:?}");
        assert_eq!(said(&site, http()).await, (0, before + 1), "said once");
        assert!(secrets::logged().contains("`address_header`"), "{}", secrets::logged());
    }
}
