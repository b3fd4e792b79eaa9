//! `Debug` hides secrets.

use std::fmt::Debug;

use tower_sqrl_client::base64url::encode;
use tower_sqrl_client::browser::Browser;
use tower_sqrl_client::keys::{AuthDomain, Ilk, Imk, Iuk, Rlk, SiteKey, UnlockPair, UrsKey};
use tower_sqrl_client::wire::{ClientParams, Command, List};
use tower_sqrl_client::{Client, Identity, RescueCode, SqrlUrl};

const SEED: [u8; 32] = *b"\xf1\xe2\xd3\xc4\xb5\xa6\x97\x88secret, not very random.";

/// Fails if the `Debug` text of a value contains a secret, in any form in which bytes are printed.
fn hides(value: &impl Debug, secrets: &[&[u8]]) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        let text: String = text.split_whitespace().collect();
        for secret in secrets {
            let numbers: String = format!("{secret:?}").split_whitespace().collect();
            let digits = secret.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            let hex: String =
                digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
            let found = [encode(secret), numbers.trim_matches(['[', ']']).to_owned(), hex]
                .into_iter()
                .chain(std::str::from_utf8(secret).ok().map(str::to_owned))
                .find(|form| text.contains(form.as_str()));
            assert_eq!(found, None, "{text}");
        }
    }
}

/// Fails if one of the types derives `Debug`.
#[test]
fn debug_hides_keys_codes_and_requests() {
    let planted = std::panic::catch_unwind(|| hides(&SEED, &[&SEED]));
    assert!(planted.is_err(), "a planted secret is found");

    let iuk = Iuk::from_bytes(SEED);
    let (imk, ilk) = (iuk.imk(), iuk.ilk());
    let site = AuthDomain::from("example.com");
    let key = SiteKey::derive(&imk, &site);
    let ins = key.index_secret("files");
    let pair = UnlockPair::from_rlk(&ilk, &Rlk::from_bytes(SEED));
    let urs = UrsKey::derive(&iuk, &pair.suk).expect("a good suk");
    let code = RescueCode::generate();
    let mut identity = Identity::from_seed(SEED);
    identity.seal(&code).expect("unlocked");
    let client = Client::new(identity.clone());
    let url: SqrlUrl = "qrl://example.com/cli.sqrl?nut=abc".parse().expect("a SQRL URL");
    let session = client.session(&url);
    let params = ClientParams::new(&Command::Ident, key.idk()).with("ins", &encode(*ins));
    let form = session.sign(&params);
    let shown = code.reveal();
    let secrets: [&[u8]; 6] =
        [&SEED, imk.as_bytes(), ilk.as_bytes(), &*ins, code.digits().as_bytes(), shown.as_bytes()];
    hides(&iuk, &secrets);
    hides(&imk, &secrets);
    hides(&ilk, &secrets);
    hides(&Imk::from_bytes(SEED), &secrets);
    hides(&Ilk::from_bytes(SEED), &secrets);
    hides(&Rlk::from_bytes(SEED), &secrets);
    hides(&SiteKey::from_seed(&SEED), &secrets);
    hides(&key, &secrets);
    hides(&urs, &secrets);
    hides(&code, &secrets);
    hides(&identity, &secrets);
    hides(&client, &secrets);
    hides(&session, &secrets);
    hides(&params, &secrets);
    hides(&List::decode(&params.encode()).expect("a list"), &secrets);
    let signature = form.get("ids").expect("ids").to_owned();
    hides(&form, &[&*ins, signature.as_bytes(), params.encode().as_bytes()]);
}

#[test]
fn debug_hides_the_values_of_cookies() {
    let browser = Browser::default();
    let mut jar = browser.cookies();
    jar.insert(tower_sqrl_client::browser::Cookie {
        name: "session".to_owned(),
        value: "the-secret-of-the-session".to_owned(),
        host: "example.com".to_owned(),
        path: "/".to_owned(),
        secure: true,
        http_only: true,
        expires: None,
    });
    browser.set_cookies(jar.clone());
    let secret: &[&[u8]] = &[b"the-secret-of-the-session"];
    hides(&jar, secret);
    hides(&browser, secret);
    assert!(format!("{jar:?}").contains("session"), "the name is shown");
}
