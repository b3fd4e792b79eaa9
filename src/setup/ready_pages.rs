//! The room `web` as the service sees it.

use crate::service::pages::{Asset, Page, Pages, PlainPages, SignInView, Told};
use crate::web::{
    CONFIRM_POLICY, ConfirmPage, MESSAGE_POLICY, Notice, Qr, SCRIPT, SIGN_IN_POLICY, STYLE,
    SignInPage, Texts, UnsafeLink,
};

/// The ready pages with an application's texts.
#[derive(Debug)]
pub(super) struct ReadyPages {
    texts: Texts,
}

impl ReadyPages {
    /// The pages, tried out once: what renders here renders later, for all else that they
    /// hold has been checked.
    pub(super) fn new(texts: Texts, base: &str, sign_in: &str) -> Result<Self, UnsafeLink> {
        let pages = Self { texts };
        pages
            .sign_in_page(&SignInView { link: "sqrl://a", nut: "", base, expires_in: 1 })
            .render()?;
        pages.render_confirm("", "", sign_in, base)?;
        Notice::Expired.render(sign_in, base, &pages.texts)?;
        Ok(pages)
    }

    fn sign_in_page<'a>(&'a self, view: &SignInView<'a>) -> SignInPage<'a> {
        let SignInView { link, nut, base, expires_in } = *view;
        SignInPage { link, nut, base, expires_in, texts: &self.texts }
    }

    fn render_confirm(
        &self,
        who: &str,
        id: &str,
        sign_in: &str,
        base: &str,
    ) -> Result<String, UnsafeLink> {
        ConfirmPage { who, id, base, cancel: sign_in, texts: &self.texts }.render()
    }
}

impl Pages for ReadyPages {
    fn sign_in(&self, view: &SignInView<'_>) -> Page {
        self.sign_in_page(view)
            .render()
            .map_or_else(|_| PlainPages.sign_in(view), |html| page(html, SIGN_IN_POLICY))
    }

    fn sign_in_fragment(&self, view: &SignInView<'_>) -> String {
        self.sign_in_page(view).fragment().unwrap_or_else(|_| PlainPages.sign_in_fragment(view))
    }

    fn confirm(&self, who: &str, action: &str, id: &str, sign_in: &str, base: &str) -> Page {
        self.render_confirm(who, id, sign_in, base).map_or_else(
            |_| PlainPages.confirm(who, action, id, sign_in, base),
            |html| page(html, CONFIRM_POLICY),
        )
    }

    fn tell(&self, told: Told, onward: &str, base: &str) -> Page {
        let notice = match told {
            Told::CpsGone => Notice::LinkGone,
            Told::Disabled => Notice::Disabled,
            Told::Enabled => Notice::Enabled,
            Told::Removed => Notice::Removed,
            Told::NotYet => Notice::Pending,
            Told::TakenOver => Notice::TakenOver,
            Told::Collected => Notice::Collected,
            Told::Expired => Notice::Expired,
            Told::Unavailable => Notice::Unavailable,
        };
        notice
            .render(onward, base, &self.texts)
            .map_or_else(|_| PlainPages.tell(told, onward, base), |html| page(html, MESSAGE_POLICY))
    }

    fn svg(&self, link: &str) -> Option<String> {
        Qr::new(link).ok().map(|qr| qr.svg())
    }

    fn png(&self, link: &str) -> Option<Vec<u8>> {
        Qr::new(link).ok().map(|qr| qr.png())
    }

    fn asset(&self, name: &str) -> Option<Asset> {
        let asset = [&SCRIPT, &STYLE].into_iter().find(|asset| asset.name == name)?;
        Some(Asset {
            content_type: asset.content_type,
            content: asset.body,
            version: asset.version,
        })
    }
}

fn page(html: String, csp: &str) -> Page {
    Page { html, csp: csp.to_owned() }
}
