//! The paths in a source file: `use` trees spelt out, `self` and `super` resolved. Comments and
//! strings are none.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

pub(crate) struct Found {
    /// `crate::engine::decide`, `http::Request`, or a key word alone.
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// Under `#[cfg(test)]`.
    pub(crate) test: bool,
}

impl Found {
    /// Whether this is `banned`, something in it, or an opening through which it can be reached
    /// (`use std::time;`, `use std::*;`). A crate's name stands for its family.
    pub(crate) fn reaches(&self, banned: &str) -> bool {
        let banned: Vec<&str> = banned.split("::").collect();
        let path: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        if let ([family], Some(first)) = (banned.as_slice(), path.first()) {
            let member = first.strip_prefix(family);
            return *first != "tower_sqrl"
                && member.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
        }
        match path.split_last() {
            Some((&"*", parents)) => banned.starts_with(parents) || parents.starts_with(&banned),
            _ => path.starts_with(&banned) || (path.len() > 1 && banned.starts_with(&path)),
        }
    }
}

/// Every path in `source`, the text of the module at `place` (`engine/decide`).
pub(crate) fn find(source: &str, place: &str) -> Vec<Found> {
    let tokens: TokenStream = source.parse().unwrap_or_else(|error| panic!("{place}: {error}"));
    let module = place.split('/').map(str::to_owned).collect();
    let mut finder = Finder { module, test: false, found: Vec::new() };
    finder.tokens(&trees(tokens));
    finder.found
}

fn trees(tokens: TokenStream) -> Vec<TokenTree> {
    tokens.into_iter().collect()
}

struct Finder {
    module: Vec<String>,
    test: bool,
    found: Vec<Found>,
}

impl Finder {
    fn tokens(&mut self, trees: &[TokenTree]) {
        let mut rest = trees;
        while let Some((first, behind)) = rest.split_first() {
            let used = match first {
                TokenTree::Group(group) if is_cfg_test(group) && !self.test => {
                    let item = item_length(behind);
                    self.test = true;
                    self.tokens(&behind[..item]);
                    self.test = false;
                    1 + item
                }
                TokenTree::Group(group) => {
                    self.tokens(&trees_of(group));
                    1
                }
                TokenTree::Ident(word) if word == "mod" => self.module(behind) + 1,
                TokenTree::Ident(word) if word == "use" => self.path(behind, &[], true) + 1,
                TokenTree::Ident(word) if word == "async" => {
                    self.push(vec![word.to_string()], first);
                    1
                }
                TokenTree::Ident(_) if is_separator(behind) => self.path(rest, &[], false),
                _ => 1,
            };
            rest = &rest[used..];
        }
    }

    /// Behind `mod`: its name and, where it is written here, its content.
    fn module(&mut self, behind: &[TokenTree]) -> usize {
        let [TokenTree::Ident(name), TokenTree::Group(content), ..] = behind else { return 0 };
        self.module.push(name.to_string());
        self.tokens(&trees_of(content));
        self.module.pop();
        2
    }

    /// A path or a `use` tree that continues `prefix`; how many tokens it takes.
    fn path(&mut self, trees: &[TokenTree], prefix: &[String], import: bool) -> usize {
        let mut segments = prefix.to_vec();
        let mut used = if is_separator(trees) { 2 } else { 0 };
        while let Some(tree) = trees.get(used) {
            match tree {
                TokenTree::Ident(word) => segments.push(word.to_string()),
                TokenTree::Punct(star) if star.as_char() == '*' && import => {
                    segments.push("*".to_owned());
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && import => {
                    for branch in trees_of(group).split(is_comma) {
                        self.path(branch, &segments, import);
                    }
                    return used + 1;
                }
                _ => break,
            }
            used += 1;
            if !is_separator(&trees[used..]) {
                break;
            }
            used += 2;
        }
        if let Some(first) = trees.first().filter(|_| !segments.is_empty()) {
            self.push(segments, first);
        }
        used.max(1)
    }

    fn push(&mut self, segments: Vec<String>, at: &TokenTree) {
        let segments = self.resolve(segments);
        self.found.push(Found { segments, line: at.span().start().line, test: self.test });
    }

    fn resolve(&self, mut segments: Vec<String>) -> Vec<String> {
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        let up = segments.iter().take_while(|word| *word == "super" || *word == "self").count();
        if up == 0 {
            return segments;
        }
        let supers = segments[..up].iter().filter(|word| *word == "super").count();
        let stay = self.module.len().saturating_sub(supers);
        let absolute = self.module[..stay].iter().chain(&segments[up..]);
        ["crate".to_owned()].iter().chain(absolute).cloned().collect()
    }
}

fn trees_of(group: &Group) -> Vec<TokenTree> {
    trees(group.stream())
}

fn is_separator(trees: &[TokenTree]) -> bool {
    matches!(trees, [TokenTree::Punct(a), TokenTree::Punct(b), ..] if a.as_char() == ':' && b.as_char() == ':')
}

fn is_comma(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',')
}

/// `[cfg(test)]` or `[cfg(all(test, …))]`, as behind `#`.
fn is_cfg_test(group: &Group) -> bool {
    let text: String = group.stream().to_string().split_whitespace().collect();
    group.delimiter() == Delimiter::Bracket
        && (text == "cfg(test)" || text.starts_with("cfg(all(test,"))
}

/// How many tokens the item takes: up to its braces or semicolon.
fn item_length(trees: &[TokenTree]) -> usize {
    let ends = |tree: &TokenTree| match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    trees.iter().position(ends).map_or(trees.len(), |end| end + 1)
}
