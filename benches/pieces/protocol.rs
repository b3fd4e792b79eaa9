//! Parsing, verification and encoding.

use divan::{Bencher, black_box};
use tower_sqrl::protocol::{Nut, Reply, Tif, UnverifiedRequest, base64url};
use tower_sqrl_client::keys::SiteKey;
use tower_sqrl_client::wire::{ClientParams, Command, Form, Options};

/// Returns the body of a client's request, with two signatures if it has a previous identity.
fn body(previous: bool) -> String {
    let (key, old) = (SiteKey::from_seed(&[7; 32]), SiteKey::from_seed(&[8; 32]));
    let mut params = ClientParams::new(&Command::Query, key.idk());
    if previous {
        params = params.with("pidk", &old.idk().to_string());
    }
    let params = params.with_options(Options::default());
    let link = "sqrl://example.com/cli.sqrl?nut=AAAAAAAAAAAAAAAAAAAAAA";
    let form = Form::new(&params.encode(), &base64url::encode(link)).signed("ids", &key);
    if previous { form.signed("pids", &old) } else { form }.encode()
}

#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    let body = body(false);
    bencher.bench(|| UnverifiedRequest::parse(black_box(body.as_bytes())).unwrap());
}

#[divan::bench]
fn parse_and_verify(bencher: Bencher<'_, '_>) {
    let body = body(false);
    let read = || UnverifiedRequest::parse(black_box(body.as_bytes())).unwrap().verify().unwrap();
    bencher.bench(read);
}

#[divan::bench]
fn parse_and_verify_two(bencher: Bencher<'_, '_>) {
    let body = body(true);
    let read = || UnverifiedRequest::parse(black_box(body.as_bytes())).unwrap().verify().unwrap();
    assert!(read().pidk().is_some());
    bencher.bench(read);
}

#[divan::bench]
fn nut() -> Nut {
    Nut::from_bytes(rand::random::<u128>().to_ne_bytes())
}

#[divan::bench]
fn base64url_of_400_characters(bencher: Bencher<'_, '_>) {
    let text = base64url::encode([7; 300]);
    bencher.bench(|| base64url::decode(black_box(text.as_bytes())).unwrap());
}

#[divan::bench]
fn reply() -> String {
    let reply = Reply {
        nut: black_box(Nut::from_bytes([7; 16])),
        tif: Tif::ID_MATCH | Tif::IPS_MATCH,
        path: "/cli.sqrl",
        url: None,
        can: None,
        sin: None,
        suk: None,
        ask: None,
    };
    base64url::encode(reply.to_lines())
}
