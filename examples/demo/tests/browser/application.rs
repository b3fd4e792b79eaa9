//! An application with its own pages around the part that signs in, and built-in pages with its name and
//! logo.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Form;
use axum::http::{Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_sqrl::Sqrl;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::web::ContentSecurityPolicy;

/// A front end that renders everything itself.
pub(crate) const FRONT_END: &str = include_str!("own_page/front_end.js");
pub(crate) const FRONT_END_PAGE: &str = include_str!("own_page/front_end.html");

/// The server ends when this is dropped.
pub(crate) struct Application {
    url: String,
    server: JoinHandle<()>,
}

#[derive(Deserialize)]
struct Password {
    password: String,
}

impl Application {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
        let sqrl = Sqrl::builder(&url, nuts, identities)
            .prefix("/auth")
            .site_name("Example")
            .site_logo("/logo.svg")
            .account_name(async |_| Some("Ada Lovelace".to_owned()))
            .build()
            .expect("a configuration");
        let file = |kind: &'static str, body: &'static str| {
            get(async move || ([(header::CONTENT_TYPE, kind)], body))
        };
        let front_end = || {
            let policy = ContentSecurityPolicy::sign_in();
            (policy, Html(FRONT_END_PAGE))
        };
        let app = Router::new()
            .route("/login", get(login))
            .route("/password", post(async |Form(form): Form<Password>| form.password))
            .route("/signed-in", get(async |login: SqrlLogin| format!("Hello, {}", login.idk())))
            .route("/front_end", get(async move || front_end()))
            .route("/front_end.js", file("text/javascript", FRONT_END))
            .route("/style.css", file("text/css", include_str!("own_page/style.css")))
            .route("/logo.svg", file("image/svg+xml", include_str!("own_page/logo.svg")))
            .route("/favicon.ico", file("image/svg+xml", include_str!("own_page/logo.svg")))
            .layer(sqrl.layer())
            .into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async { axum::serve(listener, app).await.expect("a server") });
        Self { url, server }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Returns the built-in page. The query `own` asks for a custom page around its fragment.
async fn login(challenge: SqrlChallenge, uri: Uri) -> Response {
    if uri.query() != Some("own") {
        return challenge.page();
    }
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Example</title>\
         <link rel=\"stylesheet\" href=\"{}\"><link rel=\"stylesheet\" href=\"/style.css\">\
         <script type=\"module\" src=\"{}\"></script>\
         <main><h1>Welcome back</h1>{}\
         <form method=\"post\" action=\"/password\"><label>Name <input name=\"name\" autocomplete=\"username\"></label>\
         <label>Password \
         <input type=\"password\" name=\"password\" autocomplete=\"current-password\"></label><button>Sign in</button></form></main>",
        challenge.style_path(),
        challenge.script_path(),
        challenge.fragment(),
    );
    let policy = challenge.policy().allow("form-action", "'self'");
    (challenge, policy, Html(html)).into_response()
}
