//! The frame around every page.

use std::fmt::Display;

use super::asset::STYLE;
use super::html::{Esc, UnsafeLink, base_path};
use super::texts::Texts;

/// A whole page around a body that is HTML already, as is `script`, for its head.
pub(super) fn frame(
    texts: &Texts,
    base: &str,
    title: &str,
    script: impl Display,
    body: impl Display,
) -> Result<String, UnsafeLink> {
    Ok(format!(
        include_str!("frame.html"),
        lang = Esc(&texts.lang),
        dir = Esc(&texts.dir),
        title = Esc(title),
        base = base_path(base)?,
        style = STYLE.name,
        style_version = STYLE.version,
        script = script,
        body = body,
    ))
}
