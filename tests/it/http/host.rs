//! The public URL is configured. No response contains a host from the request.

use axum::http::{HeaderMap, HeaderValue, Method};
use tower_sqrl::memory::MemoryIdentityStore;
use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::{ConfigError, Sqrl};
use tower_sqrl_client::browser::Browser;

use crate::common::{Site, alice, cps_id};

#[tokio::test]
async fn no_header_changes_the_public_url() {
    // The same with a trusted proxy, which may only name the address of the client.
    for site in [Site::new().await, Site::behind_proxy().await] {
        let evil = |request: &str, more: &str| {
            format!(
                "{request} HTTP/1.1\r\nhost: evil.example\r\nx-forwarded-host: evil.example\r\n\
                 x-forwarded-proto: gopher\r\nx-forwarded-prefix: /evil.example\r\n\
                 forwarded: host=evil.example;proto=gopher\r\nx-original-url: /evil.example\r\n\
                 referer: http://evil.example/login\r\norigin: http://evil.example\r\n\
                 connection: close\r\n{more}\r\n"
            )
        };
        let visit = site.visit().await;
        let mut chain = visit.chain(&alice()).with_opt("cps");
        assert_eq!(chain.ident().await, "5");
        let url = chain.cps_url();
        let id = cps_id(&url);
        let signed_in = site.visit().await;
        assert_eq!(signed_in.chain(&alice()).ident().await, "5");
        let cookies = format!("cookie: {}\r\n", signed_in.cookies());
        let json = format!("accept: application/json\r\n{cookies}");
        let nut = signed_in.sqrl_url.nut();
        for (request, more) in [
            ("GET /login".to_owned(), ""),
            ("GET /nut.sqrl".to_owned(), &*json),
            (format!("GET /svg.sqrl?nut={nut}"), ""),
            (format!("GET /pag.sqrl?nut={nut}"), &cookies),
            (format!("GET /pag.sqrl?nut={nut}&go"), &cookies),
            (format!("GET http://evil.example/pag.sqrl?nut={nut}"), &cookies),
            (format!("GET /cps.sqrl?{id}"), &cookies),
            ("GET /cps.sqrl?gone".to_owned(), ""),
            ("GET /signed-in".to_owned(), ""),
            ("OPTIONS /nut.sqrl".to_owned(), "access-control-request-method: GET\r\n"),
            ("POST /cli.sqrl".to_owned(), "content-length: 0\r\n"),
        ] {
            let answer = site.raw(&evil(&request, more)).await;
            assert!(answer.starts_with("HTTP/1.1 "), "{request}: {answer}");
            assert!(!answer.contains("evil"), "{request}: {answer}");
            assert!(!answer.to_lowercase().contains("access-control"), "{request}: {answer}");
        }
    }
}

/// A form from another host on this machine is another site's, whatever `Host` is.
#[tokio::test]
async fn the_origin_of_a_confirmation_is_compared_with_the_configured_one() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice()).with_opt("cps");
    assert_eq!(chain.ident().await, "5");
    let url = chain.cps_url();
    let other = Browser::new(site.http());
    let page = other.open(&url).await.expect("a page");
    let mut headers = HeaderMap::new();
    headers.insert("origin", HeaderValue::from_static("http://evil.example"));
    headers.insert("host", HeaderValue::from_static("evil.example"));
    let id = cps_id(&url);
    let sent = other.fetch(Method::POST, &page.url, headers, format!("id={id}").into()).await;
    assert_eq!(sent.expect("an answer").status(), 403);
}

/// A configured value that becomes part of a header is checked when the site is built.
#[test]
fn no_configured_path_breaks_out_of_a_header() {
    let builder =
        || Sqrl::builder("https://example.com", MemoryNutStore::new(), MemoryIdentityStore::new());
    for path in
        ["/a\r\nset-cookie: b", "/a\nb", "/a b", "/a?b", "/a;b", "//evil.example", "/a\u{e9}"]
    {
        for built in [
            builder().sign_in_path(path).build(),
            builder().signed_in_path(path).build(),
            builder().prefix(path).build(),
        ] {
            assert!(matches!(built, Err(ConfigError::Path { .. })), "{path:?}");
        }
    }
    for origin in ["https://example.com/a\r\nb", "https://exa mple.com", "https://a@example.com"] {
        let stores = (MemoryNutStore::new(), MemoryIdentityStore::new());
        assert!(Sqrl::builder(origin, stores.0, stores.1).build().is_err(), "{origin:?}");
    }
}
