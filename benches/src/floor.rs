//! The floor: an axum server that does only what every SQRL server has to do.
//!
//! It receives the requests of a sign-in, verifies the signatures strictly, and always sends the same
//! replies. It stores no nut and reads no command.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};

#[derive(Debug)]
struct Replies {
    page: String,
    link: String,
    reply: String,
    landing: String,
}

type Shared = State<Arc<Replies>>;

const NUT: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const COOKIE: (HeaderName, &str) = (header::SET_COOKIE, "wait=AAAAAAAAAAAAAAAAAAAAAA; HttpOnly");
const JSON: (HeaderName, &str) = (header::CONTENT_TYPE, "application/json");
const HTML: (HeaderName, &str) = (header::CONTENT_TYPE, "text/html");

/// Returns the site at `public_url`, which has no path.
pub(crate) fn app(public_url: &str) -> Router {
    let address = public_url.trim_start_matches("http://");
    let link = format!("qrl://{address}/cli.sqrl?nut={NUT}");
    let lines = format!("ver=1\r\nnut={NUT}\r\ntif=5\r\nqry=/cli.sqrl?nut={NUT}\r\n");
    let replies = Replies {
        page: format!("<a href=\"{link}\">Sign in</a>"),
        link: format!("{{\"link\":\"{link}\"}}"),
        reply: URL_SAFE_NO_PAD.encode(lines),
        landing: format!("{public_url}/signed-in?nut={NUT}"),
    };
    Router::new()
        .route("/login", get(async |State(replies): Shared| ([COOKIE, HTML], replies.page.clone())))
        .route(
            "/nut.sqrl",
            get(async |State(replies): Shared| ([COOKIE, JSON], replies.link.clone())),
        )
        .route("/cli.sqrl", post(client))
        .route("/pag.sqrl", get(async |State(replies): Shared| replies.landing.clone()))
        .route("/signed-in", get(async || "Welcome"))
        .with_state(Arc::new(replies))
}

async fn client(State(replies): Shared, body: Bytes) -> Result<String, StatusCode> {
    verify(&body).ok_or(StatusCode::BAD_REQUEST)?;
    Ok(replies.reply.clone())
}

fn verify(body: &[u8]) -> Option<()> {
    let (mut client, mut server, mut ids) = (None, None, None);
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "client" => client = Some(value),
            "server" => server = Some(value),
            "ids" => ids = Some(value),
            _ => {}
        }
    }
    let (client, server) = (client?, server?);
    let lines = URL_SAFE_NO_PAD.decode(&*client).ok()?;
    let lines = std::str::from_utf8(&lines).ok()?;
    let idk = lines.lines().find_map(|line| line.strip_prefix("idk="))?;
    let mut key = [0; 32];
    let mut signature = [0; 64];
    decode(idk, &mut key)?;
    decode(&ids?, &mut signature)?;
    let message = [client.as_bytes(), server.as_bytes()].concat();
    let key = VerifyingKey::from_bytes(&key).ok()?;
    key.verify_strict(&message, &Signature::from_bytes(&signature)).ok()
}

fn decode(text: &str, into: &mut [u8]) -> Option<()> {
    let length = URL_SAFE_NO_PAD.decode_slice(text, into);
    (length == Ok(into.len())).then_some(())
}
