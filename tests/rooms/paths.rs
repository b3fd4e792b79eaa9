//! Reads the paths in a source file. Expands `use` trees and resolves `self` and `super`.
//! Comments and strings hold no paths.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

#[derive(Default)]
pub(crate) struct Source {
    pub(crate) paths: Vec<Found>,
    /// The modules in other files: `mod name;`.
    pub(crate) modules: Vec<Declared>,
    /// The names in the items of the file: every identifier outside `use` and outside tests,
    /// except methods, fields and the names of functions.
    pub(crate) names: BTreeSet<String>,
}

pub(crate) struct Declared {
    pub(crate) name: String,
    /// The value of `#[path = "…"]`.
    pub(crate) file: Option<String>,
    /// Under `#[cfg(test)]`.
    pub(crate) test: bool,
}

pub(crate) struct Found {
    /// `crate::engine::decide`, `http::Request`, or a key word alone.
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// Under `#[cfg(test)]`.
    pub(crate) test: bool,
    pub(crate) import: Option<Import>,
}

pub(crate) struct Import {
    /// The name that the `use` declaration binds: `*` for a glob.
    pub(crate) name: String,
    /// Declared with a visibility: `pub use`, `pub(crate) use`.
    pub(crate) reexport: bool,
}

impl Found {
    /// Whether this is `banned`, something in it, or an opening through which it can be reached
    /// (`use std::time;`, `use std::*;`). A crate's name stands for its family.
    pub(crate) fn reaches(&self, banned: &str) -> bool {
        let banned: Vec<&str> = banned.split("::").collect();
        let path: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        if let ([family], Some(first)) = (banned.as_slice(), path.first()) {
            let member = first.strip_prefix(family);
            return !first.starts_with("tower_sqrl")
                && member.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
        }
        match path.split_last() {
            Some((&"*", parents)) => banned.starts_with(parents) || parents.starts_with(&banned),
            _ => path.starts_with(&banned) || (path.len() > 1 && banned.starts_with(&path)),
        }
    }
}

/// Reads `source`, the text of the module at `place` (`engine/decide`, empty for the root).
pub(crate) fn read(source: &str, place: &str) -> Source {
    let tokens: TokenStream = source.parse().unwrap_or_else(|error| panic!("{place}: {error}"));
    let module = place.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let mut finder = Finder { module, test: false, source: Source::default() };
    finder.tokens(&trees(tokens));
    finder.source
}

fn trees(tokens: TokenStream) -> Vec<TokenTree> {
    tokens.into_iter().collect()
}

struct Finder {
    module: Vec<String>,
    test: bool,
    source: Source,
}

impl Finder {
    fn tokens(&mut self, trees: &[TokenTree]) {
        let mut rest = trees;
        while let Some((first, behind)) = rest.split_first() {
            let before = &trees[..trees.len() - rest.len()];
            let used = match first {
                TokenTree::Group(group) if is_cfg_test(group) && !self.test => {
                    let item = item_length(behind);
                    self.test = true;
                    self.tokens(&behind[..item]);
                    self.test = false;
                    1 + item
                }
                TokenTree::Group(group) if is_restricted_visibility(group, before) => 1,
                TokenTree::Group(group) => {
                    self.tokens(&trees_of(group));
                    1
                }
                TokenTree::Ident(word) if word == "mod" => self.module(before, behind) + 1,
                TokenTree::Ident(word) if word == "use" => {
                    self.path(behind, &[], Some(is_visibility(before))) + 1
                }
                TokenTree::Ident(word) if word == "async" => {
                    self.push(vec![word.to_string()], first, None);
                    1
                }
                TokenTree::Ident(_) if is_separator(behind) => self.path(rest, &[], None),
                TokenTree::Ident(word) => {
                    if !is_method_or_function(before) {
                        self.name(word.to_string());
                    }
                    1
                }
                _ => 1,
            };
            rest = &rest[used..];
        }
    }

    /// Reads what follows `mod`: a name, and its content if that is written here.
    fn module(&mut self, before: &[TokenTree], behind: &[TokenTree]) -> usize {
        match behind {
            [TokenTree::Ident(name), TokenTree::Group(content), ..] => {
                self.module.push(name.to_string());
                self.tokens(&trees_of(content));
                self.module.pop();
                2
            }
            [TokenTree::Ident(name), ..] => {
                let (name, file) = (name.to_string(), file_attribute(before));
                self.source.modules.push(Declared { name, file, test: self.test });
                1
            }
            _ => 0,
        }
    }

    /// Reads a path or a `use` tree that continues `prefix`. Returns the number of its tokens.
    /// `import` is `None` outside `use`, and otherwise whether the `use` has a visibility.
    fn path(&mut self, trees: &[TokenTree], prefix: &[String], import: Option<bool>) -> usize {
        let mut segments = prefix.to_vec();
        let mut used = if is_separator(trees) { 2 } else { 0 };
        while let Some(tree) = trees.get(used) {
            match tree {
                TokenTree::Ident(word) => segments.push(word.to_string()),
                TokenTree::Punct(star) if star.as_char() == '*' && import.is_some() => {
                    segments.push("*".to_owned());
                }
                TokenTree::Group(group)
                    if group.delimiter() == Delimiter::Brace && import.is_some() =>
                {
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
            let import = import.map(|reexport| {
                let alias = alias(&trees[used..]);
                used += if alias.is_some() { 2 } else { 0 };
                let last = || segments.iter().rfind(|word| *word != "self").cloned();
                Import { name: alias.or_else(last).unwrap_or_default(), reexport }
            });
            if import.is_none() {
                for word in &segments {
                    self.name(word.clone());
                }
            }
            self.push(segments, first, import);
        }
        used.max(1)
    }

    fn name(&mut self, name: String) {
        if !self.test {
            self.source.names.insert(name);
        }
    }

    fn push(&mut self, segments: Vec<String>, at: &TokenTree, import: Option<Import>) {
        let segments = self.resolve(segments);
        let line = at.span().start().line;
        self.source.paths.push(Found { segments, line, test: self.test, import });
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

/// The name after `as`.
fn alias(trees: &[TokenTree]) -> Option<String> {
    match trees {
        [TokenTree::Ident(word), TokenTree::Ident(name), ..] if word == "as" => {
            Some(name.to_string())
        }
        _ => None,
    }
}

/// Whether the tokens end with `pub` or `pub(…)`.
fn is_visibility(before: &[TokenTree]) -> bool {
    let before = match before.split_last() {
        Some((TokenTree::Group(group), rest)) if group.delimiter() == Delimiter::Parenthesis => {
            rest
        }
        _ => before,
    };
    matches!(before.last(), Some(TokenTree::Ident(word)) if word == "pub")
}

/// `(in crate::engine)` after `pub`: a path that imports nothing.
fn is_restricted_visibility(group: &Group, before: &[TokenTree]) -> bool {
    matches!(before.last(), Some(TokenTree::Ident(word)) if word == "pub")
        && matches!(trees_of(group).first(), Some(TokenTree::Ident(word)) if word == "in")
}

fn is_method_or_function(before: &[TokenTree]) -> bool {
    match before.last() {
        Some(TokenTree::Punct(dot)) => dot.as_char() == '.',
        Some(TokenTree::Ident(word)) => word == "fn",
        _ => false,
    }
}

/// The value of the `#[path = "…"]` among the attributes directly before an item.
fn file_attribute(before: &[TokenTree]) -> Option<String> {
    let visibility = |tree: &TokenTree| {
        matches!(tree, TokenTree::Ident(word) if word == "pub")
            || matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
    };
    let mut rest = before;
    while let Some((last, earlier)) = rest.split_last() {
        match last {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                if let [TokenTree::Ident(name), _, TokenTree::Literal(value)] = &trees_of(group)[..]
                    && name == "path"
                {
                    return Some(value.to_string().trim_matches('"').to_owned());
                }
            }
            TokenTree::Punct(hash) if hash.as_char() == '#' => {}
            _ if visibility(last) => {}
            _ => return None,
        }
        rest = earlier;
    }
    None
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
