//! The sign-in page.

use std::fmt::{self, Debug, Formatter};

use super::frame::{Script, frame};
use super::html::{Esc, Query, UnsafeLink, base_path, sqrl_link, web_link};
use super::texts::Texts;

/// The ready sign-in page: the button, the QR code, and the script that waits.
///
/// Serve it as `text/html; charset=utf-8` with [`SIGN_IN_POLICY`](super::SIGN_IN_POLICY),
/// `Referrer-Policy: same-origin`, `Cache-Control: no-store`,
/// `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: unsafe-none`
/// ([why](crate::guide::own_page)).
///
/// *Operating Details*, "Same-Device Authentication" and "The `CANcel` parameter".
#[derive(Clone, Copy)]
pub struct SignInPage<'a> {
    /// The `sqrl://` or `qrl://` link, without `can`, which the script adds to the button.
    pub link: &'a str,
    /// The link's nut.
    pub nut: &'a str,
    /// The path that the SQRL paths stand below, as browsers see it: empty, or like `/auth`.
    pub base: &'a str,
    /// Seconds until the link expires; the script renews it shortly before.
    pub expires_in: u64,
    /// What the page says.
    pub texts: &'a Texts,
}

/// Without the link and its nut: no log holds a whole nut.
impl Debug for SignInPage<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInPage").field("base", &self.base).finish_non_exhaustive()
    }
}

impl SignInPage<'_> {
    /// The whole page.
    ///
    /// # Errors
    ///
    /// [`UnsafeLink`] if `link`, `base` or the texts' `install_url` is not what it should be.
    pub fn render(&self) -> Result<String, UnsafeLink> {
        frame(self.texts, self.base, &self.texts.title, Script::Deferred, self.fragment()?)
    }

    /// The page's `<main>` element alone, for a page of the application's own, which then loads
    /// [`SCRIPT`](super::SCRIPT) with `defer`, and [`STYLE`](super::STYLE) if it likes.
    ///
    /// The script finds its parts by their `data-sqrl` names, `button`, `qr`, `status`, `jump`
    /// and `reload`, inside the element with the id `sqrl`; a page may leave out any of them.
    ///
    /// # Errors
    ///
    /// As for [`render`](Self::render).
    pub fn fragment(&self) -> Result<String, UnsafeLink> {
        let texts = self.texts;
        Ok(format!(
            include_str!("sign_in.html"),
            nut = Esc(self.nut),
            nut_value = Query(self.nut),
            link = sqrl_link(self.link)?,
            base = base_path(self.base)?,
            expires_in = self.expires_in,
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
            install_url = web_link(&texts.install_url)?,
            install_link = Esc(&texts.install_link),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::{SCRIPT, STYLE};

    const LINK: &str = "sqrl://example.com/auth/cli.sqrl?x=5&nut=abc";
    const HOSTILE: &str = "\"><script>alert('1')</script>&\u{0}";

    fn page(texts: &Texts) -> SignInPage<'_> {
        SignInPage { link: LINK, nut: "abc", base: "/auth", expires_in: 300, texts }
    }

    #[test]
    fn the_page_holds_the_link_and_what_the_script_needs() {
        let html = page(&Texts::default()).render().expect("safe links");
        for part in [
            "<a class=\"sqrl-button\" data-sqrl=\"button\" href=\"sqrl://example.com/auth/cli.sqrl?x=5&amp;nut=abc\">",
            "data-nut=\"abc\" data-link=\"sqrl://example.com/auth/cli.sqrl?x=5&amp;nut=abc\" data-base=\"/auth\" data-expires-in=\"300\"",
            "src=\"/auth/svg.sqrl?nut=abc\"",
            "href=\"/auth/pag.sqrl?nut=abc&amp;go\"",
            "role=\"status\" aria-live=\"polite\"",
            &format!("src=\"/auth/sqrl.js?v={}\"", SCRIPT.version),
            &format!("href=\"/auth/sqrl.css?v={}\"", STYLE.version),
            "<html lang=\"en\" dir=\"ltr\">",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn nothing_is_inline() {
        let html = page(&Texts::default()).render().expect("safe links");
        assert_eq!(html.matches("<script").count(), 1);
        assert!(html.contains("defer></script>"));
        for inline in ["<style", " style=", " onclick", " onload", " onerror", "javascript:"] {
            assert!(!html.contains(inline), "{inline}");
        }
    }

    #[test]
    fn the_script_finds_every_text_that_it_shows() {
        let html = page(&Texts::default()).render().expect("safe links");
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
    fn hostile_values_stay_text() {
        let harmless = page(&Texts::default()).render().expect("safe links");
        let texts = Texts::default()
            .title(HOSTILE)
            .heading(HOSTILE)
            .lang(HOSTILE)
            .waiting(HOSTILE)
            .qr_alt(HOSTILE)
            .no_script(HOSTILE)
            .install(HOSTILE)
            .button(HOSTILE);
        let link = format!("sqrl://example.com/{}", HOSTILE.trim_end_matches('\0'));
        let base = format!("/{}", HOSTILE.trim_end_matches('\0'));
        let html =
            SignInPage { link: &link, nut: HOSTILE, base: &base, expires_in: 1, texts: &texts }
                .render()
                .expect("strange, but safe");
        for mark in ["<", ">", "'", "\""] {
            assert_eq!(html.matches(mark).count(), harmless.matches(mark).count(), "{mark}");
        }
        assert!(!html.contains('\0'));
        assert!(html.contains("svg.sqrl?nut=%22%3E%3Cscript%3E"));
    }

    #[test]
    fn links_of_another_kind_are_refused() {
        let texts = Texts::default();
        let page = page(&texts);
        assert!(SignInPage { link: "javascript:alert(1)", ..page }.render().is_err());
        assert!(SignInPage { base: "//evil.example", ..page }.render().is_err());
        let texts = Texts::default().install_url("javascript:alert(1)");
        assert!(SignInPage { texts: &texts, ..page }.render().is_err());
    }

    #[test]
    fn texts_are_replaced() {
        let texts = Texts::default().lang("ar").dir("rtl").button("تسجيل الدخول");
        let html = page(&texts).render().expect("safe links");
        assert!(html.contains("<html lang=\"ar\" dir=\"rtl\">"));
        assert!(html.contains(">تسجيل الدخول</a>"));
    }
}
