//! The `name=value` lines in `client`, `server` and every reply. CRLF ends each line; some clients omit
//! the last one.

use std::fmt;

use super::ProtocolError;

/// Parses a list into its lines, in order. A value may contain `=`.
pub(super) fn parse(list: &str) -> impl Iterator<Item = Result<(&str, &str), ProtocolError>> {
    let list = list.strip_suffix("\r\n").unwrap_or(list);
    list.split("\r\n").map(|line| match line.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name, value)),
        _ => Err(ProtocolError::Lines),
    })
}

/// Writes one line.
pub(super) fn write(
    list: &mut impl fmt::Write,
    name: &str,
    value: impl fmt::Display,
) -> fmt::Result {
    list.write_str(name)?;
    write!(list, "={value}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_may_go_without_crlf() {
        let expected: Result<Vec<_>, _> = Ok(vec![("a", "1"), ("b", "2=3"), ("c", "")]);
        assert_eq!(parse("a=1\r\nb=2=3\r\nc=\r\n").collect::<Result<Vec<_>, _>>(), expected);
        assert_eq!(parse("a=1\r\nb=2=3\r\nc=").collect::<Result<Vec<_>, _>>(), expected);
    }

    #[test]
    fn every_line_has_a_name_and_a_value() {
        for list in ["", "\r\n", "a", "=1", "a=1\r\n\r\nb=2", "a=1\r\n\r\n", "a=1\r\nb"] {
            let read = parse(list).collect::<Result<Vec<_>, _>>();
            assert_eq!(read, Err(ProtocolError::Lines), "{list:?}");
        }
    }
}
