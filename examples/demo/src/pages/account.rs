use axum::response::Html;
use maud::{Markup, html};
use tower_sqrl::identities::Identity;
use tower_sqrl::protocol::{Idk, PublicUrl};

use super::{message, page};
use crate::account::LONGEST_NAME;
use crate::session::{SignedIn, Visitor};
use crate::standing::Standing;

pub(crate) fn account(
    signed_in: &SignedIn,
    name: &str,
    standing: &Standing,
    public_url: &PublicUrl,
) -> Html<String> {
    let heading = if name.is_empty() { "Your account" } else { name };
    page(
        "Account",
        Visitor::SignedIn,
        &html! {
            h1 { (heading) }
            p.soft { "Account " code { (signed_in.account) } }
            @match standing {
                Standing::Current(identity) => {
                    (name_form(name))
                    (identity_section(signed_in, identity))
                    (commands(public_url))
                    (unlink_form())
                }
                Standing::Disabled(identity) => {
                    p.notice role="status" {
                        strong { "SQRL is disabled for this account. " }
                        "Nobody can sign in, and nothing can be changed here, until its owner enables "
                        "it with the rescue code."
                    }
                    (identity_section(signed_in, identity))
                    (commands(public_url))
                }
                Standing::Without | Standing::Over => {
                    p.notice role="status" {
                        strong { "This account has no identity any more. " }
                        "It was removed, or unlinked. You are still signed in here, so you can give "
                        "the account another identity; once you sign out, nobody can come back."
                    }
                    p { a.button href="/account/identity" { "Give it another identity" } }
                    p {
                        "Is your SQRL app on a phone in another network? "
                        a href="/account/identity/elsewhere" { "Use that one" }
                    }
                }
            }
        },
    )
}

/// Asks before an identity is linked.
///
/// The user alone can tell their own app from a stranger's: by what their app reported.
pub(crate) fn confirm_identity(idk: Idk) -> Html<String> {
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
                "Say yes only if you have just used it for this page and it reported success. If it "
                "reported an error or is still waiting, or if you have not used one, a stranger has "
                "answered your code: say no. The owner of this identity will be able to use your "
                "account."
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

/// Asks before the account lets its only identity go.
pub(crate) fn ask_to_unlink() -> Html<String> {
    page(
        "Unlink this identity?",
        Visitor::SignedIn,
        &html! {
            h1 { "Unlink this identity?" }
            p.lead {
                "Nobody can sign in to the account after that, unless you give it another identity "
                "before you sign out."
            }
            form.row method="post" action="/account/unlink" {
                button.danger { "Unlink this identity" }
            }
            p { a href="/account" { "Keep it" } }
        },
    )
}

/// The session has ended by itself.
pub(crate) fn over() -> Html<String> {
    message(
        "You are signed out",
        "Your identity has changed since you signed in here: it was replaced by a newer one, or \
         disabled and enabled again. Please sign in once more.",
        Visitor::Stranger,
    )
}

fn name_form(name: &str) -> Markup {
    html! {
        section {
            h2 { "Name" }
            form.row method="post" action="/account/name" {
                label for="name" { "What the account is called" }
                input #name name="name" value=(name) maxlength=(LONGEST_NAME) autocomplete="off";
                button { "Save" }
            }
        }
    }
}

fn identity_section(signed_in: &SignedIn, identity: &Identity) -> Markup {
    let key = signed_in.idk().to_string();
    html! {
        section {
            h2 { "Identity" }
            dl {
                dt { "Key at this site" }
                dd { code { (key[..8]) "…" } }
                dt { "sqrlonly" }
                dd { (yes_or_no(identity.sqrlonly)) "other ways of signing in are "
                    @if identity.sqrlonly { "not wanted" } @else { "welcome" } }
                dt { "hardlock" }
                dd { (yes_or_no(identity.hardlock)) "recovery by the site is "
                    @if identity.hardlock { "not wanted" } @else { "welcome" } }
                dt { "disabled" }
                dd { (yes_or_no(identity.disabled)) "it "
                    @if identity.disabled { "signs nobody in" } @else { "signs you in" } }
            }
        }
    }
}

fn yes_or_no(set: bool) -> Markup {
    html! { @if set { strong { "yes" } } @else { "no" } ": " }
}

const COMMANDS: [(&str, &str); 4] = [
    ("disable", "Nobody can sign in with it until you enable it. Needs no rescue code."),
    ("enable", "Undoes disable. Needs the rescue code."),
    ("rekey", "Puts a new identity in its place, and signs in with that. Needs the rescue code."),
    ("remove", "The site forgets the identity. Needs the rescue code."),
];

/// What only the owner's client can do.
fn commands(public_url: &PublicUrl) -> Markup {
    html! {
        section {
            h2 { "From your SQRL client" }
            p {
                "Your identity is yours: the site cannot change it. Your client can, or this "
                "repository's command " code { "sqrl" } ":"
            }
            dl.commands {
                @for (command, explanation) in COMMANDS {
                    dt { code { "sqrl " (command) " " (public_url) "/login" } }
                    dd { (explanation) }
                }
            }
            p.soft { code { "sqrl" } " stands for " code { "cargo run -p tower-sqrl-client --" } }
        }
    }
}

fn unlink_form() -> Markup {
    html! {
        section {
            h2 { "Unlink" }
            p { "The account lets go of this identity, which then signs in to a new account." }
            p { a href="/account/unlink" { "Unlink this identity …" } }
        }
    }
}
