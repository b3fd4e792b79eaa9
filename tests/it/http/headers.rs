//! The responses of the layer are those in the table of `docs/http.md`.

use std::fs;
use std::path::Path;

use axum::http::{HeaderMap, Method};
use tower_sqrl::nuts::NutState::Pending;
use tower_sqrl_client::base64url;

use super::row::{CONFIRM_POLICY, MESSAGE_POLICY, SIGN_IN_POLICY};
use super::walk::Walk;
use crate::common::{Hook, Site};

const HEAD: &str = "\
| Request | Status | Type | Cache-Control | Policy | Referrer | Cookies | Other headers |
|---|---|---|---|---|---|---|---|
";

#[tokio::test]
async fn every_response_is_in_the_table() {
    let over_http = Walk::all(false).await;
    let over_https = Walk::all(true).await;
    // Each row checks the names of its cookies and `Secure`.
    assert_eq!(over_http, over_https);
    let table = format!("{HEAD}{}\n", over_http.join("\n"));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/http.md");
    let page = fs::read_to_string(page).expect("a file of the repository");
    let (_, rest) = page.split_once("<!-- responses -->\n").expect("the table's beginning");
    let (there, _) = rest.split_once("<!-- /responses -->").expect("the table's end");
    assert_eq!(there, table, "put this between the marks of docs/http.md:\n{table}");
    // The code has these in several lines.
    for policy in [SIGN_IN_POLICY, CONFIRM_POLICY, MESSAGE_POLICY] {
        assert!(page.contains(policy), "{policy}");
    }
}

/// A `HEAD` request checks whether the page exists. It creates no SQRL URL and uses no room in the
/// store.
#[tokio::test]
async fn head_creates_no_sqrl_url() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let get = visit.get("login").await;
    assert_eq!(site.tap.calls(), [Hook::StoreNut(Pending); 2]);
    let head = visit.request(Method::HEAD, "login", HeaderMap::new(), "").await;
    assert_eq!(site.tap.calls(), []);
    assert_eq!((head.status(), head.body().len()), (get.status(), 0));
    for name in ["content-length", "content-type", "content-security-policy"] {
        assert_eq!(head.headers()[name], get.headers()[name], "{name}");
    }
}

/// A request that is refused because of its `can` creates no SQRL URL.
#[tokio::test]
async fn a_refused_request_creates_no_sqrl_url() {
    let site = Site::new().await;
    let visit = site.visit().await;
    site.tap.calls();
    let can = base64url::encode("https://elsewhere.example/");
    assert_eq!(visit.get(&format!("nut.sqrl?can={can}")).await.status(), 400);
    assert_eq!(site.tap.calls(), []);
}
