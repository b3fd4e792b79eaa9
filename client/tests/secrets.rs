//! No `Debug` shows a secret.

use std::fmt::Debug;

use tower_sqrl_client::base64url::encode;
use tower_sqrl_client::browser::Browser;
use tower_sqrl_client::keys::{AuthDomain, Ilk, Imk, Iuk, Rlk, SiteKey, UnlockPair, UrsKey};
use tower_sqrl_client::wire::{ClientParams, Command, List};
use tower_sqrl_client::{Client, Identity, Link, RescueCode};

const SEED: [u8; 32] = *b"\xf1\xe2\xd3\xc4\xb5\xa6\x97\x88secret, not very random.";

/// Fails if a text has one of the secrets in it, in any of the ways in which bytes are printed.
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

/// Whoever derives `Debug` for one of them fails this.
#[test]
fn what_is_printed_holds_no_secret() {
    let planted = std::panic::catch_unwind(|| hides(&SEED, &[&SEED]));
    assert!(planted.is_err(), "it would be seen");

    let iuk = Iuk::from_bytes(SEED);
    let (imk, ilk) = (iuk.imk(), iuk.ilk());
    let site = AuthDomain::parse("example.com");
    let key = SiteKey::derive(&imk, &site);
    let ins = key.index_secret("files");
    let pair = UnlockPair::from_rlk(&ilk, &Rlk::from_bytes(SEED));
    let urs = UrsKey::derive(&iuk, &pair.suk).expect("a good suk");
    let code = RescueCode::generate();
    let mut identity = Identity::from_seed(SEED);
    identity.seal(&code).expect("unlocked");
    let client = Client::new(identity.clone());
    let link: Link = "qrl://example.com/cli.sqrl?nut=abc".parse().expect("a link");
    let session = client.session(&link);
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
fn a_cookies_value_is_not_printed() {
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
    assert!(format!("{jar:?}").contains("session"), "its name is");
}
