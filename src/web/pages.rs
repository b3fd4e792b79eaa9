//! The built-in pages.

use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;

use super::asset::{CONFIRM_SCRIPT, SCRIPT, STYLE};
use super::csp::{ContentSecurityPolicy, CspNonce};
use super::html::{Esc, Query, is_path, web_link};
use super::language::{self, Language};
use super::texts::Texts;
use super::view::{Asset, Confirm, Notice, Page, SignIn, Who};

/// What a site says about itself on the pages.
#[derive(Debug, Default)]
pub(crate) struct Site {
    /// The languages of the pages; the first where a browser wants none of them. None: the languages
    /// that are included.
    pub(crate) languages: Vec<Texts>,
    /// The name of the site, above each heading and in the titles.
    pub(crate) name: Option<String>,
    /// The path of a picture from the root, beside the name.
    pub(crate) logo: Option<String>,
}

impl Site {
    /// Whether the pages can load the logo.
    pub(crate) fn has_safe_logo(&self) -> bool {
        self.logo.as_deref().is_none_or(is_path)
    }
}

/// The pages of one site.
pub(crate) struct Pages {
    base: String,
    sign_in_path: String,
    languages: Vec<Arc<Texts>>,
    name: Option<String>,
    logo: Option<String>,
}

/// The texts of one request's pages, and their nonce.
#[derive(Clone)]
pub(crate) struct Look {
    pub(crate) texts: Arc<Texts>,
    pub(crate) nonce: Option<CspNonce>,
}

/// Only the language, because the texts are long.
impl Debug for Look {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look").field("language", &self.texts.lang).finish_non_exhaustive()
    }
}

impl Pages {
    /// Takes the path before every endpoint, and that of the sign-in page, both from the root.
    pub(crate) fn new(base: String, sign_in_path: String, site: Site) -> Self {
        let Site { mut languages, name, logo } = site;
        if languages.is_empty() {
            languages = vec![Texts::english(), Texts::german(), Texts::french()];
        }
        let languages = languages.into_iter().map(Arc::new).collect();
        Self { base, sign_in_path, languages, name, logo }
    }

    /// Returns the texts in the language that the application has chosen, or the best one for the
    /// values of `Accept-Language`.
    pub(crate) fn look<'a>(
        &self,
        chosen: Option<&Language>,
        accepted: impl IntoIterator<Item = &'a str>,
        nonce: Option<&CspNonce>,
    ) -> Look {
        let texts = language::choose(&self.languages, chosen, accepted);
        Look { texts: texts.cloned().unwrap_or_default(), nonce: nonce.cloned() }
    }

    /// The module of the sign-in page, from the root.
    pub(crate) fn script_path(&self) -> String {
        self.asset_path(&SCRIPT)
    }

    /// The style of the pages, from the root.
    pub(crate) fn style_path(&self) -> String {
        self.asset_path(&STYLE)
    }

    fn asset_path(&self, asset: &Asset) -> String {
        format!("{}/{}?v={}", self.base, asset.name, asset.version)
    }

    /// The sign-in page: the button, the QR code, and the module that waits.
    ///
    /// *Operating Details*, "Same-Device Authentication" and "The `CANcel` parameter".
    pub(crate) fn sign_in(&self, view: &SignIn<'_>, look: &Look) -> Page {
        let texts = &look.texts;
        let body = format!(
            include_str!("sign_in.html"),
            site = self.site(),
            heading = Esc(&texts.heading),
            intro = Esc(&texts.intro),
            fragment = self.fragment(view, look),
        );
        let script = format!("<script type=\"module\" src=\"{}\"", Esc(&self.script_path()));
        self.page(&texts.title, &script, body, look, ContentSecurityPolicy::sign_in())
    }

    /// The part of the sign-in page that signs in, for a page of the application's.
    pub(crate) fn fragment(&self, view: &SignIn<'_>, look: &Look) -> String {
        let texts = &look.texts;
        let install_link = match web_link(&texts.install_url) {
            Some(url) => {
                let text = Esc(&texts.install_link);
                format!("<p><a href=\"{url}\" rel=\"noreferrer\">{text}</a></p>\n")
            }
            None => String::new(),
        };
        format!(
            include_str!("fragment.html"),
            lang = Esc(&texts.lang),
            dir = Esc(&texts.dir),
            nut = Esc(view.nut),
            nut_value = Query(view.nut),
            url = Esc(view.url),
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
            button = Esc(&texts.button),
            jump = Esc(&texts.jump),
            scan = Esc(&texts.scan),
            scan_on_phone = Esc(&texts.scan_on_phone),
            qr_alt = Esc(&texts.qr_alt),
            reload = Esc(&texts.reload),
            no_script = Esc(&texts.no_script),
            no_script_link = Esc(&texts.no_script_link),
            about_heading = Esc(&texts.about_heading),
            about = Esc(&texts.about),
            install_heading = Esc(&texts.install_heading),
            install = Esc(&texts.install),
            install_link = install_link,
        )
    }

    /// "Sign in as …?", for a CPS URL that arrives in a browser without the wait's cookie: nobody
    /// is signed in to another person's account by following a URL.
    ///
    /// With the script the button reacts one second after the page is visible, so that a double
    /// click confirms nothing. Without it the button reacts at once.
    pub(crate) fn confirm(&self, view: &Confirm<'_>, look: &Look) -> Page {
        let texts = &look.texts;
        let (text, who) = match view.who {
            Who::Name(name) => (&texts.confirm_heading, name),
            Who::Account => (&texts.confirm_account_heading, ""),
            Who::NewIdentity => (&texts.confirm_new_heading, ""),
        };
        let title = text.replace("{who}", who);
        // `bdi`, so that a name written from right to left does not reorder the question.
        let heading = Esc(text).to_string().replace("{who}", &format!("<bdi>{}</bdi>", Esc(who)));
        let body = format!(
            include_str!("confirm.html"),
            site = self.site(),
            heading = heading,
            warning = Esc(&texts.confirm_warning),
            base = Esc(&self.base),
            id = Esc(view.id),
            button = Esc(&texts.confirm_button),
            cancel_path = Esc(&self.sign_in_path),
            cancel = Esc(&texts.confirm_cancel),
        );
        // Not deferred: it guards the form before the form is there.
        let script = format!("<script src=\"{}\"", Esc(&self.asset_path(&CONFIRM_SCRIPT)));
        self.page(&title, &script, body, look, ContentSecurityPolicy::confirm())
    }

    /// Says one thing, and leads on to `retry`, a path from the root, or to the sign-in page.
    pub(crate) fn notice(&self, notice: Notice, retry: Option<&str>, look: &Look) -> Page {
        let texts = &look.texts;
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
        let (onward, onward_text) = match retry {
            Some(path) => (path, &texts.try_again),
            None => (&*self.sign_in_path, &texts.to_sign_in),
        };
        let body = format!(
            include_str!("message.html"),
            site = self.site(),
            heading = Esc(heading),
            text = Esc(text),
            onward = Esc(onward),
            onward_text = Esc(onward_text),
        );
        self.page(heading, "", body, look, ContentSecurityPolicy::message())
    }

    /// The name and logo of the site.
    fn site(&self) -> String {
        let logo = self.logo.as_deref().map(|path| format!("<img src=\"{}\" alt=\"\">", Esc(path)));
        let name = self.name.as_deref().map(|name| format!("<span>{}</span>", Esc(name)));
        match (logo, name) {
            (None, None) => String::new(),
            (logo, name) => {
                let [logo, name] = [logo, name].map(Option::unwrap_or_default);
                format!("<p class=\"sqrl-site\">{logo}{name}</p>\n")
            }
        }
    }

    /// A whole page around a body that is HTML already. `script` is the beginning of a script
    /// element, or empty.
    fn page(
        &self,
        title: &str,
        script: &str,
        body: impl Display,
        look: &Look,
        mut policy: ContentSecurityPolicy,
    ) -> Page {
        let mut nonce = String::new();
        if let Some(given) = &look.nonce {
            nonce = format!(" nonce=\"{}\"", Esc(given.as_str()));
            policy = policy.nonce(given);
        }
        let script = match script {
            "" => String::new(),
            script => format!("{script}{nonce}></script>\n"),
        };
        if self.logo.is_some() {
            policy = policy.allow_once("img-src", "'self'");
        }
        let title = match &self.name {
            Some(name) => format!("{} – {}", Esc(title), Esc(name)),
            None => Esc(title).to_string(),
        };
        let html = format!(
            include_str!("frame.html"),
            lang = Esc(&look.texts.lang),
            dir = Esc(&look.texts.dir),
            title = title,
            style = Esc(&self.style_path()),
            nonce = nonce,
            script = script,
            body = body,
        );
        Page { html, policy: policy.to_string() }
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

    fn pages(site: Site) -> Pages {
        Pages::new("/auth".to_owned(), "/login?a&b".to_owned(), site)
    }

    fn look(texts: Texts) -> Look {
        Look { texts: Arc::new(texts), nonce: None }
    }

    fn sign_in(texts: Texts) -> String {
        let view = SignIn { url: URL, nut: "abc", expires_in: 300 };
        pages(Site::default()).sign_in(&view, &look(texts)).html
    }

    fn confirm(texts: Texts, who: Who<'_>) -> String {
        pages(Site::default()).confirm(&Confirm { who, id: "id-1" }, &look(texts)).html
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
            &format!(
                "<script type=\"module\" src=\"/auth/sqrl.js?v={}\"></script>",
                SCRIPT.version
            ),
            &format!("data-nut=\"abc\" data-url=\"{url}\" data-base=\"/auth\""),
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
        assert_eq!(marks(&html), marks(&confirm(Texts::default(), Who::Name("Ada"))));
        assert!(!html.contains('\u{202E}'), "nothing reorders the question");
        let notice =
            |texts| pages(Site::default()).notice(Notice::Expired, None, &look(texts)).html;
        assert_eq!(marks(&notice(hostile())), marks(&notice(Texts::default())));
    }

    #[test]
    fn hostile_values_stay_values() {
        let view = SignIn { url: HOSTILE, nut: HOSTILE, expires_in: 300 };
        let html = pages(Site::default()).sign_in(&view, &look(Texts::default())).html;
        assert_eq!(marks(&html), marks(&sign_in(Texts::default())));
        assert!(html.contains("svg.sqrl?nut=%22%3E%3Cscript%3E"));
        let view = Confirm { who: Who::Account, id: HOSTILE };
        let html = pages(Site::default()).confirm(&view, &look(Texts::default())).html;
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
        let version = CONFIRM_SCRIPT.version;
        let script = format!("<script src=\"/auth/sqrl-confirm.js?v={version}\"></script>");
        assert!(html.contains(&script), "the form is guarded before it can be sent: {html}");
    }

    #[test]
    fn an_account_without_a_name_is_named_by_the_texts() {
        for (who, heading) in [
            (Who::Account, "<h1>Sign in to an existing account?</h1>"),
            (Who::NewIdentity, "<h1>Sign in with a new identity?</h1>"),
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
    fn the_fragment_is_no_page_of_its_own() {
        let view = SignIn { url: URL, nut: "abc", expires_in: 300 };
        let html = pages(Site::default()).fragment(&view, &look(Texts::german()));
        assert!(html.starts_with("<div id=\"sqrl\" class=\"sqrl\" lang=\"de\" dir=\"ltr\""));
        for part in ["<main", "<h1", "<html", "<script", "<link"] {
            assert!(!html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn the_name_and_logo_of_the_site_are_on_every_page() {
        let site = Site {
            name: Some("Ada & Co".to_owned()),
            logo: Some("/logo.svg?\"".to_owned()),
            ..Site::default()
        };
        let (pages, look) = (pages(site), look(Texts::default()));
        let all = [
            pages.sign_in(&SignIn { url: URL, nut: "abc", expires_in: 300 }, &look),
            pages.confirm(&Confirm { who: Who::Account, id: "id-1" }, &look),
            pages.notice(Notice::Expired, None, &look),
        ];
        for Page { html, policy } in all {
            assert!(html.contains(" – Ada &amp; Co</title>"), "{html}");
            let site = "<p class=\"sqrl-site\"><img src=\"/logo.svg?&quot;\" alt=\"\">\
                        <span>Ada &amp; Co</span></p>";
            assert!(html.contains(site), "{html}");
            assert_eq!(policy.matches("img-src 'self'").count(), 1, "{policy}");
        }
        for (logo, is_safe) in
            [("/logo.svg", true), ("https://example.com/a", false), ("//a", false), ("a", false)]
        {
            let site = Site { logo: Some(logo.to_owned()), ..Site::default() };
            assert_eq!(site.has_safe_logo(), is_safe, "{logo}");
        }
    }

    #[test]
    fn a_nonce_is_on_the_script_the_style_and_in_the_policy() {
        let nonce = CspNonce::new("abc123==");
        let look = Look { nonce, ..look(Texts::default()) };
        let pages = pages(Site::default());
        let sign_in = pages.sign_in(&SignIn { url: URL, nut: "abc", expires_in: 300 }, &look);
        let confirm = pages.confirm(&Confirm { who: Who::Account, id: "id-1" }, &look);
        let notice = pages.notice(Notice::Expired, None, &look);
        for (Page { html, policy }, times) in [(sign_in, 2), (confirm, 2), (notice, 1)] {
            assert_eq!(html.matches(" nonce=\"abc123==\">").count(), times, "{html}");
            assert_eq!(policy.matches("'self' 'nonce-abc123==';").count(), times, "{policy}");
        }
    }

    #[test]
    fn every_notice_has_its_own_page_that_leads_on() {
        let (pages, look) = (pages(Site::default()), look(Texts::default()));
        let html = NOTICES.map(|notice| pages.notice(notice, None, &look).html);
        for (index, page) in html.iter().enumerate() {
            assert!(page.contains("href=\"/login?a&amp;b\">Go to the sign-in page</a>"));
            assert!(page.contains("href=\"/auth/sqrl.css?v="));
            assert!(!html[..index].contains(page), "{:?}", NOTICES[index]);
        }
        let retry = pages.notice(Notice::Pending, Some("/auth/pag.sqrl?nut=abc&go"), &look).html;
        assert!(retry.contains("href=\"/auth/pag.sqrl?nut=abc&amp;go\">Try again</a>"));
    }
}
