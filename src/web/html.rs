//! Escaping, and links that may stand in a page.

use std::fmt::{self, Display, Formatter, Write as _};

/// A link that must not stand in a page: its scheme or form is not one that is expected there.
///
/// The link itself is not told, since it may hold a nut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not {expected}")]
pub struct UnsafeLink {
    what: &'static str,
    expected: &'static str,
}

/// Text for an element or a double-quoted attribute.
///
/// What HTML does not allow, control characters and such, becomes U+FFFD, so that nothing
/// can hide in it.
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

/// The characters that reorder the text around them, and so can make a name look like another.
fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A value in a query: everything but the unreserved characters percent-encoded.
#[derive(Clone, Copy)]
pub(super) struct Query<'a>(pub(super) &'a str);

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

/// The SQRL link: `sqrl://`, or `qrl://` for a site without TLS.
pub(super) fn sqrl_link(link: &str) -> Result<Esc<'_>, UnsafeLink> {
    let safe = ["sqrl://", "qrl://"].iter().any(|scheme| link.starts_with(scheme));
    check(safe && is_plain(link), link, "the SQRL link", "a sqrl:// or qrl:// URL")
}

/// A link for a person to follow: `https://`, `http://`, or a path of this site.
pub(super) fn web_link(link: &str) -> Result<Esc<'_>, UnsafeLink> {
    let absolute = ["https://", "http://"].iter().any(|scheme| link.starts_with(scheme));
    check(
        (absolute || is_path(link)) && is_plain(link),
        link,
        "the link to go on",
        "an http:// or https:// URL or an absolute path",
    )
}

/// The prefix of the SQRL paths, without a slash at its end: empty, or a path of this site.
pub(super) fn base_path(base: &str) -> Result<Esc<'_>, UnsafeLink> {
    let base = base.trim_end_matches('/');
    let safe = base.is_empty() || is_path(base);
    check(
        safe && is_plain(base) && !base.contains(['?', '#']),
        base,
        "the base of the SQRL paths",
        "empty or an absolute path",
    )
}

/// `//host` and `/\host` would leave the site.
fn is_path(link: &str) -> bool {
    link.starts_with('/') && !link[1..].starts_with(['/', '\\'])
}

/// Browsers drop tabs and newlines inside a URL and blanks around it: no check sees through that.
fn is_plain(link: &str) -> bool {
    !link.contains(|character: char| character.is_control() || character.is_whitespace())
}

fn check<'a>(
    safe: bool,
    link: &'a str,
    what: &'static str,
    expected: &'static str,
) -> Result<Esc<'a>, UnsafeLink> {
    if safe { Ok(Esc(link)) } else { Err(UnsafeLink { what, expected }) }
}

#[cfg(test)]
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
    fn only_sqrl_links_count_as_sqrl_links() {
        for link in ["sqrl://example.com/cli.sqrl?nut=a", "qrl://example.com/cli.sqrl?nut=a"] {
            assert!(sqrl_link(link).is_ok(), "{link}");
        }
        for link in [
            "",
            "javascript:alert(1)",
            "https://example.com",
            "sqrl:alert",
            " sqrl://a",
            "sqrl://a\tb",
            "SQRL://a",
            "sqrl://a b",
            "data:text/html,sqrl://",
            "/cli.sqrl",
        ] {
            assert!(sqrl_link(link).is_err(), "{link:?}");
        }
    }

    #[test]
    fn only_paths_and_web_addresses_are_followed() {
        for link in ["/", "/login?a=b#c", "https://example.com/", "http://127.0.0.1:8080/login"] {
            assert!(web_link(link).is_ok(), "{link}");
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
            assert!(web_link(link).is_err(), "{link:?}");
        }
    }

    #[test]
    fn the_base_is_a_path_of_this_site() {
        for (base, written) in [("", ""), ("/", ""), ("/auth", "/auth"), ("/a/b/", "/a/b")] {
            assert_eq!(base_path(base).expect("a path").to_string(), written);
        }
        for base in ["auth", "//evil.example", "/\\evil", "https://a", "/a?b", "/a#b", "/a b"] {
            assert!(base_path(base).is_err(), "{base:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_was_expected() {
        assert_eq!(
            sqrl_link("javascript:1").err().expect("refused").to_string(),
            "the SQRL link is not a sqrl:// or qrl:// URL",
        );
    }
}
