//! Escaping, and URLs that may stand in a page.

use std::fmt::{self, Display, Formatter, Write as _};

/// Text for an element or a double-quoted attribute.
///
/// Control characters and bidirectional overrides become U+FFFD, so that no text can hide or reorder
/// another.
#[derive(Clone, Copy)]
pub(super) struct Esc<'a>(pub(super) &'a str);

impl Display for Esc<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(character)?,
                _ if character.is_control() || is_bidi_control(character) => {
                    f.write_char(char::REPLACEMENT_CHARACTER)?;
                }
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// Characters that reorder the text around them, which can make one name look like another.
fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A value in a query. All but the unreserved characters are percent-encoded.
#[cfg(feature = "web")]
#[derive(Clone, Copy)]
pub(super) struct Query<'a>(pub(super) &'a str);

#[cfg(feature = "web")]
impl Display for Query<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                f.write_char(char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

/// A URL for a person to follow: `https://`, `http://`, or a path of this site. `None` for any
/// other, such as `javascript:`.
#[cfg(feature = "web")]
pub(super) fn web_link(url: &str) -> Option<Esc<'_>> {
    let is_absolute = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    (is_path(url) || is_absolute && is_plain(url)).then_some(Esc(url))
}

/// Whether this is a path from the root of this site; `//host` and `/\host` lead to another site.
#[cfg(feature = "web")]
pub(super) fn is_path(url: &str) -> bool {
    is_plain(url) && url.starts_with('/') && !url[1..].starts_with(['/', '\\'])
}

/// Browsers drop tabs and newlines inside a URL, and blanks around it.
#[cfg(feature = "web")]
fn is_plain(url: &str) -> bool {
    !url.contains(|character: char| character.is_control() || character.is_whitespace())
}

#[cfg(all(test, feature = "web"))]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_an_element_or_an_attribute() {
        assert_eq!(
            Esc("\"><script>'&\u{0}\u{7F}\u{85}\r\n\u{202E}é").to_string(),
            "&quot;&gt;&lt;script&gt;&#39;&amp;\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\n\u{FFFD}é",
        );
    }

    #[test]
    fn a_value_stays_one_value() {
        assert_eq!(Query("aZ0-._~").to_string(), "aZ0-._~");
        assert_eq!(Query("&go#?=+ é").to_string(), "%26go%23%3F%3D%2B%20%C3%A9");
    }

    #[test]
    fn only_paths_and_web_addresses_are_followed() {
        for link in ["/", "/login?a=b#c", "https://example.com/", "http://127.0.0.1:8080/login"] {
            assert!(web_link(link).is_some(), "{link}");
        }
        for link in [
            "",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\nscript:alert(1)",
            "login",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "data:text/html,x",
            "vbscript:x",
            " https://example.com",
            "sqrl://example.com",
            "\u{0}/",
        ] {
            assert!(web_link(link).is_none(), "{link:?}");
        }
    }
}
