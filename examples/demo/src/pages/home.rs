//! The start page.

use axum::response::Html;
use maud::html;
use tower_sqrl::protocol::PublicUrl;

use crate::pages::layout::{next_step, page};
use crate::session::Visitor;

pub(crate) fn home(visitor: Visitor, public_url: &PublicUrl) -> Html<String> {
    page(
        "tower-sqrl demo",
        visitor,
        &html! {
            h1 { "Sign in without a password" }
            p.lead {
                "This demo signs you in with SQRL: no password, no e-mail address, and a different "
                "key at every site."
            }
            (next_step(visitor))
            section {
                h2 { "No SQRL app?" }
                p { "Sign in from a terminal. The first sign-in creates an identity and an account:" }
                pre { code { "cargo run -p tower-sqrl-client -- login " (public_url) "/login" } }
                p {
                    "This command does not sign in your browser. To do that, start the next command, "
                    "then press the button on the sign-in page:"
                }
                pre { code { "cargo run -p tower-sqrl-client -- listen" } }
            }
        },
    )
}
