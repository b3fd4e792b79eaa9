//! The built-in pages, their script and style, and QR codes.
//!
//! Pure rendering: strings and numbers in, text and pictures out. Text that a caller passes in is
//! escaped. Pages and script use the paths `nut.sqrl`, `pag.sqrl`, `evt.sqrl`, `cps.sqrl`,
//! `svg.sqrl`, `sqrl.js`, `sqrl-confirm.js` and `sqrl.css` below one base.

mod html;
mod view;

#[cfg(feature = "web")]
mod asset;
#[cfg(feature = "web")]
mod csp;
#[cfg(feature = "web")]
mod language;
#[cfg(feature = "web")]
mod pages;
#[cfg(not(feature = "web"))]
mod plain;
#[cfg(feature = "web")]
mod qr;
#[cfg(feature = "web")]
mod texts;

#[cfg(feature = "web")]
pub use {
    csp::{ContentSecurityPolicy, CspNonce},
    language::Language,
    qr::{Qr, QrTooLong},
    texts::Texts,
};

#[cfg(not(feature = "web"))]
pub(crate) use plain::{Look, Pages, asset, png, svg};
pub(crate) use view::{Asset, Confirm, Notice, Page, SignIn, Who};
#[cfg(feature = "web")]
pub(crate) use {
    asset::asset,
    pages::{Look, Pages, Site},
    qr::{png, svg},
};
