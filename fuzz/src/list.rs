//! A second parser for the client's list, written from the specification.

use std::collections::BTreeMap;

use tower_sqrl::protocol::{ClientParams, Command, Options};

use crate::oracle;

/// Checks the parser and the encoder of the list.
pub(crate) fn check(list: &[u8]) {
    let read = ClientParams::parse(list);
    let expected = expected(list);
    assert_eq!(read.is_ok(), expected.is_some(), "{read:?}");
    let (Ok(params), Some(names)) = (read, expected) else { return };

    let key = |name: &str| names.get(name).and_then(|text| oracle::exactly::<32>(text.as_bytes()));
    assert_eq!(Some(*params.idk.as_bytes()), key("idk"));
    assert_eq!(params.pidk.map(|key| *key.as_bytes()), key("pidk"));
    assert_eq!(params.suk.map(|key| *key.as_bytes()), key("suk"));
    assert_eq!(params.vuk.map(|key| *key.as_bytes()), key("vuk"));
    assert_eq!(params.ins.as_ref().map(|secret| *secret.expose()), key("ins"));
    assert_eq!(params.pins.as_ref().map(|secret| *secret.expose()), key("pins"));
    assert_eq!(params.button.map(|button| button.digit().to_string()), owned(names.get("btn")));
    let word = names["cmd"];
    match params.command {
        Command::Unknown => {
            assert!(!["query", "ident", "disable", "enable", "remove"].contains(&word));
        }
        known => assert_eq!(known.to_string(), word),
    }
    let has_option =
        |word| names.get("opt").is_some_and(|opt| opt.split('~').any(|option| option == word));
    let options = Options {
        noiptest: has_option("noiptest"),
        sqrlonly: has_option("sqrlonly"),
        hardlock: has_option("hardlock"),
        cps: has_option("cps"),
        suk: has_option("suk"),
    };
    assert_eq!(params.options, options);

    // The encoded list means the same, has one form, and is longer only by the word for an unknown
    // command and the end of the last line.
    let written = params.to_list();
    assert!(written.len() <= list.len() + "unknown\r\n".len());
    let again = ClientParams::parse(written.as_bytes()).expect("our own form");
    assert_eq!(again, params);
    assert_eq!(again.to_list(), written);
}

fn owned(text: Option<&&str>) -> Option<String> {
    text.map(|text| (*text).to_owned())
}

/// Returns the names and values of a list, or `None` if it must be rejected.
pub(crate) fn expected(list: &[u8]) -> Option<BTreeMap<&str, &str>> {
    let list = std::str::from_utf8(list).ok()?;
    let mut names = BTreeMap::new();
    for line in list.strip_suffix("\r\n").unwrap_or(list).split("\r\n") {
        let equals = line.find('=').filter(|&at| at > 0)?;
        if names.insert(&line[..equals], &line[equals + 1..]).is_some() {
            return None;
        }
    }
    let is_key = |text: &&str| oracle::exactly::<32>(text.as_bytes()).is_some();
    let fits = |name: &str| names.get(name).is_none_or(is_key);
    let strict = |text: &&str| {
        oracle::exactly(text.as_bytes()).is_some_and(|key| oracle::strict_key(&key).is_some())
    };
    let is_valid = names.contains_key("cmd")
        && names.contains_key("idk")
        && ["idk", "pidk", "ins", "pins", "suk"].into_iter().all(fits)
        && names.get("vuk").is_none_or(strict)
        && names.get("btn").is_none_or(|btn| ["0", "1", "2", "3"].contains(btn))
        && names.get("ver").is_some_and(|ver| supports_version_1(ver));
    is_valid.then_some(names)
}

/// Returns whether every item is a number or an ascending range, and one of them contains 1.
fn supports_version_1(ver: &str) -> bool {
    let number = |digits: &str| {
        let only_digits = digits.chars().all(|digit| digit.is_ascii_digit());
        // 64 bits, after any number of leading zeros.
        only_digits.then(|| digits.parse::<u64>().ok())?
    };
    let items = ver.split(',').map(|item| match item.split_once('-') {
        None => number(item).map(|one| (one, one)),
        Some((from, to)) => Some((number(from)?, number(to)?)).filter(|(from, to)| from <= to),
    });
    let items: Option<Vec<_>> = items.collect();
    items.is_some_and(|items| items.iter().any(|&(from, to)| from <= 1 && 1 <= to))
}
