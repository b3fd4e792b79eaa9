//! What all pages have in common.

use axum::response::Html;
use maud::{DOCTYPE, Markup, html};

use crate::session::Visitor;

pub(crate) fn page(title: &str, visitor: Visitor, main: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href="/demo.css";
            }
            body {
                header {
                    a.brand href="/" { "tower-sqrl demo" }
                    nav {
                        @match visitor {
                            Visitor::SignedIn => {
                                a href="/account" { "Account" }
                                form method="post" action="/sign-out" {
                                    button.plain { "Sign out" }
                                }
                            }
                            Visitor::SignedOut => { a href="/login" { "Sign in" } }
                            Visitor::Unknown => {}
                        }
                    }
                }
                main { (main) }
            }
        }
    };
    Html(page.into_string())
}

/// A page with one message.
pub(crate) fn message(title: &str, text: &str, visitor: Visitor) -> Html<String> {
    page(
        title,
        visitor,
        &html! {
            h1 { (title) }
            p.lead { (text) }
            (next_step(visitor))
        },
    )
}

/// A button to the page that this visitor most likely wants next.
pub(crate) fn next_step(visitor: Visitor) -> Markup {
    let (path, text) = match visitor {
        Visitor::SignedIn => ("/account", "Your account"),
        Visitor::SignedOut => ("/login", "Sign in with SQRL"),
        Visitor::Unknown => ("/", "Start page"),
    };
    html! { p { a.button href=(path) { (text) } } }
}
