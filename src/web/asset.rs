//! The scripts and the style, embedded.

use super::view::Asset;

/// The module of the sign-in page.
pub(super) const SCRIPT: Asset = Asset {
    name: "sqrl.js",
    content_type: "text/javascript; charset=utf-8",
    body: include_str!("sqrl.js"),
    version: digits(&SCRIPT_VERSION),
};

/// The script of the confirmation.
pub(super) const CONFIRM_SCRIPT: Asset = Asset {
    name: "sqrl-confirm.js",
    content_type: "text/javascript; charset=utf-8",
    body: include_str!("confirm.js"),
    version: digits(&CONFIRM_SCRIPT_VERSION),
};

/// The style of all pages.
pub(super) const STYLE: Asset = Asset {
    name: "sqrl.css",
    content_type: "text/css; charset=utf-8",
    body: include_str!("sqrl.css"),
    version: digits(&STYLE_VERSION),
};

/// Returns the file of this name, if the pages load one.
pub(crate) fn asset(name: &str) -> Option<Asset> {
    [SCRIPT, CONFIRM_SCRIPT, STYLE].into_iter().find(|asset| asset.name == name)
}

const SCRIPT_VERSION: [u8; 16] = version(include_bytes!("sqrl.js"));
const CONFIRM_SCRIPT_VERSION: [u8; 16] = version(include_bytes!("confirm.js"));
const STYLE_VERSION: [u8; 16] = version(include_bytes!("sqrl.css"));

/// FNV-1a in hex. It distinguishes releases; nobody gains by a collision.
const fn version(body: &[u8]) -> [u8; 16] {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < body.len() {
        hash = (hash ^ body[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    let mut hex = [0; 16];
    let mut digit = 0;
    while digit < hex.len() {
        hex[digit] = b"0123456789abcdef"[(hash >> (60 - 4 * digit) & 0xF) as usize];
        digit += 1;
    }
    hex
}

const fn digits(version: &'static [u8; 16]) -> &'static str {
    match std::str::from_utf8(version) {
        Ok(digits) => digits,
        Err(_) => panic!("hex digits are ASCII"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_fnv_1a() {
        assert_eq!(digits(&const { version(b"") }), "cbf29ce484222325");
        assert_eq!(digits(&const { version(b"foobar") }), "85944171f73967e8");
        assert_ne!(SCRIPT.version, STYLE.version);
    }

    #[test]
    fn the_scripts_write_no_markup_and_evaluate_nothing() {
        for script in [SCRIPT, CONFIRM_SCRIPT] {
            for forbidden in
                ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function("]
            {
                assert!(!script.body.contains(forbidden), "{forbidden} in {}", script.name);
            }
        }
        // Modules are strict without it.
        assert!(CONFIRM_SCRIPT.body.contains("\"use strict\";"));
    }

    #[test]
    fn the_style_loads_nothing() {
        assert!(!STYLE.body.contains("url(") && !STYLE.body.contains("@import"));
    }
}
