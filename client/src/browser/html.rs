//! The links and the form of a page: just enough HTML for the attributes of some tags.

/// The values of `href` in `<a …>` tags, character references resolved, in order.
pub(crate) fn links(page: &str) -> impl Iterator<Item = String> {
    page.split('<').filter_map(|piece| attribute(tag(piece, "a")?, "href"))
}

/// The first form of a page: its `action`, and the names and values of its `<input …>`s.
#[cfg(feature = "attack")]
pub(crate) fn form(page: &str) -> Option<(String, Vec<(String, String)>)> {
    let mut pieces = page.split('<');
    let action = pieces.find_map(|piece| tag(piece, "form"));
    let action = attribute(action?, "action").unwrap_or_default();
    let inputs = pieces.take_while(|piece| !piece.starts_with("/form"));
    let fields = inputs.filter_map(|piece| {
        let input = tag(piece, "input")?;
        Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default()))
    });
    Some((action, fields.collect()))
}

/// What follows the name of a tag, if it is that one and has attributes.
fn tag<'a>(piece: &'a str, name: &str) -> Option<&'a str> {
    let (head, rest) = piece.split_at_checked(name.len())?;
    let space = rest.starts_with(|c: char| c.is_ascii_whitespace());
    (head.eq_ignore_ascii_case(name) && space).then_some(rest)
}

/// The value of one of `name="value" name='value' name=value name …>`.
fn attribute(mut rest: &str, wanted: &str) -> Option<String> {
    loop {
        rest = rest.trim_ascii_start();
        let end = rest.find(|c: char| c.is_ascii_whitespace() || "=>".contains(c))?;
        let (name, after) = rest.split_at(end);
        let Some(value) = after.trim_ascii_start().strip_prefix('=') else {
            if after.starts_with('>') {
                return None;
            }
            rest = after;
            continue;
        };
        let value = value.trim_ascii_start();
        let (value, after) = match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split_once(quote)?,
            _ => value.split_at(value.find(|c: char| c.is_ascii_whitespace() || c == '>')?),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(unescape(value));
        }
        rest = after;
    }
}

/// Resolves the character references that a URL in an attribute can need.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest.find(';').and_then(|end| Some((end, resolve(&rest[1..end])?)));
        let (length, c) = reference.map_or((1, '&'), |(end, c)| (end + 1, c));
        out.push(c);
        rest = &rest[length..];
    }
    out + rest
}

fn resolve(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "lt" => Some('<'),
        "gt" => Some('>'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_attribute() {
        let page = "<p>a</p><abbr href='no'><A class=x\nHREF = 'sqrl://h/?nut=1'>\
                    <a disabled href=qrl://h/?x=1&#38;nut=2>x</a>\
                    <a href=\"sqrl://h/?x=1&amp;nut=3&#x26;can=a&b&c;\" id=l><a><a name=n>";
        let found: Vec<_> = links(page).collect();
        assert_eq!(
            found,
            ["sqrl://h/?nut=1", "qrl://h/?x=1&nut=2", "sqrl://h/?x=1&nut=3&can=a&b&c;"]
        );
    }

    #[cfg(feature = "attack")]
    #[test]
    fn the_first_form() {
        let page = "<formula x=1><form method=post action='/a?b&amp;c'><input type=hidden name=id \
                    value=\"1\"><INPUT name=x><button name=no></button></form><input name=late>";
        let fields = [("id", "1"), ("x", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(form(page), Some(("/a?b&c".to_owned(), fields.to_vec())));
        assert_eq!(form("<p>no form"), None);
    }

    #[test]
    fn broken_pages_yield_nothing() {
        for page in ["", "<a", "<a ", "<a href", "<a href=", "<a href=\"x", "<a href=\"", "<a =>"] {
            assert_eq!(links(page).count(), 0, "{page}");
        }
    }
}
