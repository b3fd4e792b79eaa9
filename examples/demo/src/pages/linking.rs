//! The page that asks before an identity is linked.

use axum::response::Html;
use maud::html;
use tower_sqrl::protocol::Idk;

use crate::pages::layout::page;
use crate::session::Visitor;

/// Only the user can tell their own app from a stranger's: by what their app reported.
pub(crate) fn confirm_link(idk: &Idk) -> Html<String> {
    let key = idk.to_string();
    page(
        "Link this identity?",
        Visitor::SignedIn,
        &html! {
            h1 { "Is this your identity?" }
            p.lead {
                "A SQRL app answered with an identity that has no account here. Its key begins with "
                code { (key[..8]) } "."
            }
            p.notice {
                strong { "Look at your SQRL app before you answer. " }
                "Say yes only if you have just used it for this page and it reported success. Say no "
                "if it reported an error, if it is still waiting, or if you have not used it: a "
                "stranger has answered your code. The owner of this identity will be able to use "
                "your account."
            }
            form.row method="post" action="/account/identity/decline" {
                button { "No, do not link it" }
            }
            form.row method="post" action="/account/identity/confirm" {
                input type="hidden" name="key" value=(key);
                button.plain { "Yes, my app reported success" }
            }
        },
    )
}
