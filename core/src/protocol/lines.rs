//! The list of `name=value` lines inside `client`, `server` and every reply: CRLF
//! between them, and behind the last one too, though shipped clients leave that out.

use std::fmt;

use super::ProtocolError;

/// The lines of a list, in their order. A value may hold further `=`.
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
