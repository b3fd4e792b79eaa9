//! The corpus files: one text file per target in `corpus/`, one input per line.
//!
//! A line is a Rust byte string without its `b`: `"GET /cli.sqrl\n\xFF"`. The lines are sorted and
//! unique, so that a diff shows which inputs a commit adds. `examples/corpus.rs` unpacks a file into
//! the directory that libFuzzer reads, and packs such a directory again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The corpus file of a target.
pub fn file(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("corpus/{target}.txt"))
}

/// Returns the text of a corpus file with these inputs.
pub fn format(inputs: &BTreeSet<Vec<u8>>) -> String {
    let mut lines: Vec<_> =
        inputs.iter().map(|input| format!("\"{}\"\n", input.escape_ascii())).collect();
    lines.sort();
    lines.concat()
}

/// Returns the inputs in a corpus file, in the order of its lines.
///
/// # Errors
///
/// Returns the first line that is not an escaped byte string.
pub fn parse(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let input = |line: &str| {
        let escaped = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        escaped.and_then(unescape).ok_or_else(|| line.to_owned())
    };
    text.lines().map(input).collect()
}

fn unescape(escaped: &str) -> Option<Vec<u8>> {
    let mut rest = escaped.bytes();
    let mut input = Vec::new();
    while let Some(byte) = rest.next() {
        input.push(match byte {
            b'\\' => match rest.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                quoted @ (b'\\' | b'"' | b'\'') => quoted,
                _ => return None,
            },
            b'"' => return None,
            other => other,
        });
    }
    Some(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_packing() {
        let all: Vec<u8> = (0..=255).collect();
        let inputs = BTreeSet::from([all, b"GET /\r\n\"\\".to_vec(), Vec::new()]);
        let unpacked = parse(&format(&inputs)).expect("a corpus file");
        assert_eq!(BTreeSet::from_iter(unpacked), inputs);
    }

    #[test]
    fn a_broken_line_is_named() {
        for line in ["", "\"", "x", "\"\\q\"", "\"\\x4\"", "\"\\", "\"a\"b\""] {
            assert_eq!(parse(&format!("\"good\"\n{line}\n")), Err(line.to_owned()));
        }
    }
}
