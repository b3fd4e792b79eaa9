//! `ask`: a question that the client shows its user, answered with `btn`.

use std::fmt;

use thiserror::Error;

use super::ProtocolError;
use super::base64url;
use super::public_url::is_absolute_path;

/// Maximum length of `ask` on the wire, in characters. The client returns a reply in its next request,
/// which must fit the body limit.
const MAX_WIRE_LEN: usize = 2048;

/// A question to the user, with up to two buttons. Without buttons, the client shows its own "OK".
///
/// The server sends the question in the reply to a `query` of a known identity. The application receives
/// the answer with the sign-in.
///
/// ```
/// use tower_sqrl_core::protocol::Ask;
///
/// let ask = Ask::new("Send 100 € to Alice?")?.button("Send")?.button("Keep")?;
/// assert_eq!(ask.to_string(), "U2VuZCAxMDAg4oKsIHRvIEFsaWNlPw~U2VuZA~S2VlcA");
/// # Ok::<(), tower_sqrl_core::protocol::AskError>(())
/// ```
///
/// *On The Wire*, "Server Parameters", `ask`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    wire: String,
    buttons: u8,
}

impl Ask {
    /// Creates a question without buttons.
    ///
    /// # Errors
    ///
    /// [`AskError::TooLong`].
    pub fn new(text: &str) -> Result<Self, AskError> {
        Self { wire: base64url::encode(text), buttons: 0 }.checked()
    }

    /// Adds a button.
    ///
    /// # Errors
    ///
    /// [`AskError::Buttons`] for a third one, [`AskError::Semicolon`] for a label with a
    /// semicolon, [`AskError::TooLong`].
    pub fn button(self, label: &str) -> Result<Self, AskError> {
        self.push(label, label)
    }

    /// Adds a button that also opens `path` of this site in the browser. `path` is absolute and may have
    /// a query.
    ///
    /// # Errors
    ///
    /// As [`Ask::button`], and [`AskError::Path`] if `path` could lead to another site or is not visible
    /// ASCII. Percent-encode other characters.
    pub fn button_opening(self, label: &str, path: &str) -> Result<Self, AskError> {
        if !is_absolute_path(path) {
            return Err(AskError::Path);
        }
        self.push(label, &format!("{label};{path}"))
    }

    /// Returns whether the question has buttons.
    pub fn has_buttons(&self) -> bool {
        self.buttons > 0
    }

    fn push(mut self, label: &str, value: &str) -> Result<Self, AskError> {
        if label.contains(';') {
            return Err(AskError::Semicolon);
        }
        if self.buttons == 2 {
            return Err(AskError::Buttons);
        }
        self.buttons += 1;
        self.wire.push('~');
        self.wire.push_str(&base64url::encode(value));
        self.checked()
    }

    fn checked(self) -> Result<Self, AskError> {
        if self.wire.len() > MAX_WIRE_LEN { Err(AskError::TooLong) } else { Ok(self) }
    }

    /// Reads what [`Display`](fmt::Display) wrote.
    pub(crate) fn from_wire(wire: &str) -> Option<Self> {
        let mut parts = wire.split('~');
        let well_formed = wire.len() <= MAX_WIRE_LEN
            && parts.clone().count() <= 3
            && parts.next().is_some_and(|text| base64url::decode(text).is_ok())
            && parts.all(|button| base64url::decode(button).is_ok_and(|bytes| stays_here(&bytes)));
        let buttons = u8::try_from(wire.matches('~').count()).ok()?;
        well_formed.then(|| Self { wire: wire.to_owned(), buttons })
    }
}

/// Returns whether a button opens nothing, or a path of this site.
fn stays_here(button: &[u8]) -> bool {
    let mut parts = button.splitn(2, |&byte| byte == b';').skip(1);
    parts.all(|path| std::str::from_utf8(path).is_ok_and(is_absolute_path))
}

/// The wire form.
impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wire)
    }
}

/// The error of building an [`Ask`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AskError {
    /// Text and buttons take more than 2048 characters on the wire.
    #[error("the question is too long: text and buttons together may have about 1500 bytes")]
    TooLong,
    /// A third button.
    #[error("a question has at most two buttons")]
    Buttons,
    /// A label contains a semicolon, which separates the label from the path.
    #[error("a button's label must not contain a semicolon")]
    Semicolon,
    /// A path could lead to another site, or contains characters other than visible ASCII.
    #[error(
        "a button's path begins with a single `/`, as in `/orders?id=1`, and is visible ASCII: \
         percent-encode other characters"
    )]
    Path,
}

/// The answer to an [`Ask`]: `btn`.
///
/// *On The Wire*, "Client Parameters", `btn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Button {
    /// The client's own "OK" (0).
    Ok,
    /// The first button (1).
    First,
    /// The second button (2).
    Second,
    /// The question was closed without an answer (3, from one client's close button).
    Cancelled,
}

impl Button {
    /// Returns the digit on the wire, 0 to 3.
    pub const fn digit(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::First => 1,
            Self::Second => 2,
            Self::Cancelled => 3,
        }
    }

    pub(crate) const fn from_digit(digit: u8) -> Option<Self> {
        match digit {
            0 => Some(Self::Ok),
            1 => Some(Self::First),
            2 => Some(Self::Second),
            3 => Some(Self::Cancelled),
            _ => None,
        }
    }

    pub(super) fn parse(value: &str) -> Result<Self, ProtocolError> {
        match value.as_bytes() {
            [digit] => Self::from_digit(digit.wrapping_sub(b'0')).ok_or(ProtocolError::Button),
            _ => Err(ProtocolError::Button),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_survives_the_store() {
        let ask = Ask::new("Ähm?").and_then(|ask| ask.button_opening("Go", "/x")).expect("short");
        assert_eq!(Ask::from_wire(&ask.to_string()), Some(ask));
        assert_eq!(Ask::from_wire("a b"), None);
        assert_eq!(Ask::from_wire("QQ~QQ~QQ~QQ"), None);
        for (button, is_ask) in [("Go", true), ("Go;/x", true), ("Go;//x", false), ("Go;", false)] {
            let wire = format!("QQ~{}", base64url::encode(button));
            assert_eq!(Ask::from_wire(&wire).is_some(), is_ask, "{button}");
        }
    }

    #[test]
    fn a_button_opens_no_other_site() {
        let ask = Ask::new("?").expect("short");
        for path in ["//evil.example/", "/\\evil.example/", "/\t/evil.example/", "/a\r\nsin=b", ""]
        {
            assert_eq!(ask.clone().button_opening("a", path), Err(AskError::Path), "{path:?}");
        }
        assert!(ask.button_opening("a", "/orders?back=//a;b").is_ok());
    }

    #[test]
    fn an_ask_has_its_bounds() {
        let ask = Ask::new("?").and_then(|ask| ask.button("a")).and_then(|ask| ask.button("b"));
        assert_eq!(ask.clone().and_then(|ask| ask.button("c")), Err(AskError::Buttons));
        assert_eq!(Ask::new("?").and_then(|ask| ask.button("a;b")), Err(AskError::Semicolon));
        assert_eq!(Ask::new("?").and_then(|ask| ask.button_opening("a", "b")), Err(AskError::Path));
        assert_eq!(Ask::new(&"x".repeat(1537)), Err(AskError::TooLong));
    }

    #[test]
    fn buttons_are_single_digits() {
        for (value, button) in [("0", Button::Ok), ("1", Button::First), ("2", Button::Second)] {
            assert_eq!(Button::parse(value), Ok(button));
            assert_eq!(Button::from_digit(button.digit()), Some(button));
        }
        assert_eq!(Button::parse("3"), Ok(Button::Cancelled));
        for value in ["", "4", "00", "-1", "a", "\u{ff11}"] {
            assert_eq!(Button::parse(value), Err(ProtocolError::Button), "{value:?}");
        }
    }
}
