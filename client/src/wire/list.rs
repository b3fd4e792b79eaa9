//! Lists of `name=value` lines, the format of requests and replies.

use std::fmt;

use crate::base64url;

/// An ordered list of `name=value` lines, each ended by CRLF.
///
/// A list that is built may hold what the protocol forbids, such as a repeated name. A
/// list that is parsed may not. `Debug` hides the values of indexed secrets.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct List(Vec<(String, String)>);

/// Reasons why bytes are not a valid list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The text is not base64url.
    #[error(transparent)]
    Encoding(#[from] base64url::DecodeError),
    /// The text is not UTF-8.
    #[error("the text is not UTF-8")]
    Utf8,
    /// The last line does not end with CRLF, or a line contains a single CR or LF.
    #[error("a line does not end with CRLF")]
    LineEnd,
    /// A line has no `=`, or no name before it.
    #[error("a line is not name=value: {0:?}")]
    Line(String),
    /// A name is repeated.
    #[error("the name {0:?} is repeated")]
    Repeated(String),
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_secret = |name: &str| matches!(name, "ins" | "pins");
        let shown = |(name, value)| (name, if is_secret(name) { "(secret)" } else { value });
        f.write_str("List")?;
        f.debug_map().entries(self.iter().map(shown)).finish()
    }
}

impl List {
    /// Parses a list strictly: every line is `name=value` and ends with CRLF, and no name
    /// is repeated.
    ///
    /// # Errors
    /// Returns the first rule that the text breaks.
    pub fn parse(text: &[u8]) -> Result<Self, ListError> {
        let text = std::str::from_utf8(text).map_err(|_| ListError::Utf8)?;
        let body = text.strip_suffix("\r\n").ok_or(ListError::LineEnd)?;
        let mut list = Self::default();
        for line in body.split("\r\n") {
            if line.contains(['\r', '\n']) {
                return Err(ListError::LineEnd);
            }
            let (name, value) = line
                .split_once('=')
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| ListError::Line(line.to_owned()))?;
            if list.get(name).is_some() {
                return Err(ListError::Repeated(name.to_owned()));
            }
            list.push(name, value);
        }
        Ok(list)
    }

    /// Decodes base64url, and parses the result.
    ///
    /// # Errors
    /// Those of [`List::parse`], and [`ListError::Encoding`].
    pub fn decode(encoded: &str) -> Result<Self, ListError> {
        Self::parse(&base64url::decode(encoded)?)
    }

    /// Returns the first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// Adds a line at the end, even if there is one of that name.
    pub fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Replaces the first value of that name, or adds a line.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.push(name, value),
        }
    }

    /// Removes all lines of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| n != name);
    }

    /// Returns the names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the text, every line ended by CRLF.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.iter() {
            text.extend([name, "=", value, "\r\n"]);
        }
        text
    }

    /// Returns the base64url of the text.
    pub fn encode(&self) -> String {
        base64url::encode(self.to_text())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parsing_is_strict() {
        assert_eq!(List::parse(b"a=1\r\nb=2"), Err(ListError::LineEnd));
        assert_eq!(List::parse(b"a=1\nb=2\r\n"), Err(ListError::LineEnd));
        assert_eq!(List::parse(b""), Err(ListError::LineEnd));
        assert_eq!(List::parse(b"\r\n"), Err(ListError::Line(String::new())));
        assert_eq!(List::parse(b"=1\r\n"), Err(ListError::Line("=1".into())));
        assert_eq!(List::parse(b"a=1\r\na=1\r\n"), Err(ListError::Repeated("a".into())));
        assert_eq!(List::parse(b"\xff=1\r\n"), Err(ListError::Utf8));
        let list = List::parse(b"a=1=2\r\nb=\r\n").unwrap();
        assert_eq!((list.get("a"), list.get("b")), (Some("1=2"), Some("")));
        assert_eq!(List::decode(&list.encode()), Ok(list));
    }
}
