//! What people see of the layer, as far as HTTP is concerned. How it looks is the room
//! `web`'s business; here is what there is without it.

use std::fmt::Debug;

/// A page with the policy that it works under. It may hold a CPS id, so it is never printed.
pub(crate) struct Page {
    pub(crate) html: String,
    pub(crate) csp: String,
}

/// A script or style.
#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static str,
    /// Changes with the body; in the URL by which the pages ask.
    pub(crate) version: &'static str,
}

/// What a sign-in page shows. The link has the whole nut, so it is never printed.
#[derive(Clone, Copy)]
pub(crate) struct SignInView<'a> {
    pub(crate) link: &'a str,
    pub(crate) nut: &'a str,
    /// Mount and prefix, before every endpoint.
    pub(crate) base: &'a str,
    /// Seconds until the link is too old.
    pub(crate) expires_in: u64,
}

/// The account that a CPS URL would sign in to. The room `web` has the same.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// An account, by the name that its owner knows.
    Name(&'a str),
    /// An account without a name to show.
    Account,
    /// An identity without an account.
    NewIdentity,
}

/// What the page shows that asks whether to sign in. The id signs somebody in, so it is never
/// printed.
#[derive(Clone, Copy)]
pub(crate) struct ConfirmView<'a> {
    /// The account that it would sign in to.
    pub(crate) who: Who<'a>,
    /// What its form posts to `cps.sqrl`, as `id`.
    pub(crate) id: &'a str,
    /// The sign-in page, for whoever does not want to.
    pub(crate) cancel: &'a str,
    /// Mount and prefix, before every endpoint.
    pub(crate) base: &'a str,
}

/// What a page tells, where there is nothing to do. The room `web` has the same by the same
/// names; neither room sees the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The CPS URL, or the sign-in behind it, is used up, too old or outdated.
    LinkGone,
    /// The identity has been disabled.
    Disabled,
    /// The identity has been enabled.
    Enabled,
    /// The identity has been removed.
    Removed,
    /// The sign-in is over.
    Expired,
    /// The sign-in has been collected.
    Collected,
    /// The client hands the sign-in to another browser window.
    TakenOver,
    /// The browser had so many sign-in pages open that this one had to give way.
    Evicted,
    /// Nobody has answered the link yet.
    Pending,
    /// The identity is new to a site that accepts no new identities.
    RefusedNew,
    /// The identity that answered is disabled.
    RefusedDisabled,
    /// The identity that answered was replaced by a newer one.
    RefusedSuperseded,
    /// A store is out of reach.
    Unavailable,
}

/// What renders the pages.
pub(crate) trait Pages: Debug + Send + Sync {
    /// The ready sign-in page.
    fn sign_in(&self, view: &SignInView<'_>) -> Page;
    /// What stands in its body, for a page of the application's.
    fn sign_in_fragment(&self, view: &SignInView<'_>) -> String;
    /// Asks whether to sign in.
    fn confirm(&self, view: &ConfirmView<'_>) -> Page;
    /// Tells something; `onward` leads to the sign-in page or back to the waiting one.
    fn tell(&self, notice: Notice, onward: &str, base: &str) -> Page;
    /// A QR code as SVG.
    fn svg(&self, link: &str) -> Option<String>;
    /// A QR code as PNG.
    fn png(&self, link: &str) -> Option<Vec<u8>>;
    /// The script or the style.
    fn asset(&self, name: &str) -> Option<Asset>;
}

/// Pages without script or style, and no QR codes.
#[derive(Debug)]
pub(crate) struct PlainPages;

impl PlainPages {
    fn page(form_action: &str, body: &str) -> Page {
        let html = format!("<!doctype html><meta charset=utf-8><title>SQRL</title>{body}");
        let csp = format!(
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action {form_action}"
        );
        Page { html, csp }
    }
}

impl Pages for PlainPages {
    fn sign_in(&self, view: &SignInView<'_>) -> Page {
        Self::page("'none'", &self.sign_in_fragment(view))
    }

    fn sign_in_fragment(&self, view: &SignInView<'_>) -> String {
        let link = escape(view.link);
        let go = escape(&format!("{}/pag.sqrl?nut={}&go", view.base, view.nut));
        format!(
            "<p><a href=\"{link}\">Sign in with SQRL</a> (within {} seconds)\
             <p><a href=\"{go}\">Continue</a>",
            view.expires_in
        )
    }

    fn confirm(&self, view: &ConfirmView<'_>) -> Page {
        let ConfirmView { who, id, cancel, base } = *view;
        let who = match who {
            Who::Name(name) => name,
            Who::Account => "an existing account",
            Who::NewIdentity => "a new identity",
        };
        let [who, id, cancel, base] = [who, id, cancel, base].map(escape);
        Self::page(
            "'self'",
            &format!(
                "<form method=post action=\"{base}/cps.sqrl\"><p>Sign in as {who}? Only continue if \
                 you have just used your SQRL app yourself.\
                 <input type=hidden name=id value=\"{id}\">\
                 <p><button>Sign in</button> <a href=\"{cancel}\">Cancel</a></form>"
            ),
        )
    }

    fn tell(&self, notice: Notice, onward: &str, _: &str) -> Page {
        let text = match notice {
            Notice::LinkGone => "This sign-in has been used or is too old.",
            Notice::Disabled => "Your identity is disabled here. Enable it with your rescue code.",
            Notice::Enabled => "Your identity is enabled again.",
            Notice::Removed => "Your identity is removed from this site.",
            Notice::Evicted => "Too many sign-in pages are open in this browser.",
            Notice::RefusedNew => "This site does not know your identity and accepts no new ones.",
            Notice::RefusedDisabled => "Your identity is disabled here.",
            Notice::RefusedSuperseded => "Your identity was replaced. Use your new one.",
            Notice::Pending => "You are not signed in yet.",
            Notice::TakenOver => "Your SQRL app signs you in in another window.",
            Notice::Collected => "This sign-in has been used.",
            Notice::Expired => "This sign-in is over.",
            Notice::Unavailable => "Signing in does not work at the moment. Try again shortly.",
        };
        Self::page("'none'", &format!("<p>{text}<p><a href=\"{}\">Continue</a>", escape(onward)))
    }

    fn svg(&self, _: &str) -> Option<String> {
        None
    }

    fn png(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn asset(&self, _: &str) -> Option<Asset> {
        None
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
