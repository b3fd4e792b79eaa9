//! Log messages for an application that is configured wrong.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum::{Router, response::IntoResponse};
use tower::ServiceExt;
use tower_sqrl::axum::{SqrlChallenge, SqrlError, SqrlLogin};
use tower_sqrl::{ChallengeError, LinkError, NotSignedIn, Sqrl, StoreError};
use tower_sqrl_client::Http;
use tower_sqrl_client::browser::Browser;

use crate::common::{Site, alice, secrets};

/// Returns how often a text has been logged.
fn times(what: &str) -> usize {
    secrets::logged().matches(what).count()
}

#[tokio::test]
async fn a_missing_route_is_logged() {
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
async fn a_missing_layer_is_logged() {
    secrets::record_log();
    let inner = Router::new()
        .route("/challenge", get(async |challenge: SqrlChallenge| challenge.page()))
        .route("/login", get(async |login: SqrlLogin| login.idk().to_string()))
        .route("/sqrl", get(async |sqrl: Sqrl| sqrl.store_failures().to_string()));
    let app = inner.clone().nest("/account", inner);
    for path in ["/challenge", "/login", "/sqrl"] {
        for (below, seen) in
            [("", format!("`{path}`")), ("/account", format!("`{path}` below `/account`"))]
        {
            let request = Request::get(format!("{below}{path}?secret")).body(Body::empty());
            let answer = app.clone().oneshot(request.expect("a request")).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let says = format!("the layer of tower-sqrl is missing on {seen}: add `.layer(");
            assert_eq!(times(&says), 1, "{says} in {}", secrets::logged());
        }
    }
    assert_eq!(times("secret"), 0, "not what else the address holds");
}

#[tokio::test]
async fn a_login_extractor_on_another_path_is_logged() {
    let site = Site::new().await;
    let app = Router::new()
        .route("/entered", get(async |login: SqrlLogin| login.idk().to_string()))
        .layer(site.sqrl.layer());
    let request = Request::get("/entered").body(Body::empty()).expect("a request");
    let answer = app.oneshot(request).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(times("`SqrlLogin` on `/entered`, where no sign-in arrives"), 1);
}

/// An error that the application returns as a response reveals nothing about the site.
#[tokio::test]
async fn errors_are_responses() {
    for (error, status, text) in [
        (SqrlError::from(StoreError::unavailable("10.0.0.31")), 503, "does not work at the moment"),
        (LinkError::Linked("ada".into()).into(), 409, "linked with another account"),
        (LinkError::NotLive.into(), 401, "not known here any more"),
        (LinkError::Busy.into(), 503, "does not work at the moment"),
        (NotSignedIn::Nothing.into(), 401, ""),
        (NotSignedIn::Unavailable.into(), 503, ""),
        (ChallengeError::TooManyChallenges.into(), 429, "too many"),
        (ChallengeError::NoClientAddress.into(), 500, "does not work at the moment"),
    ] {
        let says = error.to_string();
        let response = error.into_response();
        assert_eq!(response.status(), status, "{says}");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = axum::body::to_bytes(response.into_body(), 1000).await.expect("a text");
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(body.contains(text), "{says}: {body}");
        assert!(!body.contains("10.0.0.31") && !body.contains("ada"), "{says}: {body}");
    }
}

const NOT_TRUSTED: &str = "from an address that is not a trusted proxy";
const NOT_READABLE: &str = "trusted proxy sent no valid address";

/// Returns how often each message was logged after a visit with these connections.
async fn said(site: &Site, http: Http) -> (usize, usize) {
    site.visit_in(&Browser::new(http)).await;
    (times(NOT_TRUSTED), times(NOT_READABLE))
}

#[tokio::test]
async fn an_untrusted_proxy_is_logged_once() {
    let site = Site::new().await;
    assert_eq!(said(&site, site.http()).await, (0, 0), "no header, no proxy");
    assert_eq!(said(&site, site.http_from("203.0.113.1")).await, (1, 0));
    assert!(secrets::logged().contains("configure `trusted_proxy`"), "{}", secrets::logged());
    assert!(!secrets::logged().contains("203.0.113.1"), "what anybody wrote is not repeated");
    assert_eq!(said(&site, site.http_from("203.0.113.2")).await, (1, 0), "said once");
}

#[tokio::test]
async fn a_proxy_without_an_address_is_logged_once() {
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
