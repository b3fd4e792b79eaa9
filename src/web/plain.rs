//! Pages without script, style and QR code, for a build without the feature `web`.

use super::html::Esc;
use super::view::{Asset, Confirm, Notice, Page, SignIn, Who};

/// The texts of one request's pages: always the same.
#[derive(Debug, Clone)]
pub(crate) struct Look;

/// The pages of one site.
pub(crate) struct Pages {
    base: String,
    sign_in_path: String,
}

impl Pages {
    /// Takes the path before every endpoint, and that of the sign-in page, both from the root.
    pub(crate) fn new(base: String, sign_in_path: String) -> Self {
        Self { base, sign_in_path }
    }

    pub(crate) fn sign_in(&self, view: &SignIn<'_>, look: &Look) -> Page {
        page("'none'", &self.fragment(view, look))
    }

    pub(crate) fn fragment(&self, view: &SignIn<'_>, _: &Look) -> String {
        let SignIn { url, nut, expires_in } = *view;
        let [url, base, nut] = [url, &self.base, nut].map(Esc);
        format!(
            "<p><a href=\"{url}\">Sign in with SQRL</a> (within {expires_in} seconds)\
             <p><a href=\"{base}/pag.sqrl?nut={nut}&amp;go\">Continue</a>"
        )
    }

    pub(crate) fn confirm(&self, view: &Confirm<'_>, _: &Look) -> Page {
        let who = match view.who {
            Who::Name(name) => name,
            Who::Account => "an existing account",
            Who::NewIdentity => "a new identity",
        };
        let [who, base, id, cancel] = [who, &self.base, view.id, &self.sign_in_path].map(Esc);
        page(
            "'self'",
            &format!(
                "<form method=post action=\"{base}/cps.sqrl\">\
                 <p>Sign in as {who}? Continue only if you have just used your SQRL app yourself.\
                 <input type=hidden name=id value=\"{id}\">\
                 <p><button>Sign in</button> <a href=\"{cancel}\">Cancel</a></form>"
            ),
        )
    }

    /// Leads on to `retry`, a path from the root, or to the sign-in page.
    pub(crate) fn notice(&self, notice: Notice, retry: Option<&str>, _: &Look) -> Page {
        let text = match notice {
            Notice::UrlExpired => "This URL was used already or has expired. Sign in again.",
            Notice::Done => "Your SQRL app has finished. You can close this page.",
            Notice::Disabled => {
                "Your identity is disabled on this site. Enable it with your rescue code."
            }
            Notice::Enabled => "Your identity is enabled again.",
            Notice::Removed => "Your identity was removed from this site.",
            Notice::Expired => "This sign-in has expired.",
            Notice::Collected => "This sign-in was used already.",
            Notice::TakenOver => "Continue in the window that your SQRL app opened.",
            Notice::Evicted => "Too many sign-in pages are open in this browser.",
            Notice::Pending => "You are not signed in yet.",
            Notice::RefusedNew => "This site does not know your identity and accepts no new ones.",
            Notice::RefusedDisabled => "Your identity is disabled on this site.",
            Notice::RefusedSuperseded => "Your identity was replaced. Use your new identity.",
            Notice::Unavailable => "You cannot sign in at the moment. Try again shortly.",
        };
        let onward = Esc(retry.unwrap_or(&self.sign_in_path));
        page("'none'", &format!("<p>{text}<p><a href=\"{onward}\">Continue</a>"))
    }
}

fn page(form_action: &str, body: &str) -> Page {
    let html = format!("<!doctype html><meta charset=utf-8><title>SQRL</title>{body}");
    let policy = format!(
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action {form_action}"
    );
    Page { html, policy }
}

pub(crate) fn svg(_: &str) -> Option<String> {
    None
}

pub(crate) fn png(_: &str) -> Option<Vec<u8>> {
    None
}

pub(crate) fn asset(_: &str) -> Option<Asset> {
    None
}
