//! The links and forms of a page. Parses just enough HTML to find the attributes of tags.

/// Returns the values of `href` in `<a …>` tags, in order. Character references are resolved.
pub(crate) fn links(page: &str) -> impl Iterator<Item = String> {
    page.split('<').filter_map(|piece| attribute(tag(piece, "a")?, "href"))
}

/// A form of a page.
#[cfg(feature = "attack")]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// The value of `action`, empty if there is none.
    pub(crate) action: String,
    /// The names and values of its `<input …>` tags.
    pub(crate) fields: Vec<(String, String)>,
}

/// Returns all forms of a page, in order.
#[cfg(feature = "attack")]
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut is_open = false;
    for piece in page.split('<') {
        if let Some(form) = tag(piece, "form") {
            let action = attribute(form, "action").unwrap_or_default();
            forms.push(Form { action, fields: Vec::new() });
            is_open = true;
        } else if piece.starts_with("/form") {
            is_open = false;
        } else if let (true, Some(form), Some(input)) =
            (is_open, forms.last_mut(), tag(piece, "input"))
            && let Some(name) = attribute(input, "name")
        {
            form.fields.push((name, attribute(input, "value").unwrap_or_default()));
        }
    }
    forms
}

/// Returns the text after the name of a tag, if the tag has that name and attributes.
fn tag<'a>(piece: &'a str, name: &str) -> Option<&'a str> {
    let (head, rest) = piece.split_at_checked(name.len())?;
    let space = rest.starts_with(|c: char| c.is_ascii_whitespace());
    (head.eq_ignore_ascii_case(name) && space).then_some(rest)
}

/// Returns the value of an attribute in `name="value" name='value' name=value name …>`.
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

/// Resolves the character references that a URL in an attribute may contain.
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
    fn all_syntaxes_of_attributes_are_parsed() {
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
    fn all_forms_are_found() {
        let page = "<formula x=1><form method=post action='/a?b&amp;c'><input type=hidden name=id \
                    value=\"1\"><INPUT name=x><button name=no></button></form><input name=late>\
                    <FORM id=f><input name=q></form>";
        let form = |action: &str, fields: &[(&str, &str)]| Form {
            action: action.to_owned(),
            fields: fields.iter().map(|&(n, v)| (n.to_owned(), v.to_owned())).collect(),
        };
        let expected = [form("/a?b&c", &[("id", "1"), ("x", "")]), form("", &[("q", "")])];
        assert_eq!(forms(page), expected);
        assert_eq!(forms("<p>no form"), []);
    }

    #[test]
    fn broken_tags_have_no_links() {
        for page in ["", "<a", "<a ", "<a href", "<a href=", "<a href=\"x", "<a href=\"", "<a =>"] {
            assert_eq!(links(page).count(), 0, "{page}");
        }
    }
}
