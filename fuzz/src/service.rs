//! Raw requests without valid signatures or cookies.
//!
//! They sign nobody in and change no record, and a client gets a complete reply. The requests are separated by a
//! byte FF. Each is method and target, header lines, an empty line and the body. The header `x-peer` is the
//! address of the connection.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use sha2::{Digest as _, Sha256};
use tower_sqrl::identities::{Epoch, Identity, KeyState, Version};
use tower_sqrl::nuts::{CpsInfo, Digest, NutInfo, NutState, Outcome, WaitId};
use tower_sqrl::protocol::{Command, Idk, Nut, Suk, Vuk};
use tower_sqrl_client::wire::Reply;

use crate::request;
use crate::site::{Answer, NOW, Site};
use crate::stores::Records;

/// The nut of a visible SQRL URL.
const NUT: Nut = Nut::from_bytes([0x11; 16]);

const MAX_REQUESTS: usize = 8;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

thread_local! {
    /// The records are replaced for every input. The site also counts rejected requests, which has no effect on
    /// requests without valid signatures.
    static SITE: Site = Site::new(|builder| {
        builder.trusted_proxy("10.0.0.0/8").without_limiting_challenges()
    })
    .expect("a site");
}

/// Sends the requests to the site and checks the responses.
pub fn run(data: &[u8]) {
    SITE.with(|site| on(site, data));
}

fn on(site: &Site, data: &[u8]) {
    let before = initial_records(data);
    site.stores.records().clone_from(&before);
    let mut issued = 0;
    for raw in data.split(|&byte| byte == 0xFF).take(MAX_REQUESTS) {
        let Some((peer, request)) = parse(raw) else { continue };
        let sent = request.clone();
        let answer = site.send(peer, request);
        if issues_url(&sent, &answer) {
            issued += 1;
        }
        check(&sent, &answer);
    }
    let mut after = site.stores.records().clone();
    assert_eq!(after.pending.len(), before.pending.len() + issued, "only SQRL URLs are stored");
    after.pending.retain(|nut, _| before.pending.contains_key(nut));
    assert_eq!(after, before);
}

/// Returns the records of a pending SQRL URL, an outcome, a CPS URL and an identity. The secrets depend on the
/// input, so that no input can contain them.
fn initial_records(data: &[u8]) -> Records {
    let secret = |name: &str| -> [u8; 16] {
        let hash = Sha256::new().chain_update(name).chain_update(data).finalize();
        std::array::from_fn(|at| hash[at])
    };
    let idk = Idk::from_bytes(request::key(1).verifying_key().to_bytes());
    let epoch = Epoch::new(1);
    let vuk = Vuk::from_bytes(request::key(3).verifying_key().to_bytes());
    let mut live = Identity::new(Suk::from_bytes([2; 32]), vuk, epoch, Version::new(1));
    live.user = Some("alice".into());
    let wait = WaitId::of_secret(&secret("wait"));
    let sent = Digest::of(format!("qrl://localhost/cli.sqrl?nut={NUT}"));
    let link = NutInfo::first(NUT, wait, HERE, NOW, sent);
    let outcome = link.ended(NOW, Some(idk), Outcome::SignedIn { epoch });
    let cps = CpsInfo::new(idk, epoch, Command::Ident, HERE, wait);
    let mut records = Records::default();
    records.nuts(NutState::Pending).insert(NUT, link);
    records.nuts(NutState::Authorized).insert(*wait.as_nut(), outcome);
    records.cps.insert(secret("cps"), cps);
    records.keys.insert(idk, KeyState::Live(live));
    records
}

fn parse(raw: &[u8]) -> Option<(IpAddr, Request<Bytes>)> {
    let (head, body) = match raw.windows(2).position(|two| two == b"\n\n") {
        Some(end) => (&raw[..end], &raw[end + 2..]),
        None => (raw, &[][..]),
    };
    let mut lines = head.split(|&byte| byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|&byte| byte == b' ')?;
    let mut request = Request::new(Bytes::copy_from_slice(body));
    *request.method_mut() = Method::from_bytes(&first[..space]).ok()?;
    *request.uri_mut() = Uri::try_from(&first[space + 1..]).ok()?;
    let mut peer = HERE;
    for line in lines {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let value = line[colon + 1..].trim_ascii();
        if &line[..colon] == b"x-peer" {
            peer = std::str::from_utf8(value).ok()?.parse().ok()?;
            continue;
        }
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        request.headers_mut().append(name, HeaderValue::from_bytes(value).ok()?);
    }
    Some((peer, request))
}

fn issues_url(request: &Request<Bytes>, answer: &Answer) -> bool {
    match request.uri().path() {
        // Only a cookie renews, and a `can` of another site is rejected.
        "/nut.sqrl" if request.method() == Method::GET => answer.response.status() == 200,
        "/login" => answer.response.headers().contains_key(header::SET_COOKIE),
        _ => false,
    }
}

fn check(request: &Request<Bytes>, answer: &Answer) {
    let (path, response) = (request.uri().path(), &answer.response);
    let status = response.status().as_u16();
    let is_ours = ["nut", "png", "svg", "pag", "evt", "cli", "cps"].iter().any(|name| {
        path.strip_prefix('/').and_then(|path| path.strip_suffix(".sqrl")) == Some(name)
    }) || ["/sqrl.js", "/sqrl-confirm.js", "/sqrl.css"].contains(&path);

    // A prefetch, or a request from another site.
    if matches!((path, status), ("/signed-in" | "/cps.sqrl", 403 | 503)) {
        let label = ["purpose", "sec-purpose", "x-purpose", "x-moz", "sec-fetch-site", "origin"];
        let is_labelled = label.iter().any(|name| request.headers().contains_key(*name));
        assert!(is_labelled || request.method() == Method::POST);
        assert!(answer.passed.is_none());
        check_headers(answer, path);
        check_cookies(answer, path);
        return;
    }
    if let Some(passed) = &answer.passed {
        assert!(!is_ours, "{path}");
        assert_eq!(passed.request.method(), request.method());
        assert_eq!(passed.request.uri(), request.uri());
        assert_eq!(passed.request.headers(), request.headers());
        assert_eq!(passed.request.body(), request.body());
        let signed_in = passed.sign_in.as_ref().map(|result| &result.0);
        assert!(signed_in.is_none_or(Result::is_err), "{signed_in:?}");
        assert_eq!(signed_in.is_some(), path == "/signed-in");
        assert_eq!(status, 200);
    } else {
        assert!(is_ours, "{path}");
        check_headers(answer, path);
    }
    check_cookies(answer, path);
    match (path, request.method()) {
        ("/cli.sqrl", &Method::POST) => check_reply(answer),
        ("/cli.sqrl", _) => assert_eq!((status, header(answer, "allow")), (405, "POST")),
        ("/cps.sqrl", &Method::POST) if is_same_origin(request) => {
            assert!([303, 410].contains(&status), "{status}");
        }
        ("/cps.sqrl", &Method::POST) => assert_eq!(status, 403),
        ("/cps.sqrl", &Method::GET) => assert!([200, 303, 410].contains(&status), "{status}"),
        ("/cps.sqrl", _) => assert_eq!((status, header(answer, "allow")), (405, "GET, POST")),
        (_, &Method::GET) => {}
        _ if is_ours => assert_eq!((status, header(answer, "allow")), (405, "GET")),
        _ => {}
    }
}

/// Returns whether a browser labels the request as same-origin.
fn is_same_origin(request: &Request<Bytes>) -> bool {
    let header = |name| request.headers().get(name).map(HeaderValue::as_bytes);
    match (header("sec-fetch-site"), header("origin")) {
        (Some(site), _) => site == b"same-origin",
        (None, origin) => origin == Some(b"http://localhost"),
    }
}

/// Asserts that a rejected client gets a complete reply.
fn check_reply(answer: &Answer) {
    let response = &answer.response;
    assert_eq!(response.status(), 200);
    assert_eq!(header(answer, "content-type"), "application/x-www-form-urlencoded");
    let body = std::str::from_utf8(response.body()).expect("ASCII");
    let reply = Reply::parse(body).expect("a complete reply");
    assert_eq!(reply.deviations(), Vec::<String>::new());
    assert_eq!(reply.tif.to_string(), "c0", "nothing is signed");
    assert_eq!(reply.lines.iter().count(), 4, "no optional line");
}

/// Checks headers and size of every response of the layer.
fn check_headers(answer: &Answer, path: &str) {
    let is_asset = path.starts_with("/sqrl.");
    assert!(header(answer, "cache-control") == "no-store" || is_asset);
    assert_eq!(header(answer, "x-content-type-options"), "nosniff");
    assert_eq!(header(answer, "cross-origin-resource-policy"), "same-origin");
    let body = answer.response.body();
    assert!(body.len() < 64 * 1024);
    if header(answer, "content-type").starts_with("text/html") {
        assert_eq!(header(answer, "x-frame-options"), "DENY");
        assert_eq!(header(answer, "cross-origin-opener-policy"), "same-origin");
        assert!(header(answer, "content-security-policy").contains("default-src 'none'"));
        let page = std::str::from_utf8(body).expect("text");
        assert!(!page.contains("<x"), "the page repeats the input");
        assert!(!page.contains("alice"), "the page reveals the user");
    } else {
        assert_eq!(header(answer, "referrer-policy"), "no-referrer");
    }
    let location = header(answer, "location");
    // A step of a CPS URL. Only its collection shows whether the URL exists.
    let onward = ["", "/cps.sqrl?gone", "/signed-in"];
    assert!(onward.contains(&location), "{location}");
}

fn check_cookies(answer: &Answer, path: &str) {
    for cookie in answer.response.headers().get_all(header::SET_COOKIE) {
        assert!(["/nut.sqrl", "/login", "/signed-in", "/cps.sqrl"].contains(&path), "{path}");
        let cookie = cookie.to_str().expect("ASCII");
        let (pair, attributes) = cookie.split_once("; ").expect("attributes");
        let (name, value) = pair.split_once('=').expect("a pair");
        let nut = name.strip_prefix("sqrl-").expect("a cookie of ours");
        assert!(["cps", "ask"].contains(&nut) || nut.parse::<Nut>().is_ok(), "{nut}");
        assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
        let words: Vec<_> = attributes.split("; ").collect();
        let [place, age, "HttpOnly", "SameSite=Lax"] = words[..] else { panic!("{words:?}") };
        let age = age.strip_prefix("Max-Age=").expect("an age");
        assert_eq!((place, age == "0"), ("Path=/", value.is_empty()));
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let value = answer.response.headers().get(name);
    value.map_or("", |value| value.to_str().expect("ASCII"))
}
