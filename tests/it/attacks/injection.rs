//! Attack 10: injection through values of a client, and secrets in logs.

use axum::http::HeaderMap;
use tower_sqrl::protocol::Idk;
use tower_sqrl_client::base64url;
use tower_sqrl_client::browser::Browser;
use tower_sqrl_client::wire::Form;

use crate::common::{Hook, Site, Verdict, alice, secrets};

const EVIL: &str = "\"><script>alert(1)</script>\r\nset-cookie: evil=1";

#[tokio::test]
async fn attack_10_nothing_of_a_client_comes_back_in_pages_or_headers() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let evil: String = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect();
    for name in [
        format!("nut.sqrl?can={evil}"),
        format!("nut.sqrl?can={}", base64url::encode(EVIL)),
        format!("nut.sqrl?can={}", base64url::encode(format!("{}/{EVIL}", site.public_url))),
        format!("nut.sqrl?renew={evil}"),
        format!("pag.sqrl?nut={evil}"),
        format!("pag.sqrl?nut={evil}&go={evil}"),
        format!("evt.sqrl?nut={evil}"),
        format!("svg.sqrl?nut={evil}"),
        format!("png.sqrl?nut={evil}"),
        format!("cps.sqrl?{evil}"),
        format!("sqrl.js?v={evil}"),
        format!("signed-in?nut={evil}"),
        format!("login?{evil}"),
    ] {
        let answer = visit.get(&name).await;
        let body = String::from_utf8_lossy(answer.body());
        assert!(!body.contains("alert(1)"), "{name}: {body}");
        assert!(!format!("{:?}", answer.headers()).contains("evil"), "{name}");
    }
    // A client's request has no influence on the lines of the reply.
    let mut chain = visit.chain(&alice());
    let list = format!("ver=1\r\ncmd=<b>\r\nidk={}\r\nurl=javascript:alert(1)\r\n", chain.idk());
    let form = Form::new(&base64url::encode(list), &chain.server).signed("ids", &chain.key);
    assert_eq!(chain.send(&form).await, "54");
    assert!(chain.extra_names().is_empty());
}

#[tokio::test]
async fn attack_10_a_name_is_text_in_the_page_that_asks() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&alice()).with_opt("cps");
    let idk = chain.idk().parse::<Idk>().expect("a key");
    site.sqrl.link(&idk, EVIL).await.expect("linked");
    assert_eq!(chain.ident().await, "5");
    let url = chain.cps_url();
    let page = Browser::new(site.http()).open(&url).await.expect("a page");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("&lt;script&gt;alert(1)"), "{}", page.body);
    assert!(!page.body.contains("<script>alert"));
    let csp = page.headers["content-security-policy"].to_str().expect("text");
    assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{csp}");
    assert!(!csp.contains("unsafe"));
    assert_eq!(page.headers["x-frame-options"], "DENY");
}

#[tokio::test]
async fn attack_10_there_is_no_diagnostics_page() {
    let site = Site::new().await;
    for name in ["diag.sqrl", "dia.sqrl", "inf.sqrl", "reg.sqrl", "rem.sqrl", "metrics", "debug"] {
        let answer =
            site.http().get(&format!("{}/{name}", site.socket_url), HeaderMap::new()).await;
        assert_eq!(answer.expect("an answer").status(), 404, "{name}");
    }
}

#[tokio::test]
async fn attack_10_no_secret_is_logged() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("cps~suk");
    // Every kind of refusal, a failing store, and a success.
    let form = chain.signed(&chain.params("query")).altered("ids", &"A".repeat(86));
    assert_eq!(chain.clone().send(&form).await, "c0");
    let mut altered = chain.clone();
    altered.server = base64url::encode(EVIL);
    assert_eq!(altered.query().await, "c4");
    assert_eq!(chain.with_http(&site.http_at("127.0.0.2")).query().await, "40");
    site.tap.plan(Hook::LookUp, Verdict::Fail);
    assert_eq!(chain.query().await, "64");
    let form = chain.signed(&chain.params_with_keys("ident"));
    assert_eq!(chain.send(&form).await, "5");
    let url = chain.cps_url();
    let other = Browser::new(site.http());
    assert_eq!(other.open(&url).await.expect("a page").status, 200);
    assert_eq!(visit.browser.open(&url).await.expect("a page").status, 200);
    assert_eq!(visit.browser.open(&url).await.expect("a page").status, 410);
    let stale = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
    assert_eq!(stale.status, 401);
    let idk = chain.idk().parse::<Idk>().expect("a key");
    let identity = site.sqrl.identity(&idk).await.expect("a look-up").expect("an identity");
    let debug = format!("{:?} {idk:?} {identity:?}", site.sqrl);
    let ours = secrets::logged();
    // The library's events are in the log.
    assert!(ours.contains("a store failed") && ours.lines().count() >= 5, "{ours}");
    assert!(!ours.contains("alert(1)"), "{ours}");
    // The first nut, a later one, a cookie, a signature, keys, and the id of the CPS URL.
    assert!(secrets::known().len() >= 8, "{:?}", secrets::known());
    assert_eq!(secrets::secret_in(&debug), None, "{debug}");
    secrets::assert_none_logged();
}
