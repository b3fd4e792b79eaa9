//! The pages. maud escapes what stands in them.

mod account;
mod servers;

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse};
use maud::{DOCTYPE, Markup, html};
use tower_sqrl::protocol::PublicUrl;

pub(crate) use account::{account, ask_to_unlink, confirm_identity, over};
pub(crate) use servers::servers;

use crate::server;
use crate::session::Visitor;

/// The stylesheet, under the one address that the policy of the pages allows.
pub(crate) async fn style() -> impl IntoResponse {
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    let hour = HeaderValue::from_static("max-age=3600");
    ([(header::CONTENT_TYPE, css), (header::CACHE_CONTROL, hour)], include_str!("style.css"))
}

/// Browsers ask for it under this name, and complain where there is none.
pub(crate) async fn icon() -> impl IntoResponse {
    let svg = HeaderValue::from_static("image/svg+xml");
    let day = HeaderValue::from_static("max-age=86400");
    ([(header::CONTENT_TYPE, svg), (header::CACHE_CONTROL, day)], include_str!("icon.svg"))
}

pub(crate) fn home(visitor: Visitor, public_url: &PublicUrl) -> Html<String> {
    page(
        "tower-sqrl demo",
        visitor,
        &html! {
            h1 { "Sign in without a password" }
            p.lead {
                "This small application knows its people by SQRL: no password, no e-mail address, "
                "and a key that is different at every site."
            }
            (onward(visitor))
            section {
                h2 { "No SQRL client at hand?" }
                p { "Sign in from a terminal. The first sign-in makes an identity, and an account:" }
                pre { code { "cargo run -p tower-sqrl-client -- login " (public_url) "/login" } }
                p {
                    "That uses a browser of its own. To sign in this one, run the next command, and "
                    "press the button on the sign-in page:"
                }
                pre { code { "cargo run -p tower-sqrl-client -- listen" } }
            }
        },
    )
}

/// A page that says one thing.
pub(crate) fn message(title: &str, text: &str, visitor: Visitor) -> Html<String> {
    page(
        title,
        visitor,
        &html! {
            h1 { (title) }
            p.lead { (text) }
            (onward(visitor))
        },
    )
}

/// Where most people want to go next.
fn onward(visitor: Visitor) -> Markup {
    let (path, text) = match visitor {
        Visitor::SignedIn => ("/account", "Your account"),
        Visitor::Stranger => ("/login", "Sign in with SQRL"),
        Visitor::Unknown => ("/", "To the start page"),
    };
    html! { p { a.button href=(path) { (text) } } }
}

fn page(title: &str, visitor: Visitor, main: &Markup) -> Html<String> {
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
                            Visitor::Stranger => { a href="/login" { "Sign in" } }
                            Visitor::Unknown => {}
                        }
                    }
                }
                main { (main) }
                @if let Some(name) = server::name() {
                    footer.soft {
                        "Answered by " strong { (name) } ". " a href="/servers" { "Who answered what" }
                    }
                }
            }
        }
    };
    Html(page.into_string())
}
