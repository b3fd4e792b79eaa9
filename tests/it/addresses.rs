//! Section 4: mount paths, proxies and SQRL URLs.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, REFERER};
use axum::http::{HeaderName, HeaderValue, Method};
use test_servers::Nginx;
use tokio::net::UnixListener;
use tower_sqrl::SqrlBuilder;
use tower_sqrl_client::base64url;
use tower_sqrl_client::browser::Browser;

use crate::common::{Setup, Site, alice, cps_id, secrets};

#[tokio::test]
async fn nested_under_a_path_and_a_prefix() {
    let setup = Setup { mount: "/app", ..Setup::default() };
    let site = Site::with_setup(setup, |builder| builder.prefix("/auth")).await;
    let visit = site.visit().await;
    assert!(visit.sqrl_url.as_str().contains("/app/auth/cli.sqrl?nut="), "{}", visit.sqrl_url);
    let mut chain = visit.chain(&alice()).with_opt("cps");
    assert_eq!(chain.query().await, "4");
    assert!(chain.reply().qry.starts_with("/app/auth/cli.sqrl?nut="));
    assert_eq!(chain.ident().await, "5");
    let url = chain.cps_url();
    assert!(url.starts_with(&format!("{}/auth/cps.sqrl?", site.public_url)), "{url}");
    // In another browser, with the question.
    let other = Browser::new(site.http());
    let page = other.open(&url).await.expect("a page");
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/app/auth/cps.sqrl"));
    assert!(page.body.contains("action=\"/app/auth/cps.sqrl\""));
    let id = cps_id(&url);
    let page = other.submit(&page.url, "/app/auth/cps.sqrl", &[("id", id)]).await.expect("a page");
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/app/signed-in"));
    // By the waiting page.
    site.visit().await.sign_in(&alice()).await;
    for picture in ["svg", "png"] {
        let answer = visit.get(&format!("{picture}.sqrl?nut={}", visit.sqrl_url.nut())).await;
        assert_eq!(answer.status(), 200);
    }
    // Without the prefix, the layer answers no path.
    let answer = site.http().get(&format!("{}/cli.sqrl", site.public_url), HeaderMap::new()).await;
    assert_eq!(answer.expect("an answer").status(), 404);
}

#[tokio::test]
async fn an_authentication_domain_with_a_path() {
    let setup = Setup { mount: "/app", ..Setup::default() };
    let site = Site::with_setup(setup, |builder| builder.extend_domain(4)).await;
    let visit = site.visit().await;
    assert!(visit.sqrl_url.as_str().contains("/app/cli.sqrl?x=4&nut="));
    assert_eq!(visit.sqrl_url.domain().as_str(), "127.0.0.1/app");
    let text = visit.get("nut.sqrl").await.into_body();
    assert!(text.starts_with(b"x=4&nut="));
    visit.sign_in(&alice()).await;
}

fn headers(name: HeaderName, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a value"))])
}

#[tokio::test]
async fn an_endpoint_issues_sqrl_urls_for_custom_pages() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let text = |answer: axum::http::Response<axum::body::Bytes>| {
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers().get_all("set-cookie").iter().count(), 1);
        String::from_utf8(answer.into_body().to_vec()).expect("text")
    };
    let plain = text(visit.get("nut.sqrl").await);
    assert_eq!(plain.len(), "nut=".len() + 22, "{plain}");
    let ours = format!("{}/login", site.public_url);
    let asked = visit.request(Method::GET, "nut.sqrl", headers(REFERER, &ours), "").await;
    assert!(text(asked).ends_with(&format!("&can={}", base64url::encode(&ours))));
    for referrer in ["https://evil.example/", &format!("{}.evil.example/", site.public_url)] {
        let asked = visit.request(Method::GET, "nut.sqrl", headers(REFERER, referrer), "").await;
        assert!(!text(asked).contains("can="), "{referrer}");
    }
    let smuggled = [
        format!("{}/\r\nset-cookie: a", site.public_url),
        format!("{}\r\nurl=https://evil.example/", site.public_url),
        format!("{}/\n", site.public_url),
        format!("{}//evil.example/", site.public_url),
        format!("{}/\\evil.example/", site.public_url),
        format!("{}@evil.example/", site.public_url),
        format!("{}/ä", site.public_url),
    ];
    let elsewhere = ["https://evil.example/", "javascript:alert(1)", "//evil.example/"];
    for can in elsewhere.into_iter().chain(smuggled.iter().map(String::as_str)) {
        let asked = visit.get(&format!("nut.sqrl?can={}", base64url::encode(can))).await;
        assert_eq!(asked.status(), 400, "{can:?}");
    }
    let json =
        visit.request(Method::GET, "nut.sqrl", headers(ACCEPT, "application/json"), "").await;
    assert_eq!(json.headers()["content-type"], "application/json");
    let json = text(json);
    assert!(json.starts_with("{\"link\":\"qrl://127.0.0.1:"), "{json}");
    assert!(json.ends_with(",\"expires_in\":300}"), "{json}");
}

#[tokio::test]
async fn a_qr_code_has_no_can() {
    let site = Site::new().await;
    let visit = site.visit().await;
    for query in ["", "?nut=", "?nut=<script>", "?nut=A&nut=B"] {
        assert_eq!(visit.get(&format!("svg.sqrl{query}")).await.status(), 400, "{query}");
        assert_eq!(visit.get(&format!("png.sqrl{query}")).await.status(), 400, "{query}");
    }
    let nut = visit.sqrl_url.nut();
    let plain = visit.get(&format!("svg.sqrl?nut={nut}")).await.into_body();
    let with = visit.get(&format!("svg.sqrl?nut={nut}&can=YWJj")).await.into_body();
    assert_eq!(plain, with);
}

/// Returns whether the site sees the same address for a browser and a client that send these
/// headers.
async fn same_address(site: &Site, browser: &str, client: &str) -> bool {
    let browser = Browser::new(site.http_from(browser));
    let visit = site.visit_in(&browser).await;
    let mut chain = visit.chain_by(&alice(), &site.http_from(client)).with_opt("noiptest");
    match chain.query().await.as_str() {
        "4" => true,
        "0" => false,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_trusted_proxy_names_the_client_address() {
    let site =
        Site::with(|builder| builder.trusted_proxy("127.0.0.1").trusted_proxy("10.0.0.0/8")).await;
    for (browser, client, same) in [
        ("203.0.113.1", "203.0.113.1", true),
        ("203.0.113.1", "203.0.113.2", false),
        ("::ffff:203.0.113.1", "203.0.113.1", true),
        ("203.0.113.1, 10.1.2.3", "203.0.113.1", true),
        // A client may have written the entries to the left.
        ("203.0.113.1", "203.0.113.1, 198.51.100.1", false),
        ("10.0.0.1, 203.0.113.1", "203.0.113.1", true),
        ("[2001:db8::1]:443", "2001:db8::1", true),
        ("2001:db8::1", "2001:db8::2", false),
    ] {
        assert_eq!(same_address(&site, browser, client).await, same, "{browser} and {client}");
    }
}

#[tokio::test]
async fn without_a_trusted_proxy_headers_are_ignored() {
    let site = Site::new().await;
    assert!(same_address(&site, "203.0.113.1", "203.0.113.2").await);
}

#[tokio::test]
async fn only_the_configured_header_counts() {
    let site =
        Site::with(|builder| builder.trusted_proxy("127.0.0.1").address_header("x-real-ip")).await;
    assert!(same_address(&site, "203.0.113.1", "203.0.113.2").await);
}

/// The application listens on a Unix socket. For one path, the proxy does not set its header.
const NGINX: &str = "\
events {}
http {
    access_log off;
    proxy_set_header Host $http_host;
    server {
        listen 127.0.0.1:{{port}};
        location / {
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_pass http://unix:{{dir}}/app.sock:;
        }
        location = /nut.sqrl {
            proxy_set_header X-Forwarded-For \"\";
            proxy_pass http://unix:{{dir}}/app.sock:;
        }
    }
}
";

/// A site behind nginx on a Unix socket.
fn over_unix_socket(nginx: &Nginx, configure: impl FnOnce(SqrlBuilder) -> SqrlBuilder) -> Site {
    let path = nginx.directory().join("app.sock");
    let _ = std::fs::remove_file(&path);
    let socket = UnixListener::bind(&path).expect("a socket");
    // The workers of nginx run as another user.
    std::fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("it is ours");
    Site::on_unix_socket(socket, nginx.url(), configure)
}

#[tokio::test]
async fn behind_nginx_over_a_unix_socket() {
    let nginx = Nginx::start(NGINX).expect("nginx");
    let site = over_unix_socket(&nginx, SqrlBuilder::trust_unix_socket_proxy);
    let visit = site.visit().await;
    let elsewhere = site.http_at("127.0.0.2");
    assert_eq!(visit.chain_by(&alice(), &elsewhere).query().await, "40");
    visit.sign_in(&alice()).await;
    // A request without the header has no address. Such requests do not share one.
    assert_eq!(visit.get("nut.sqrl").await.status(), 500);
    drop(site);

    let site = over_unix_socket(&nginx, |builder| builder);
    let answer = site.http().get(&format!("{}/login", site.socket_url), HeaderMap::new()).await;
    assert_eq!(answer.expect("an answer").status(), 500);
    let log = secrets::logged();
    let advice = "With a Unix socket behind a proxy, call `trust_unix_socket_proxy()`";
    assert!(log.contains(advice), "{log}");
}
