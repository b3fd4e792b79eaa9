//! The account page, and the page that asks before an identity is unlinked.

use axum::response::Html;
use maud::{Markup, html};
use tower_sqrl::identities::{Identity, UserId};
use tower_sqrl::protocol::{Idk, PublicUrl};

use crate::accounts::MAX_NAME_LENGTH;
use crate::pages::layout::{message, page};
use crate::session::Visitor;

/// The page of an account with an identity.
pub(crate) fn account(
    id: &UserId,
    name: &str,
    idk: &Idk,
    identity: &Identity,
    public_url: &PublicUrl,
) -> Html<String> {
    page(
        "Account",
        Visitor::SignedIn,
        &html! {
            (heading(id, name))
            @if identity.disabled {
                p.notice role="status" {
                    strong { "SQRL is disabled for this account. " }
                    "Nobody can sign in or change anything until the owner enables the identity with "
                    "the rescue code."
                }
            } @else {
                (name_form(name))
            }
            (identity_section(idk, identity))
            (commands(public_url))
            @if !identity.disabled { (unlink_section()) }
        },
    )
}

/// The page of an account that has lost its identity.
pub(crate) fn without_identity(id: &UserId, name: &str) -> Html<String> {
    page(
        "Account",
        Visitor::SignedIn,
        &html! {
            (heading(id, name))
            p.notice role="status" {
                strong { "This account has no identity. " }
                "It was removed or unlinked. Link another one before you sign out: without an "
                "identity, nobody can sign in to this account again."
            }
            p { a.button href="/account/identity" { "Link another identity" } }
            p {
                "Is your SQRL app on a phone in another network? "
                a href="/account/identity/elsewhere" { "Link it from there" }
            }
        },
    )
}

fn heading(id: &UserId, name: &str) -> Markup {
    html! {
        h1 { @if name.is_empty() { "Your account" } @else { (name) } }
        p.soft { "Account " code { (id) } }
    }
}

/// Asks before the only identity of an account is unlinked.
pub(crate) fn confirm_unlink() -> Html<String> {
    page(
        "Unlink this identity?",
        Visitor::SignedIn,
        &html! {
            h1 { "Unlink this identity?" }
            p.lead {
                "Nobody can sign in to the account afterwards, unless you link another identity "
                "before you sign out."
            }
            form.row method="post" action="/account/unlink" {
                button.danger { "Unlink this identity" }
            }
            p { a href="/account" { "Keep it" } }
        },
    )
}

/// Says that the session has ended because the identity has changed.
pub(crate) fn session_ended() -> Html<String> {
    message(
        "You are signed out",
        "Your identity has changed since you signed in here: it was replaced by a newer one, or \
         disabled and enabled again. Please sign in again.",
        Visitor::SignedOut,
    )
}

fn name_form(name: &str) -> Markup {
    html! {
        section {
            h2 { "Name" }
            form.row method="post" action="/account/name" {
                label for="name" { "Name of the account" }
                input #name name="name" value=(name) maxlength=(MAX_NAME_LENGTH) autocomplete="off";
                button { "Save" }
            }
        }
    }
}

fn identity_section(idk: &Idk, identity: &Identity) -> Markup {
    let key = idk.to_string();
    html! {
        section {
            h2 { "Identity" }
            dl {
                dt { "Key at this site" }
                dd { code { (key[..8]) "…" } }
                dt { "sqrlonly" }
                dd { (yes_or_no(identity.sqrlonly)) "the owner "
                    @if identity.sqrlonly { "refuses" } @else { "allows" } " other ways to sign in" }
                dt { "hardlock" }
                dd { (yes_or_no(identity.hardlock)) "the owner "
                    @if identity.hardlock { "refuses" } @else { "allows" }
                    " account recovery by the site" }
                dt { "disabled" }
                dd { (yes_or_no(identity.disabled)) "the identity "
                    @if identity.disabled { "cannot" } @else { "can" } " sign in" }
            }
        }
    }
}

fn yes_or_no(set: bool) -> Markup {
    html! { @if set { strong { "yes" } } @else { "no" } ": " }
}

const COMMANDS: [(&str, &str); 4] = [
    ("disable", "Nobody can sign in with the identity until you enable it. Needs no rescue code."),
    ("enable", "Undoes disable. Needs the rescue code."),
    ("rekey", "Replaces the identity by a new one, and signs in with it. Needs the rescue code."),
    ("remove", "The site forgets the identity. Needs the rescue code."),
];

/// The commands that only the owner's client can send.
fn commands(public_url: &PublicUrl) -> Markup {
    html! {
        section {
            h2 { "Commands of your SQRL client" }
            p {
                "Only your client can change your identity. This repository has one, the command "
                code { "sqrl" } ":"
            }
            dl.commands {
                @for (command, explanation) in COMMANDS {
                    dt { code { "sqrl " (command) " " (public_url) "/login" } }
                    dd { (explanation) }
                }
            }
            p.soft { code { "sqrl" } " is short for " code { "cargo run -p tower-sqrl-client --" } }
        }
    }
}

fn unlink_section() -> Markup {
    html! {
        section {
            h2 { "Unlink" }
            p { "The identity no longer signs in to this account. It gets a new account instead." }
            p { a href="/account/unlink" { "Unlink this identity …" } }
        }
    }
}
