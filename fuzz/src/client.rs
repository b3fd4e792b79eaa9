//! What the client reads: replies, questions, links, pages, rescue codes, identity files.

use std::path::Path;

use tower_sqrl::protocol::{self, Nut, Suk};
use tower_sqrl_client::base64url::encode;
use tower_sqrl_client::browser::Page;
use tower_sqrl_client::wire::{Ask, Button, Reply, Tif};
use tower_sqrl_client::{Identity, RescueCode, SqrlUrl};
use url::Url;

use crate::unstructured::Unstructured;

/// Parses the bytes as each of them.
pub fn run(data: &[u8]) {
    check_server_reply(&mut Unstructured(data));
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.starts_with('{') {
        return identity(text);
    }
    reply(text);
    // So that the fuzzer need not find valid base64url.
    reply(&encode(text));
    link(text);
    page(text);
    ask(text);
    rescue_code(text);
}

/// Asserts that the client parses a reply of the server to the same values.
fn check_server_reply(input: &mut Unstructured<'_>) {
    let nut = Nut::from_bytes(input.array());
    let bits = u16::from_le_bytes(input.array()) & 0x3FF;
    let flags = [
        protocol::Tif::ID_MATCH,
        protocol::Tif::PREVIOUS_ID_MATCH,
        protocol::Tif::IPS_MATCH,
        protocol::Tif::DISABLED,
        protocol::Tif::NOT_SUPPORTED,
        protocol::Tif::TRANSIENT,
        protocol::Tif::FAILED,
        protocol::Tif::CLIENT_FAILURE,
        protocol::Tif::BAD_ID_ASSOCIATION,
        protocol::Tif::SUPERSEDED,
    ];
    let tif = flags.into_iter().filter(|flag| flag.bits() & bits != 0);
    let tif = tif.fold(protocol::Tif::NONE, |all, flag| all | flag);
    let url = input.maybe(graphic).flatten();
    let can = input.maybe(graphic).flatten();
    let sin = input.maybe(graphic).flatten();
    let suk = input.maybe(Unstructured::array::<32>);
    let question = input.maybe(|input| String::from_utf8_lossy(input.slice()).into_owned());
    let ask = question.as_deref().and_then(|text| protocol::Ask::new(text).ok());
    let lines = protocol::Reply {
        nut,
        tif,
        path: "/cli.sqrl",
        url: url.as_deref(),
        can: can.as_deref(),
        sin: sin.as_deref(),
        suk: suk.map(Suk::from_bytes),
        ask: ask.as_ref(),
    }
    .to_lines();

    let read = Reply::parse(&encode(lines)).expect("a reply of ours");
    assert_eq!(read.deviations(), Vec::<String>::new());
    assert_eq!((read.nut, read.tif), (nut.to_string(), Tif(bits.into())));
    assert_eq!(read.qry, format!("/cli.sqrl?nut={nut}"));
    assert_eq!((read.url, read.can, read.sin), (url, can, sin));
    assert_eq!(read.suk.map(|suk| *suk.as_bytes()), suk);
    assert_eq!(read.ask.map(|ask| ask.text), question.filter(|_| ask.is_some()));
}

/// Returns a printable text, or `None` if it is empty.
fn graphic(input: &mut Unstructured<'_>) -> Option<String> {
    let bytes = input.slice().iter().copied().filter(u8::is_ascii_graphic);
    Some(bytes.map(char::from).collect()).filter(|text: &String| !text.is_empty())
}

fn reply(body: &str) {
    let Ok(reply) = Reply::parse(body) else { return };
    assert_eq!(reply.raw, body);
    assert_eq!(reply.lines.encode(), body.trim_end_matches('='), "nothing is lost");
    assert!(!reply.nut.is_empty());
    assert_eq!(reply.tif.undefined(), Tif::default());
    // The next request goes to the same site.
    let next = Url::parse(&format!("https://example.com{}", reply.qry)).expect("an address");
    assert_eq!(next.origin().ascii_serialization(), "https://example.com");
    assert!(reply.qry.bytes().all(|byte| byte.is_ascii_graphic()));
    let _ = reply.deviations();
}

fn ask(text: &str) {
    let Ok(ask) = text.parse::<Ask>() else { return };
    assert!(ask.buttons.len() <= 2);
    let shown = ask.buttons.iter().map(Button::printable);
    for shown in shown.chain([ask.printable()]) {
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    }
    let mut paths = ask.buttons.iter().filter_map(|button| button.path.as_deref());
    assert!(paths.all(|path| path.starts_with('/')));
}

fn link(text: &str) {
    let Ok(link) = text.parse::<SqrlUrl>() else { return };
    assert_eq!(link.as_str(), text);
    assert_eq!(link.to_string(), text);
    assert!(!link.nut().is_empty());
    // The key is derived for the very host that the request goes to.
    for address in [link.request_url(), link.sibling("pag.sqrl")] {
        assert!(address.starts_with(&link.origin()));
        let Ok(uri) = address.parse::<http::Uri>() else { continue };
        let host = uri.host().expect("a host").to_ascii_lowercase();
        let rest = link.domain().as_str().strip_prefix(&host);
        assert!(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')), "{link:?}");
        assert_eq!(uri.scheme_str() == Some("https"), link.is_secure());
    }
    let own = |url: &str| {
        let [site, url] = [&link.origin(), url].map(|url| Url::parse(url).expect("a URL"));
        site.origin() == url.origin()
    };
    if let Some(can) = link.can() {
        assert!(own(can) && can.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(link.with_can(can).is_err());
    }
    assert!(link.with_can("https://elsewhere.invalid/").is_err());
    if let Ok(with) = link.with_can(&format!("{}/", link.origin())) {
        assert!(with.can().is_some_and(own));
        assert_eq!((with.domain(), with.nut()), (link.domain(), link.nut()));
    }
    let escaped = text.replace('&', "&amp;").replace('\'', "&#39;");
    let found = Page { body: format!("<p><a class=x href='{escaped}'>"), ..blank() }.sqrl_url();
    assert_eq!(found.ok(), Some(link));
}

fn page(text: &str) {
    let page = Page { body: text.to_owned(), ..blank() };
    if let Ok(link) = page.sqrl_url() {
        assert_eq!(link.as_str().parse().as_ref(), Ok(&link));
        assert!(link.as_str().len() <= text.len());
    }
}

fn blank() -> Page {
    Page {
        url: Url::parse("http://localhost/").expect("an address"),
        redirects: Vec::new(),
        status: http::StatusCode::OK,
        headers: http::HeaderMap::new(),
        body: String::new(),
    }
}

fn rescue_code(text: &str) {
    let Ok(code) = text.parse::<RescueCode>() else { return };
    assert_eq!(code.digits().len(), 24);
    assert_eq!(code.reveal().parse().as_ref(), Ok(&code));
    let written: String = text.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(code.digits(), written);
}

/// Asserts that a valid file is written as the same identity.
fn identity(text: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name| directory.path().join(name);
    let read = |path: &Path| std::fs::read(path).expect("a file");
    std::fs::write(file("given"), text).expect("a file");
    let Ok(identity) = Identity::load(file("given")) else { return };
    assert!(!identity.is_unlocked());
    assert!(identity.previous_count() <= 4);
    identity.create(file("written")).expect("a file");
    let again = Identity::load(file("written")).expect("our own file");
    again.save(file("again")).expect("a file");
    assert_eq!(read(&file("written")), read(&file("again")));
    for age in 0..=identity.previous_count() {
        let domain = tower_sqrl_client::keys::AuthDomain::new("localhost", "");
        let key = |identity: &Identity| identity.site_key(age, &domain).map(|key| key.idk());
        assert!(key(&identity).is_some() && key(&identity) == key(&again));
    }
}
