//! The small pages: a confirmation, and messages.

use std::fmt;

use super::frame::{Script, frame};
use super::html::{Esc, UnsafeLink, base_path, web_link};
use super::texts::Texts;

/// The account that a CPS URL would sign in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who<'a> {
    /// An account, by the name that its owner knows.
    Name(&'a str),
    /// An account without a name to show: [`Texts::confirm_account`].
    Account,
    /// An identity without an account: [`Texts::confirm_new`].
    NewIdentity,
}

impl<'a> Who<'a> {
    fn text(self, texts: &'a Texts) -> &'a str {
        match self {
            Self::Name(name) => name,
            Self::Account => &texts.confirm_account,
            Self::NewIdentity => &texts.confirm_new,
        }
    }
}

/// "Sign in as somebody?", for a CPS URL that arrives in a browser without the link's cookie:
/// nobody is signed into somebody else's account by following a link.
///
/// Its one form posts the field `id` to `cps.sqrl`. With [`SCRIPT`](super::SCRIPT) the button
/// reacts one second after the person sees the page, so that a double click confirms nothing; it
/// works without a script, too. Serve the page with [`CONFIRM_POLICY`](super::CONFIRM_POLICY),
/// `Referrer-Policy: same-origin`, `Cache-Control: no-store` and
/// `Cross-Origin-Opener-Policy: same-origin`.
#[derive(Clone, Copy)]
pub struct ConfirmPage<'a> {
    /// The account that it would sign in to.
    pub who: Who<'a>,
    /// What the form posts as `id`.
    pub id: &'a str,
    /// The path that the SQRL paths stand below: empty, or like `/auth`.
    pub base: &'a str,
    /// Where cancelling leads: the sign-in page.
    pub cancel: &'a str,
    /// What the page says.
    pub texts: &'a Texts,
}

/// Without the id, with which one signs in.
impl fmt::Debug for ConfirmPage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfirmPage").field("base", &self.base).finish_non_exhaustive()
    }
}

impl ConfirmPage<'_> {
    /// The whole page.
    ///
    /// # Errors
    ///
    /// [`UnsafeLink`] if `base` or `cancel` is not what it should be.
    pub fn render(&self) -> Result<String, UnsafeLink> {
        let texts = self.texts;
        let who = self.who.text(texts);
        let title = texts.confirm_heading.replace("{who}", who);
        // The name is isolated, so that one written from right to left leaves the rest alone.
        let heading = Esc(&texts.confirm_heading)
            .to_string()
            .replace("{who}", &format!("<bdi>{}</bdi>", Esc(who)));
        let body = format!(
            include_str!("confirm.html"),
            heading = heading,
            warning = Esc(&texts.confirm_warning),
            base = base_path(self.base)?,
            id = Esc(self.id),
            button = Esc(&texts.confirm_button),
            cancel_url = web_link(self.cancel)?,
            cancel = Esc(&texts.confirm_cancel),
        );
        frame(texts, self.base, &title, Script::First, body)
    }
}

/// A page that says one thing and leads on.
///
/// Serve it with [`MESSAGE_POLICY`](super::MESSAGE_POLICY) and `Cache-Control: no-store`.
#[derive(Debug, Clone, Copy)]
pub struct MessagePage<'a> {
    /// Also the title.
    pub heading: &'a str,
    /// One paragraph.
    pub text: &'a str,
    /// Where to go on: an `http://` or `https://` URL or an absolute path.
    pub onward: &'a str,
    /// What the link to it says.
    pub onward_text: &'a str,
    /// The path that the SQRL paths stand below: empty, or like `/auth`.
    pub base: &'a str,
    /// For the language and its direction.
    pub texts: &'a Texts,
}

impl MessagePage<'_> {
    /// The whole page.
    ///
    /// # Errors
    ///
    /// [`UnsafeLink`] if `base` or `onward` is not what it should be.
    pub fn render(&self) -> Result<String, UnsafeLink> {
        let body = format!(
            include_str!("message.html"),
            heading = Esc(self.heading),
            text = Esc(self.text),
            onward = web_link(self.onward)?,
            onward_text = Esc(self.onward_text),
        );
        frame(self.texts, self.base, self.heading, Script::None, body)
    }
}

/// The messages that the SQRL paths need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Notice {
    /// A CPS URL that was used, or is too old.
    LinkGone,
    /// A CPS URL after `disable`.
    Disabled,
    /// A CPS URL after `enable`.
    Enabled,
    /// A CPS URL after `remove`.
    Removed,
    /// The wait is past its chain.
    Expired,
    /// The wait's outcome was collected.
    Collected,
    /// The wait's outcome was taken over by the client.
    TakenOver,
    /// The browser had so many sign-in pages open that the wait's cookie had to give way.
    Evicted,
    /// Without JavaScript: no outcome so far.
    Pending,
    /// Without JavaScript: the identity is new to a site that accepts no new identities.
    RefusedNew,
    /// Without JavaScript: the identity is disabled on this site.
    RefusedDisabled,
    /// Without JavaScript: the identity was replaced on this site by a newer one.
    RefusedSuperseded,
    /// A store does not answer.
    Unavailable,
}

impl Notice {
    /// The page that says it, with a link to `onward`: the sign-in page, and for
    /// [`Pending`](Self::Pending) and [`Unavailable`](Self::Unavailable) what to try again.
    ///
    /// # Errors
    ///
    /// [`UnsafeLink`] if `base` or `onward` is not what it should be.
    pub fn render(self, onward: &str, base: &str, texts: &Texts) -> Result<String, UnsafeLink> {
        let (heading, text) = match self {
            Self::LinkGone => (&texts.link_gone_heading, &texts.link_gone),
            Self::Disabled => (&texts.disabled_heading, &texts.disabled),
            Self::Enabled => (&texts.enabled_heading, &texts.enabled),
            Self::Removed => (&texts.removed_heading, &texts.removed),
            Self::Expired => (&texts.expired_heading, &texts.expired_message),
            Self::Collected => (&texts.collected_heading, &texts.collected_message),
            Self::TakenOver => (&texts.taken_over_heading, &texts.taken_over_message),
            Self::Evicted => (&texts.expired_heading, &texts.evicted),
            Self::Pending => (&texts.pending_heading, &texts.pending),
            Self::RefusedNew => (&texts.refused_heading, &texts.refused_new),
            Self::RefusedDisabled => (&texts.refused_heading, &texts.refused_disabled),
            Self::RefusedSuperseded => (&texts.refused_heading, &texts.refused_superseded),
            Self::Unavailable => (&texts.unavailable_heading, &texts.unavailable),
        };
        let onward_text = match self {
            Self::Pending | Self::Unavailable => &texts.try_again,
            _ => &texts.to_sign_in,
        };
        MessagePage { heading, text, onward, onward_text, base, texts }.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::SCRIPT;

    const HOSTILE: &str = "\"><script>alert('1')</script>&\u{202E}";
    const NOTICES: [Notice; 13] = [
        Notice::LinkGone,
        Notice::Disabled,
        Notice::Enabled,
        Notice::Removed,
        Notice::Expired,
        Notice::Collected,
        Notice::TakenOver,
        Notice::Evicted,
        Notice::Pending,
        Notice::RefusedNew,
        Notice::RefusedDisabled,
        Notice::RefusedSuperseded,
        Notice::Unavailable,
    ];

    fn confirm(texts: &Texts) -> ConfirmPage<'_> {
        ConfirmPage { who: Who::Name("Ada"), id: "id-1", base: "/auth", cancel: "/login", texts }
    }

    #[test]
    fn the_confirmation_names_who_warns_and_posts_the_id() {
        let html = confirm(&Texts::default()).render().expect("safe links");
        for part in [
            "<title>Sign in as Ada?</title>",
            "<h1>Sign in as <bdi>Ada</bdi>?</h1>",
            "Continue only if you have just signed in yourself",
            "<form data-sqrl=\"confirm\" method=\"post\" action=\"/auth/cps.sqrl\">",
            "<input type=\"hidden\" name=\"id\" value=\"id-1\">",
            "href=\"/login\">Cancel</a>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert_eq!(html.matches("<form").count(), 1);
        let script = format!("<script src=\"/auth/sqrl.js?v={}\"></script>", SCRIPT.version);
        assert!(html.contains(&script), "the form is guarded before it can be sent: {html}");
        assert_eq!(html.matches("<script").count(), 1);
    }

    #[test]
    fn who_has_no_name_is_named_by_the_texts() {
        let texts = Texts::default();
        for (who, heading) in [
            (Who::Account, "<h1>Sign in as <bdi>an existing account</bdi>?</h1>"),
            (Who::NewIdentity, "<h1>Sign in as <bdi>a new identity</bdi>?</h1>"),
        ] {
            let html = ConfirmPage { who, ..confirm(&texts) }.render().expect("safe links");
            assert!(html.contains(heading), "{html}");
        }
    }

    #[test]
    fn hostile_names_stay_text() {
        let texts = Texts::default();
        let harmless = confirm(&texts).render().expect("safe links");
        let html = ConfirmPage { who: Who::Name(HOSTILE), id: HOSTILE, ..confirm(&texts) }
            .render()
            .expect("safe links");
        for mark in ["<", ">", "'", "\""] {
            assert_eq!(html.matches(mark).count(), harmless.matches(mark).count(), "{mark}");
        }
        assert!(!html.contains('\u{202E}'), "nothing reorders the question");
    }

    #[test]
    fn a_name_that_looks_like_the_placeholder_is_only_a_name() {
        let texts = Texts::default();
        let html =
            ConfirmPage { who: Who::Name("{who}{id}"), ..confirm(&texts) }.render().expect("safe");
        assert!(html.contains("<h1>Sign in as <bdi>{who}{id}</bdi>?</h1>"));
    }

    #[test]
    fn links_of_another_kind_are_refused() {
        let texts = Texts::default();
        for link in ["javascript:alert(1)", "//evil.example", "data:text/html,x", ""] {
            assert!(ConfirmPage { cancel: link, ..confirm(&texts) }.render().is_err(), "{link}");
            assert!(Notice::Expired.render(link, "", &texts).is_err(), "{link}");
        }
    }

    #[test]
    fn every_notice_has_a_page_of_its_own_that_leads_on() {
        let texts = Texts::default();
        let pages = NOTICES.map(|notice| notice.render("/login?a&b", "", &texts).expect("safe"));
        for (index, page) in pages.iter().enumerate() {
            assert!(page.contains("href=\"/login?a&amp;b\""));
            assert!(page.contains("href=\"/sqrl.css?v="));
            assert!(!pages[..index].contains(page), "{:?}", NOTICES[index]);
        }
    }

    #[test]
    fn a_message_of_ones_own_is_escaped() {
        let texts = Texts::default();
        let message = MessagePage {
            heading: HOSTILE,
            text: HOSTILE,
            onward: "/",
            onward_text: HOSTILE,
            base: "",
            texts: &texts,
        };
        let html = message.render().expect("safe links");
        assert!(!html.contains("<script") && !html.contains("'1'"));
    }
}
