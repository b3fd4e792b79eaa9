//! The small values of the protocol: base64url, nuts, ids, keys, questions.

use std::fmt::Display;

use tower_sqrl::nuts::CpsId;
use tower_sqrl::protocol::{Ask, AskError, Idk, Nut, Suk, Vuk, base64url};
use tower_sqrl_client as client;
use url::Url;

use crate::oracle;

/// Parses the bytes as each of the values, and encodes them.
pub fn run(data: &[u8]) {
    check_encoding(data);
    check_decoding(data);
    if let Ok(text) = std::str::from_utf8(data) {
        check_ids_and_keys(text);
        check_question(text);
    }
    if let Some((key, _)) = data.split_first_chunk() {
        let text = base64url::encode(key);
        assert_eq!(text.parse::<Vuk>().is_ok(), oracle::strict_key(key).is_some());
    }
}

/// Asserts that decoding reverses encoding.
fn check_encoding(data: &[u8]) {
    let text = base64url::encode(data);
    assert_eq!(text, client::base64url::encode(data));
    assert_eq!(text.len(), (data.len() * 4).div_ceil(3), "no padding");
    assert_eq!(base64url::decode(&text).as_deref(), Ok(data));
}

/// Asserts that three decoders agree, and that the result is no longer than its text.
fn check_decoding(text: &[u8]) {
    let expected = oracle::base64url(text);
    assert_eq!(base64url::decode(text).ok(), expected);
    assert_eq!(client::base64url::decode(text).ok(), expected);
    assert_eq!(base64url::decode_exact::<16>(text).ok(), oracle::exactly(text));
    assert_eq!(base64url::decode_exact::<32>(text).ok(), oracle::exactly(text));
    assert_eq!(base64url::decode_exact::<64>(text).ok(), oracle::exactly(text));
    if let Some(bytes) = expected {
        assert!(bytes.len() <= text.len());
        let bare = text.len() - text.iter().rev().take_while(|&&byte| byte == b'=').count();
        assert_eq!(base64url::encode(bytes).as_bytes(), &text[..bare], "one spelling");
    }
}

/// Asserts that nuts and CPS ids have one spelling, and that a key may also have padding.
fn check_ids_and_keys(text: &str) {
    let bytes = oracle::exactly(text.as_bytes()).filter(|_| text.len() == Nut::TEXT_LEN);
    assert_eq!(text.parse::<Nut>().ok(), bytes.map(Nut::from_bytes));
    assert_eq!(CpsId::parse(text), bytes.map(CpsId::from_bytes));
    if let Ok(nut) = text.parse::<Nut>() {
        assert_eq!(nut.to_string(), text);
    }

    let bytes = oracle::exactly(text.as_bytes());
    assert_eq!(text.parse::<Idk>().ok(), bytes.map(Idk::from_bytes));
    assert_eq!(text.parse::<Suk>().ok(), bytes.map(Suk::from_bytes));
    let strict = bytes.filter(|bytes| oracle::strict_key(bytes).is_some());
    assert_eq!(text.parse::<Vuk>().ok(), strict.map(Vuk::from_bytes));
    for key in [text.parse::<Idk>().map(whole).ok(), text.parse::<Vuk>().map(whole).ok()] {
        assert!(key.is_none_or(|key| key == text.trim_end_matches('=')));
    }
    let theirs: Option<client::keys::Idk> = text.parse().ok();
    assert_eq!(theirs.map(|key| *key.as_bytes()), bytes);
}

fn whole(key: impl Display) -> String {
    key.to_string()
}

/// Asserts that the client reads a question and its buttons as they were written. The input is a line for the
/// question and one for each button, `label` or `label|path`.
fn check_question(text: &str) {
    let mut lines = text.split('\n');
    let question = lines.next().unwrap_or_default();
    let buttons: Vec<_> = lines.map(|line| (line, line.split_once('|'))).collect();
    let ask = buttons.iter().try_fold(Ask::new(question), |ask, (line, opening)| {
        // A question that is too long remains an error.
        Some(ask.and_then(|ask| match opening {
            None => ask.button(line),
            Some((label, path)) => ask.button_opening(label, path),
        }))
    });
    match ask.expect("a question or its error") {
        Ok(ask) => {
            let wire = ask.to_string();
            assert!(wire.len() <= 2048);
            let read: client::wire::Ask = wire.parse().expect("what we write is a question");
            assert_eq!(read.text, question);
            let labels = read.buttons.iter().map(|button| {
                let path = button.path.as_deref();
                (button.label.as_str(), path)
            });
            let expected = buttons.iter().map(|(line, opening)| match opening {
                None => (*line, None),
                Some((label, path)) => (*label, Some(*path)),
            });
            assert!(labels.eq(expected), "{read:?}");
            let paths = read.buttons.iter().filter_map(|button| button.path.as_deref());
            for path in paths {
                assert!(!path.contains(char::is_control));
                let site = Url::parse("https://example.com/a/b").expect("a URL");
                let opened = site.join(path).expect("a browser's URL");
                assert_eq!(opened.origin(), site.origin(), "{path:?}");
            }
        }
        Err(AskError::Buttons) => assert!(buttons.len() > 2),
        Err(AskError::TooLong) => assert!(text.len() > 1400),
        Err(AskError::Semicolon) => assert!(text.contains(';')),
        Err(AskError::Path) => assert!(text.contains('|')),
        Err(other) => panic!("{other}"),
    }
}
