//! The ready pages.

use std::fmt::Display;

use super::asset::{SCRIPT, STYLE};
use super::csp::{CONFIRM_POLICY, MESSAGE_POLICY, SIGN_IN_POLICY};
use super::html::{Esc, Query, web_link};
use super::texts::Texts;
use super::view::{Confirm, Notice, Page, SignIn, Who};

/// The pages of one site.
pub(crate) struct Pages {
    base: String,
    sign_in_path: String,
    texts: Texts,
}

/// When a page runs [`SCRIPT`].
#[derive(Clone, Copy)]
enum Script {
    None,
    /// When the page is complete.
    Deferred,
    /// Before the page's body is there.
    First,
}

impl Pages {
    /// Takes the path before every endpoint, and that of the sign-in page, both from the root.
    pub(crate) fn new(base: String, sign_in_path: String, texts: Texts) -> Self {
        Self { base, sign_in_path, texts }
    }

    /// The sign-in page: the button, the QR code, and the script that waits.
    ///
    /// *Operating Details*, "Same-Device Authentication" and "The `CANcel` parameter".
    pub(crate) fn sign_in(&self, view: &SignIn<'_>) -> Page {
        let html = self.frame(&self.texts.title, Script::Deferred, self.fragment(view));
        Page { html, policy: SIGN_IN_POLICY.to_owned() }
    }

    /// The part of the sign-in page that signs in, for a page of the application's.
    pub(crate) fn fragment(&self, view: &SignIn<'_>) -> String {
        let texts = &self.texts;
        let install = match web_link(&texts.install_url) {
            Some(url) => format!(
                "<p><a href=\"{url}\" rel=\"noreferrer\">{}</a></p>\n",
                Esc(&texts.install_link)
            ),
            None => String::new(),
        };
        format!(
            include_str!("sign_in.html"),
            nut = Esc(view.nut),
            nut_value = Query(view.nut),
            link = Esc(view.url),
            base = Esc(&self.base),
            expires_in = view.expires_in,
            waiting = Esc(&texts.waiting),
            probing = Esc(&texts.probing),
            permission = Esc(&texts.permission),
            jumping = Esc(&texts.jumping),
            no_client = Esc(&texts.no_client),
            denied = Esc(&texts.denied),
            renewed = Esc(&texts.renewed),
            offline = Esc(&texts.offline),
            signed_in = Esc(&texts.signed_in),
            taken_over = Esc(&texts.taken_over),
            collected = Esc(&texts.collected),
            begun = Esc(&texts.begun),
            refused_new = Esc(&texts.refused_new),
            refused_disabled = Esc(&texts.refused_disabled),
            refused_superseded = Esc(&texts.refused_superseded),
            evicted = Esc(&texts.evicted),
            expired = Esc(&texts.expired),
            failed = Esc(&texts.failed),
            heading = Esc(&texts.heading),
            intro = Esc(&texts.intro),
            button = Esc(&texts.button),
            jump = Esc(&texts.jump),
            scan = Esc(&texts.scan),
            qr_alt = Esc(&texts.qr_alt),
            reload = Esc(&texts.reload),
            no_script = Esc(&texts.no_script),
            no_script_link = Esc(&texts.no_script_link),
            about_heading = Esc(&texts.about_heading),
            about = Esc(&texts.about),
            install_heading = Esc(&texts.install_heading),
            install = Esc(&texts.install),
            install_link = install,
        )
    }

    /// "Sign in as …?", for a CPS URL that arrives in a browser without the wait's cookie: nobody
    /// is signed in to another person's account by following a URL.
    ///
    /// With the script the button reacts one second after the page is visible, so that a double
    /// click confirms nothing. Without it the button reacts at once.
    pub(crate) fn confirm(&self, view: &Confirm<'_>) -> Page {
        let texts = &self.texts;
        let who = match view.who {
            Who::Name(name) => name,
            Who::Account => &texts.confirm_account,
            Who::NewIdentity => &texts.confirm_new,
        };
        let title = texts.confirm_heading.replace("{who}", who);
        // `bdi`, so that a name written from right to left does not reorder the question.
        let heading = Esc(&texts.confirm_heading)
            .to_string()
            .replace("{who}", &format!("<bdi>{}</bdi>", Esc(who)));
        let body = format!(
            include_str!("confirm.html"),
            heading = heading,
            warning = Esc(&texts.confirm_warning),
            base = Esc(&self.base),
            id = Esc(view.id),
            button = Esc(&texts.confirm_button),
            cancel_url = Esc(&self.sign_in_path),
            cancel = Esc(&texts.confirm_cancel),
        );
        let html = self.frame(&title, Script::First, body);
        Page { html, policy: CONFIRM_POLICY.to_owned() }
    }

    /// Says one thing, and leads on to `retry`, a path from the root, or to the sign-in page.
    pub(crate) fn notice(&self, notice: Notice, retry: Option<&str>) -> Page {
        let texts = &self.texts;
        let (heading, text) = match notice {
            Notice::UrlExpired => (&texts.url_expired_heading, &texts.url_expired),
            Notice::Done => (&texts.done_heading, &texts.done),
            Notice::Disabled => (&texts.disabled_heading, &texts.disabled),
            Notice::Enabled => (&texts.enabled_heading, &texts.enabled),
            Notice::Removed => (&texts.removed_heading, &texts.removed),
            Notice::Expired => (&texts.expired_heading, &texts.expired_message),
            Notice::Collected => (&texts.collected_heading, &texts.collected_message),
            Notice::TakenOver => (&texts.taken_over_heading, &texts.taken_over_message),
            Notice::Evicted => (&texts.expired_heading, &texts.evicted),
            Notice::Pending => (&texts.pending_heading, &texts.pending),
            Notice::RefusedNew => (&texts.refused_heading, &texts.refused_new),
            Notice::RefusedDisabled => (&texts.refused_heading, &texts.refused_disabled),
            Notice::RefusedSuperseded => (&texts.refused_heading, &texts.refused_superseded),
            Notice::Unavailable => (&texts.unavailable_heading, &texts.unavailable),
        };
        let onward_text = match retry {
            Some(_) => &texts.try_again,
            None => &texts.to_sign_in,
        };
        let body = format!(
            include_str!("message.html"),
            heading = Esc(heading),
            text = Esc(text),
            onward = Esc(retry.unwrap_or(&self.sign_in_path)),
            onward_text = Esc(onward_text),
        );
        let html = self.frame(heading, Script::None, body);
        Page { html, policy: MESSAGE_POLICY.to_owned() }
    }

    /// A whole page around a body that is HTML already.
    fn frame(&self, title: &str, script: Script, body: impl Display) -> String {
        let base = Esc(&self.base);
        let (name, version) = (SCRIPT.name, SCRIPT.version);
        let script = match script {
            Script::None => String::new(),
            Script::Deferred => {
                format!("<script src=\"{base}/{name}?v={version}\" defer></script>\n")
            }
            Script::First => format!("<script src=\"{base}/{name}?v={version}\"></script>\n"),
        };
        format!(
            include_str!("frame.html"),
            lang = Esc(&self.texts.lang),
            dir = Esc(&self.texts.dir),
            title = Esc(title),
            base = base,
            style = STYLE.name,
            style_version = STYLE.version,
            script = script,
            body = body,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "sqrl://example.com/auth/cli.sqrl?x=5&nut=abc";
    const HOSTILE: &str = "\"><script>alert('1')</script>&\u{0}\u{202E}";
    const NOTICES: [Notice; 14] = [
        Notice::UrlExpired,
        Notice::Done,
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

    fn pages(texts: Texts) -> Pages {
        Pages::new("/auth".to_owned(), "/login?a&b".to_owned(), texts)
    }

    fn sign_in(texts: Texts) -> String {
        pages(texts).sign_in(&SignIn { url: URL, nut: "abc", expires_in: 300 }).html
    }

    fn confirm(texts: Texts, who: Who<'_>) -> String {
        pages(texts).confirm(&Confirm { who, id: "id-1" }).html
    }

    /// How many marks there are that begin or end elements and attributes.
    fn marks(html: &str) -> [usize; 4] {
        ["<", ">", "'", "\""].map(|mark| html.matches(mark).count())
    }

    #[test]
    fn the_sign_in_page_has_the_url_for_both_devices_and_everything_the_script_needs() {
        let html = sign_in(Texts::default());
        let url = URL.replace('&', "&amp;");
        for part in [
            "<html lang=\"en\" dir=\"ltr\">",
            &format!("<link rel=\"stylesheet\" href=\"/auth/sqrl.css?v={}\">", STYLE.version),
            &format!("<script src=\"/auth/sqrl.js?v={}\" defer></script>", SCRIPT.version),
            &format!("data-nut=\"abc\" data-link=\"{url}\" data-base=\"/auth\""),
            "data-expires-in=\"300\"",
            &format!("data-sqrl=\"button\" href=\"{url}\""),
            &format!("data-sqrl=\"jump\" href=\"{url}\" hidden"),
            "data-sqrl=\"qr\" src=\"/auth/svg.sqrl?nut=abc\"",
            "data-sqrl=\"status\" role=\"status\" aria-live=\"polite\"",
            "data-sqrl=\"reload\" href=\"\" hidden",
            "href=\"/auth/pag.sqrl?nut=abc&amp;go\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn a_page_loads_one_script_file_and_holds_no_code_or_style_of_its_own() {
        for html in [sign_in(Texts::default()), confirm(Texts::default(), Who::Account)] {
            assert_eq!(html.matches("<script").count(), 1);
            for inline in ["<style", " style=", " onclick", " onload", " onerror", "javascript:"] {
                assert!(!html.contains(inline), "{inline}");
            }
        }
    }

    #[test]
    fn the_script_finds_every_text_that_it_shows() {
        let html = sign_in(Texts::default());
        for state in [
            "waiting",
            "probing",
            "permission",
            "jumping",
            "no-client",
            "denied",
            "renewed",
            "offline",
            "signed-in",
            "taken-over",
            "collected",
            "begun",
            "refused-new",
            "refused-disabled",
            "refused-superseded",
            "evicted",
            "expired",
            "failed",
        ] {
            assert!(html.contains(&format!(" data-text-{state}=\"")), "{state} in the page");
            assert!(SCRIPT.body.contains(&format!("\"{state}\"")), "{state} in the script");
        }
    }

    #[test]
    fn hostile_texts_stay_text() {
        let hostile = || {
            Texts::default()
                .title(HOSTILE)
                .heading(HOSTILE)
                .lang(HOSTILE)
                .waiting(HOSTILE)
                .qr_alt(HOSTILE)
                .no_script(HOSTILE)
                .install(HOSTILE)
                .button(HOSTILE)
                .confirm_button(HOSTILE)
                .expired_heading(HOSTILE)
                .expired_message(HOSTILE)
        };
        let html = sign_in(hostile());
        assert_eq!(marks(&html), marks(&sign_in(Texts::default())));
        assert!(!html.contains('\0'));
        let html = confirm(hostile(), Who::Name(HOSTILE));
        assert_eq!(marks(&html), marks(&confirm(Texts::default(), Who::Account)));
        assert!(!html.contains('\u{202E}'), "nothing reorders the question");
        let notice = |texts| pages(texts).notice(Notice::Expired, None).html;
        assert_eq!(marks(&notice(hostile())), marks(&notice(Texts::default())));
    }

    #[test]
    fn hostile_values_stay_values() {
        let view = SignIn { url: HOSTILE, nut: HOSTILE, expires_in: 300 };
        let html = pages(Texts::default()).sign_in(&view).html;
        assert_eq!(marks(&html), marks(&sign_in(Texts::default())));
        assert!(html.contains("svg.sqrl?nut=%22%3E%3Cscript%3E"));
        let view = Confirm { who: Who::Account, id: HOSTILE };
        let html = pages(Texts::default()).confirm(&view).html;
        assert_eq!(marks(&html), marks(&confirm(Texts::default(), Who::Account)));
    }

    #[test]
    fn an_install_url_that_browsers_would_run_is_left_out() {
        let html = sign_in(Texts::default().install_url("javascript:alert(1)"));
        assert!(!html.contains("javascript:"));
        assert!(sign_in(Texts::default()).contains(" rel=\"noreferrer\">"));
    }

    #[test]
    fn texts_are_replaced() {
        let html = sign_in(Texts::default().lang("ar").dir("rtl").button("تسجيل الدخول"));
        assert!(html.contains("<html lang=\"ar\" dir=\"rtl\">"));
        assert!(html.contains(">تسجيل الدخول</a>"));
    }

    #[test]
    fn the_confirmation_names_the_account_warns_and_posts_the_id() {
        let html = confirm(Texts::default(), Who::Name("Ada"));
        for part in [
            "<title>Sign in as Ada?</title>",
            "<h1>Sign in as <bdi>Ada</bdi>?</h1>",
            "Continue only if you have just signed in yourself",
            "<form data-sqrl=\"confirm\" method=\"post\" action=\"/auth/cps.sqrl\">",
            "<input type=\"hidden\" name=\"id\" value=\"id-1\">",
            "href=\"/login?a&amp;b\">Cancel</a>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert_eq!(html.matches("<form").count(), 1);
        let script = format!("<script src=\"/auth/sqrl.js?v={}\"></script>", SCRIPT.version);
        assert!(html.contains(&script), "the form is guarded before it can be sent: {html}");
    }

    #[test]
    fn an_account_without_a_name_is_named_by_the_texts() {
        for (who, heading) in [
            (Who::Account, "<h1>Sign in as <bdi>an existing account</bdi>?</h1>"),
            (Who::NewIdentity, "<h1>Sign in as <bdi>a new identity</bdi>?</h1>"),
        ] {
            let html = confirm(Texts::default(), who);
            assert!(html.contains(heading), "{html}");
        }
    }

    #[test]
    fn a_name_that_looks_like_the_placeholder_is_only_a_name() {
        let html = confirm(Texts::default(), Who::Name("{who}{id}"));
        assert!(html.contains("<h1>Sign in as <bdi>{who}{id}</bdi>?</h1>"));
    }

    #[test]
    fn every_notice_has_its_own_page_that_leads_on() {
        let pages = pages(Texts::default());
        let html = NOTICES.map(|notice| pages.notice(notice, None).html);
        for (index, page) in html.iter().enumerate() {
            assert!(page.contains("href=\"/login?a&amp;b\">To the sign-in page</a>"));
            assert!(page.contains("href=\"/auth/sqrl.css?v="));
            assert!(!html[..index].contains(page), "{:?}", NOTICES[index]);
        }
        let retry = pages.notice(Notice::Pending, Some("/auth/pag.sqrl?nut=abc&go")).html;
        assert!(retry.contains("href=\"/auth/pag.sqrl?nut=abc&amp;go\">Try again</a>"));
    }
}
