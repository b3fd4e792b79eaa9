//! A server's question to the person (`ask`).

use crate::base64url;

/// A question with up to two buttons. The text is the server's: show it as text only,
/// see [`Ask::printable`].
///
/// *On The Wire*, "Server Parameters", `ask`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The question.
    pub text: String,
    /// The buttons, at most two; without any there is one, "OK".
    pub buttons: Vec<Button>,
}

/// One button of an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What stands on it.
    pub label: String,
    /// A path at the same site to open when it is chosen; starts with `/`.
    pub path: Option<String>,
}

impl Ask {
    /// Reads `message[~button1[;url][~button2[;url]]]`, each part base64url. The URL may
    /// stand inside of the encoded button or behind it: the specification's text and its
    /// example differ.
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split('~');
        let text = decode(parts.next()?)?;
        let buttons: Option<Vec<_>> = parts.map(Button::parse).collect();
        let buttons = buttons.filter(|buttons| buttons.len() <= 2)?;
        Some(Self { text, buttons })
    }

    /// The question for a terminal: control characters replaced, lines kept.
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

    /// The label for a terminal, control characters replaced.
    pub fn printable(&self) -> String {
        printable(&self.label)
    }
}

fn decode(part: &str) -> Option<String> {
    String::from_utf8(base64url::decode(part).ok()?).ok()
}

/// Text of a server's, made safe for a terminal.
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
    fn text_and_buttons() {
        let value =
            format!("{}~{}~{}", encode("Pay \u{20ac}5~?"), encode("Yes;/pay"), encode("No"));
        let ask = Ask::parse(&value).unwrap();
        assert_eq!(ask.text, "Pay \u{20ac}5~?");
        assert_eq!(ask.buttons[0].path.as_deref(), Some("/pay"));
        assert_eq!((ask.buttons[1].label.as_str(), &ask.buttons[1].path), ("No", &None));
        let outside = Ask::parse(&format!("{}~{};pay", encode("?"), encode("Yes"))).unwrap();
        assert_eq!(outside.buttons[0].path.as_deref(), Some("/pay"));
    }

    #[test]
    fn malformed_is_none_and_escapes_are_tamed() {
        let three = [encode("?"), encode("1"), encode("2"), encode("3")].join("~");
        assert_eq!(Ask::parse(&three), None);
        assert_eq!(Ask::parse("!"), None);
        assert_eq!(Ask::parse(&encode([0xff])), None);
        let ask = Ask::parse(&encode("a\r\nb\u{1b}[2J")).unwrap();
        assert_eq!(ask.printable(), "a\nb\u{fffd}[2J");
    }
}
