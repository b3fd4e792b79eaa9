//! Sessions, security headers, and other sites' forms.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use test_servers::Postgres;
use tower_sqrl_client::browser::CookieJar;
use tower_sqrl_postgres::tokio_postgres;

use crate::person::{Person, account_id};
use crate::process::Demo;

#[tokio::test]
async fn every_sign_in_begins_a_new_session() {
    let demo = Demo::in_memory(&[]);
    let (ada, bob) = (Person::new(), Person::new());
    ada.browser.open(&demo.url("/")).await.expect("a page");
    assert_eq!(ada.session(), None, "a visit alone creates no session");
    let account = account_id(&ada.sign_in(&demo).await);
    let (first, first_jar) = (ada.session().expect("a session"), ada.browser.cookies());
    let cookie = first_jar.get("demo").expect("a cookie");
    assert!(cookie.http_only);

    // Another person signs in with the same browser.
    let shared = Person { browser: ada.browser.clone(), client: bob.client.clone() };
    assert_ne!(account_id(&shared.sign_in(&demo).await), account);
    assert_ne!(shared.session().expect("a session"), first);
    ada.browser.set_cookies(first_jar);
    assert_eq!(ada.account(&demo).await.url.path(), "/login", "the old id is not valid");
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    ada.sign_in(&demo).await;
    let jar = ada.browser.cookies();
    let page = ada.browser.open(&demo.url("/sign-out")).await.expect("a page");
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED, "not by GET");
    assert_eq!(ada.account(&demo).await.url.path(), "/account");

    let page = ada.submit(&demo, "/sign-out", &[]).await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/"));
    assert_eq!(ada.session(), None);
    assert_eq!(ada.account(&demo).await.url.path(), "/login");
    ada.browser.set_cookies(jar);
    assert_eq!(ada.account(&demo).await.url.path(), "/login", "nor with a copy of the cookie");
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    ada.sign_in(&demo).await;
    let own = HeaderValue::from_str(&demo.public_url).expect("an origin");
    let other = HeaderValue::from_static("http://evil.example");
    let metadata = header::HeaderName::from_static("sec-fetch-site");
    for (name, value) in [
        (None, &other),
        (Some(&header::ORIGIN), &other),
        (Some(&metadata), &HeaderValue::from_static("cross-site")),
        (Some(&metadata), &HeaderValue::from_static("same-site")),
    ] {
        let mut headers = HeaderMap::new();
        headers.extend(name.map(|name| (name.clone(), value.clone())));
        let url = demo.page("/sign-out");
        let answer = ada.browser.fetch(Method::POST, &url, headers, Bytes::new()).await;
        assert_eq!(
            answer.expect("an answer").status(),
            StatusCode::FORBIDDEN,
            "{name:?} {value:?}"
        );
        assert_eq!(ada.account(&demo).await.url.path(), "/account", "still signed in");
    }
    let headers = HeaderMap::from_iter([(header::ORIGIN, own)]);
    let url = demo.page("/sign-out");
    let answer = ada.browser.fetch(Method::POST, &url, headers, Bytes::new()).await;
    assert_eq!(answer.expect("an answer").status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_visit_without_a_sign_in_is_answered_401() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    let page = ada.browser.open(&demo.url("/signed-in")).await.expect("a page");
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.body.contains("there is no sign-in to collect"), "{}", page.body);
    ada.sign_in(&demo).await;
    ada.browser.set_cookies(CookieJar::default());
    assert_eq!(ada.account(&demo).await.url.path(), "/login");
}

#[tokio::test]
async fn a_message_offers_the_next_step() {
    let demo = Demo::in_memory(&[]);
    let (ada, stranger) = (Person::new(), Person::new());
    ada.sign_in(&demo).await;
    for (path, status) in
        [("/nowhere", StatusCode::NOT_FOUND), ("/signed-in", StatusCode::UNAUTHORIZED)]
    {
        for (person, offered, not_offered) in
            [(&ada, "Sign out", "Sign in"), (&stranger, "Sign in with SQRL", "Sign out")]
        {
            let page = person.browser.open(&demo.url(path)).await.expect("a page");
            assert_eq!(page.status, status);
            assert!(page.body.contains(offered), "{path}: {}", page.body);
            assert!(!page.body.contains(not_offered), "{path}: {}", page.body);
        }
    }
    // This page does not know the session, so it offers neither.
    let url = demo.page("/sign-out");
    let refused = ada.browser.fetch(Method::POST, &url, HeaderMap::new(), Bytes::new()).await;
    let refused = refused.expect("an answer");
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(!String::from_utf8_lossy(refused.body()).contains("Sign"), "{:?}", refused.body());
}

#[tokio::test]
async fn every_page_has_a_strict_policy() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    ada.sign_in(&demo).await;
    for path in ["/", "/account", "/login", "/nowhere", "/signed-in", "/demo.css"] {
        let page = ada.browser.open(&demo.url(path)).await.expect("a page");
        let header = |name| page.headers.get(name).expect("a header").to_str().expect("text");
        let policy = header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(page.headers.get_all(header::CONTENT_SECURITY_POLICY).iter().count(), 1);
    }
    let login = ada.browser.open(&demo.url("/login")).await.expect("a page");
    let policy = &login.headers[header::CONTENT_SECURITY_POLICY];
    assert!(policy.to_str().expect("text").contains("http://localhost:25519"), "its own policy");
}

/// Each commit waits for the disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_commits_no_more_than_it_must() {
    let postgres = Postgres::start().expect("Postgres");
    let url = postgres.url();
    let demo = Demo::in_postgres(&url);
    let connected = tokio_postgres::connect(&url, tokio_postgres::NoTls);
    let (client, connection) = connected.await.expect("a connection");
    tokio::spawn(connection);
    // Only transactions that write get a number.
    let next_number = async || {
        let sql = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
        client.query_one(sql, &[]).await.expect("a number").get::<_, i64>(0)
    };
    let (ada, before) = (Person::new(), next_number().await);
    ada.sign_in(&demo).await;
    let signed_up = next_number().await;
    assert_eq!(signed_up - before, 4, "the identity, its link, the account, the session");
    let elsewhere = ada.at_another_browser();
    elsewhere.sign_in(&demo).await;
    let signed_in = next_number().await;
    assert_eq!(signed_in - signed_up, 2, "the account's last sign-in, the session");
    ada.sign_in(&demo).await;
    assert_eq!(next_number().await - signed_in, 3, "the same, and the old session");
}
