//! A client's request: its form, list and signatures.
//!
//! The input is a body. If it starts with a byte 0, it is the parts of a body, separated by bytes 0: the list,
//! `server`, the keys that sign as `ids`, `pids` and `urs`, and the rest. So the fuzzer need not find valid
//! base64url and signatures.

use ed25519_dalek::{Signer as _, SigningKey};
use tower_sqrl::protocol::{Request, UnverifiedRequest, Vuk};
use tower_sqrl_client::base64url;

use crate::{list, oracle};

/// Parses and verifies the request.
pub fn run(data: &[u8]) {
    match data.split_first() {
        Some((0, parts)) => check(&compose(parts)),
        _ => check(data),
    }
}

/// Returns the key pair with this number. The corpus uses 1 to 4.
pub fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn compose(parts: &[u8]) -> Vec<u8> {
    let mut parts = parts.split(|&byte| byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (list, server) = (part(), part());
    list::check(list);
    let (client, server) = (base64url::encode(list), base64url::encode(server));
    let message = format!("{client}{server}");
    let mut body = format!("client={client}&server={server}").into_bytes();
    for name in ["ids", "pids", "urs"] {
        // A digit is the number of the key that signs. An empty part omits the field.
        let value = match part() {
            [] => continue,
            [digit @ b'1'..=b'9'] => {
                base64url::encode(key(digit - b'0').sign(message.as_bytes()).to_bytes()).into()
            }
            other => other.to_vec(),
        };
        body.extend([b"&", name.as_bytes(), b"=", &value].concat());
    }
    body.extend(part());
    body
}

fn check(body: &[u8]) {
    let expected = expected(body);
    let verified = UnverifiedRequest::parse(body).and_then(UnverifiedRequest::verify);
    match (verified, expected) {
        (Ok(request), Some(expected)) => assert_same(&request, &expected),
        (Err(_), None) => {}
        (verified, expected) => {
            panic!("{verified:?}, expected to be valid: {}", expected.is_some())
        }
    }
}

/// The expected content of a valid request.
struct Expected {
    idk: [u8; 32],
    pidk: Option<[u8; 32]>,
    server: Vec<u8>,
    message: String,
    urs: Option<[u8; 64]>,
}

fn assert_same(request: &Request, expected: &Expected) {
    assert_eq!(*request.idk().as_bytes(), expected.idk);
    assert_eq!(request.pidk().map(|key| *key.as_bytes()), expected.pidk);
    assert_eq!(request.server(), expected.server);
    let unlock_keys = request.unlock_keys();
    // The request's own vuk gets no special treatment.
    let keys = (1..=4).map(|number| key(number).verifying_key().to_bytes());
    for stored in keys.chain(unlock_keys.map(|(_, vuk)| *vuk.as_bytes())) {
        let proves = expected
            .urs
            .as_ref()
            .is_some_and(|urs| oracle::verifies(&stored, expected.message.as_bytes(), urs));
        let stored = Vuk::from_bytes(stored);
        let proof = request.prove_unlock(&stored);
        assert_eq!(proof.is_some(), proves);
        assert!(proof.is_none_or(|proof| proof.is_for(&stored)));
    }
}

fn expected(body: &[u8]) -> Option<Expected> {
    let fields: Vec<_> = form_urlencoded::parse(body).collect();
    let field = |name: &str| {
        let mut values = fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value);
        let value = values.next();
        (value, values.next().is_none())
    };
    if !["client", "server", "ids", "pids", "urs"].iter().all(|name| field(name).1) {
        return None;
    }
    let (client, server) = (field("client").0?, field("server").0?);
    let list = oracle::base64url(client.as_bytes())?;
    list::check(&list);
    let names = list::expected(&list)?;
    let key = |name: &str| names.get(name).and_then(|text| oracle::exactly(text.as_bytes()));
    let signature = |name: &str| match field(name).0 {
        None => Some(None),
        Some(text) => oracle::exactly::<64>(text.as_bytes()).map(Some),
    };
    let (ids, pids, urs) = (signature("ids")??, signature("pids")?, signature("urs")?);
    let message = format!("{client}{server}");
    let (idk, pidk) = (key("idk")?, key("pidk"));
    let signed = |key, signature| oracle::verifies(&key, message.as_bytes(), &signature);
    if !signed(idk, ids) {
        return None;
    }
    let pidk = match (pidk, pids) {
        (Some(pidk), Some(pids)) if !signed(pidk, pids) => return None,
        (Some(pidk), Some(_)) if pidk != idk => Some(pidk),
        _ => None,
    };
    let server = oracle::base64url(server.as_bytes())?;
    Some(Expected { idk, pidk, server, message, urs })
}
