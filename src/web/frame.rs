//! The frame around every page.

use std::fmt::Display;

use super::asset::{SCRIPT, STYLE};
use super::html::{Esc, UnsafeLink, base_path};
use super::texts::Texts;

/// When a page runs [`SCRIPT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// Not at all.
    None,
    /// When the page is complete.
    Deferred,
    /// Before the page's body is there.
    First,
}

/// A whole page around a body that is HTML already.
pub(super) fn frame(
    texts: &Texts,
    base: &str,
    title: &str,
    script: Script,
    body: impl Display,
) -> Result<String, UnsafeLink> {
    let (name, version, path) = (SCRIPT.name, SCRIPT.version, base_path(base)?);
    let script = match script {
        Script::None => String::new(),
        Script::Deferred => format!("<script src=\"{path}/{name}?v={version}\" defer></script>\n"),
        Script::First => format!("<script src=\"{path}/{name}?v={version}\"></script>\n"),
    };
    Ok(format!(
        include_str!("frame.html"),
        lang = Esc(&texts.lang),
        dir = Esc(&texts.dir),
        title = Esc(title),
        base = path,
        style = STYLE.name,
        style_version = STYLE.version,
        script = script,
        body = body,
    ))
}
