//! The built-in pages: language, texts of one challenge, nonce, name and logo, and headers of an own page.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Extension, Router};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};
use tower_sqrl::axum::SqrlChallenge;
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::web::{CspNonce, Language, Texts};
use tower_sqrl::{PeerAddress, Sqrl, SqrlBuilder};

const HOSTILE: &str = "\"><script>alert('1')</script>";
/// A page of the layer's own.
const NOTICE: &str = "/pag.sqrl?nut=AAAAAAAAAAAAAAAAAAAAAA&go";

/// Shows the built-in page with other texts if the query asks for them.
async fn login(challenge: SqrlChallenge, request: Request<Body>) -> Response<Body> {
    if request.uri().query() != Some("delete") {
        return challenge.page();
    }
    let texts = match challenge.texts().language() {
        "de" => challenge.texts().clone().heading("Konto löschen"),
        _ => challenge.texts().clone().heading(HOSTILE).title(HOSTILE).waiting(HOSTILE),
    };
    challenge.with_texts(texts).page()
}

struct Site {
    app: Router,
    sqrl: Sqrl,
}

impl Site {
    fn new(configure: impl FnOnce(SqrlBuilder) -> SqrlBuilder) -> Self {
        let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
        let builder = Sqrl::builder("https://example.com", nuts, identities);
        let sqrl = configure(builder).build().expect("a configuration");
        Self { app: Router::new().route("/login", get(login)), sqrl }
    }

    async fn get(&self, path: &str, languages: &str) -> (HeaderMap, String) {
        self.get_with(path, languages, |_| {}).await
    }

    async fn get_with(
        &self,
        path: &str,
        languages: &str,
        extend: impl FnOnce(&mut axum::http::Extensions),
    ) -> (HeaderMap, String) {
        let request = Request::get(path).header(header::ACCEPT_LANGUAGE, languages);
        let mut request = request.body(Body::empty()).expect("a request");
        request.extensions_mut().insert(PeerAddress(SocketAddr::from(([192, 0, 2, 1], 443))));
        extend(request.extensions_mut());
        let response = self.sqrl.layer().layer(self.app.clone()).oneshot(request).await;
        let (parts, body) = response.expect("a response").into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        (parts.headers, String::from_utf8(body.to_vec()).expect("UTF-8"))
    }
}

#[tokio::test]
async fn every_page_is_in_the_language_of_the_request() {
    let site = Site::new(|builder| builder);
    for (languages, lang, heading) in
        [("de-AT,de;q=0.9", "de", "Anmelden"), ("fr", "fr", "Connexion"), ("es", "en", "Sign in")]
    {
        let (_, page) = site.get("/login", languages).await;
        assert!(page.contains(&format!("<html lang=\"{lang}\"")), "{page}");
        assert!(page.contains(&format!("<h1>{heading}</h1>")), "{page}");
        let (_, notice) = site.get(NOTICE, languages).await;
        assert!(notice.contains(&format!("<html lang=\"{lang}\"")), "{notice}");
    }
    for path in ["/login", NOTICE] {
        let french = |extensions: &mut axum::http::Extensions| {
            extensions.insert(Language::new("fr"));
        };
        let (_, page) = site.get_with(path, "de", french).await;
        assert!(page.contains("<html lang=\"fr\""), "the application's choice: {page}");
    }
    let only = Site::new(|builder| builder.texts(Texts::english().lang("en-GB")));
    assert!(only.get("/login", "de").await.1.contains("<html lang=\"en-GB\""));
}

#[tokio::test]
async fn the_texts_of_a_challenge_are_on_its_page_alone() {
    let site = Site::new(|builder| builder);
    let (_, usual) = site.get("/login", "en").await;
    let (_, page) = site.get("/login?delete", "en").await;
    for mark in ["<", ">", "'", "\""] {
        assert_eq!(page.matches(mark).count(), usual.matches(mark).count(), "{mark} in {page}");
    }
    assert!(page.contains("alert(&#39;1&#39;)") && page.contains("Sign in with SQRL"), "{page}");
    assert!(site.get("/login?delete", "de").await.1.contains("<h1>Konto löschen</h1>"));
    for (path, languages) in [("/login", "en"), ("/login", "de"), (NOTICE, "en")] {
        let (_, page) = site.get(path, languages).await;
        assert!(!page.contains("alert") && !page.contains("löschen"), "{page}");
    }
}

#[tokio::test]
async fn a_nonce_of_the_application_is_on_its_own_response_alone() {
    let site = Site::new(|builder| builder);
    let nonce = |extensions: &mut axum::http::Extensions| {
        extensions.insert(CspNonce::new("rAnd0m").expect("base64"));
    };
    for (path, times) in [("/login", 2), (NOTICE, 1)] {
        let (headers, page) = site.get_with(path, "en", nonce).await;
        assert_eq!(page.matches(" nonce=\"rAnd0m\">").count(), times, "{page}");
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert_eq!(policy.matches("'nonce-rAnd0m'").count(), times, "{policy}");
        let (headers, page) = site.get(path, "en").await;
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(!page.contains("nonce") && !policy.contains("nonce"), "{policy}: {page}");
    }
}

#[tokio::test]
async fn the_site_is_named_on_its_pages() {
    let site = Site::new(|builder| builder.site_name("Ada <Co>").site_logo("/logo.svg"));
    for path in ["/login", NOTICE] {
        let (headers, page) = site.get(path, "en").await;
        let named = "<img src=\"/logo.svg\" alt=\"\"><span>Ada &lt;Co&gt;</span>";
        assert!(page.contains(named) && page.contains(" – Ada &lt;Co&gt;</title>"), "{page}");
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("img-src 'self'"), "{policy}");
    }
}

#[tokio::test]
async fn a_page_of_ones_own_gets_the_headers_that_it_does_not_set() {
    let own = async |challenge: SqrlChallenge, Extension(isolated): Extension<bool>| {
        let page = Html(challenge.fragment());
        let policy = challenge.policy().allow("form-action", "'self'");
        if isolated {
            let embedder = [("cross-origin-embedder-policy", "credentialless")];
            (challenge, policy, embedder, page).into_response()
        } else {
            (challenge, policy, page).into_response()
        }
    };
    let mut site = Site::new(|builder| builder);
    site.app = Router::new().route("/login", get(own));
    for (isolated, embedder) in [(false, "unsafe-none"), (true, "credentialless")] {
        let extend = |extensions: &mut axum::http::Extensions| {
            extensions.insert(isolated);
        };
        let (headers, _) = site.get_with("/login", "en", extend).await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", embedder),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
        assert!(headers.contains_key("set-cookie"));
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("form-action 'self'") && policy.contains("script-src 'self'"));
    }
}
