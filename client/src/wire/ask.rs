//! Questions that a site asks the user (`ask`).

use std::str::FromStr;

use crate::base64url;

/// A question with up to two buttons.
///
/// The text is the site's. [`Ask::printable`] makes it safe to show in a terminal.
///
/// *On The Wire*, "Server Parameters", `ask`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The text of the question.
    pub text: String,
    /// At most two buttons. A question without buttons has one answer, "OK".
    pub buttons: Vec<Button>,
}

/// One button of an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// The label of the button.
    pub label: String,
    /// A path at the site to open if the button is chosen. It starts with `/`.
    pub path: Option<String>,
}

/// A text is not the value of `ask`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an ask is message[~button[;url][~button[;url]]], each part base64url of UTF-8")]
pub struct AskError;

/// Parses `message[~button1[;url][~button2[;url]]]`. Each part is base64url.
///
/// The URL may be inside the encoded button or after it, because the specification's text
/// and its example differ.
impl FromStr for Ask {
    type Err = AskError;

    fn from_str(value: &str) -> Result<Self, AskError> {
        let mut parts = value.split('~');
        let text = parts.next().and_then(decode).ok_or(AskError)?;
        let buttons: Option<Vec<_>> = parts.map(Button::parse).collect();
        let buttons = buttons.filter(|buttons| buttons.len() <= 2).ok_or(AskError)?;
        Ok(Self { text, buttons })
    }
}

impl Ask {
    /// Returns the text for a terminal: control characters are replaced, lines are kept.
    pub fn printable(&self) -> String {
        printable(&self.text)
    }
}

impl Button {
    fn parse(part: &str) -> Option<Self> {
        let (encoded, outside) = match part.split_once(';') {
            Some((encoded, path)) => (encoded, Some(path.to_owned())),
            None => (part, None),
        };
        let decoded = decode(encoded)?;
        let (label, path) = match decoded.split_once(';') {
            Some((label, path)) => (label.to_owned(), Some(path.to_owned())),
            None => (decoded, outside),
        };
        let path = path.map(|p| if p.starts_with('/') { p } else { format!("/{p}") });
        Some(Self { label, path })
    }

    /// Returns the label for a terminal: control characters are replaced.
    pub fn printable(&self) -> String {
        printable(&self.label)
    }
}

fn decode(part: &str) -> Option<String> {
    String::from_utf8(base64url::decode(part).ok()?).ok()
}

/// Replaces control characters, except line ends.
fn printable(text: &str) -> String {
    let keep = |c: char| {
        if c.is_control() && c != '\n' { '\u{fffd}' } else { c }
    };
    text.replace("\r\n", "\n").chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use base64url::encode;

    #[test]
    fn text_and_buttons_are_parsed() {
        let value =
            format!("{}~{}~{}", encode("Pay \u{20ac}5~?"), encode("Yes;/pay"), encode("No"));
        let ask: Ask = value.parse().unwrap();
        assert_eq!(ask.text, "Pay \u{20ac}5~?");
        assert_eq!(ask.buttons[0].path.as_deref(), Some("/pay"));
        assert_eq!((ask.buttons[1].label.as_str(), &ask.buttons[1].path), ("No", &None));
        let outside = format!("{}~{};pay", encode("?"), encode("Yes"));
        let outside: Ask = outside.parse().unwrap();
        assert_eq!(outside.buttons[0].path.as_deref(), Some("/pay"));
    }

    #[test]
    fn malformed_questions_are_rejected_and_controls_replaced() {
        let three = [encode("?"), encode("1"), encode("2"), encode("3")].join("~");
        for bad in [three, "!".to_owned(), encode([0xff])] {
            assert_eq!(bad.parse::<Ask>(), Err(AskError), "{bad}");
        }
        let ask: Ask = encode("a\r\nb\u{1b}[2J").parse().unwrap();
        assert_eq!(ask.printable(), "a\nb\u{fffd}[2J");
    }
}
