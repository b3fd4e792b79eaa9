//! The ready pages, their script and style, and QR codes.
//!
//! Pure rendering: plain strings and numbers in, text and pictures out. What a caller passes in
//! is escaped; a link that does not belong in a page is refused. The paths that pages and script
//! use, below one base: `nut.sqrl`, `pag.sqrl`, `evt.sqrl`, `cps.sqrl`, `svg.sqrl`, [`SCRIPT`] and
//! [`STYLE`].

mod asset;
mod csp;
mod frame;
mod html;
mod pages;
mod qr;
mod sign_in;
mod texts;

pub use asset::{Asset, SCRIPT, STYLE};
pub use csp::{CONFIRM_POLICY, MESSAGE_POLICY, SIGN_IN_POLICY};
pub use html::UnsafeLink;
pub use pages::{ConfirmPage, MessagePage, Notice, Who};
pub use qr::{Qr, QrTooLong};
pub use sign_in::SignInPage;
pub use texts::Texts;
