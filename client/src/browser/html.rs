//! The links of a page: just enough HTML for the `href`s of its `<a>` tags.

/// The values of `href` in `<a …>` tags, character references resolved, in order.
pub(crate) fn links(page: &str) -> impl Iterator<Item = String> {
    page.split('<').filter_map(|tag| {
        let rest = tag.strip_prefix(['a', 'A'])?;
        let attributes = rest.strip_prefix(|c: char| c.is_ascii_whitespace())?;
        href(attributes)
    })
}

/// The `href` of `name="value" name='value' name=value name …>`.
fn href(mut rest: &str) -> Option<String> {
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
        if name.eq_ignore_ascii_case("href") {
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

    #[test]
    fn broken_pages_yield_nothing() {
        for page in ["", "<a", "<a ", "<a href", "<a href=", "<a href=\"x", "<a href=\"", "<a =>"] {
            assert_eq!(links(page).count(), 0, "{page}");
        }
    }
}
