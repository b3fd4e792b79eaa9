//! The room `web` as the service sees it.

use crate::service::pages::{Asset, ConfirmView, Notice, Page, Pages, PlainPages, SignInView, Who};
use crate::web::{
    self, CONFIRM_POLICY, ConfirmPage, MESSAGE_POLICY, Qr, SCRIPT, SIGN_IN_POLICY, STYLE,
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
        let view = SignInView { link: "sqrl://a", nut: "", base, expires_in: 1 };
        pages.sign_in_page(&view).render()?;
        let view = ConfirmView { who: Who::Account, id: "", cancel: sign_in, base };
        pages.confirm_page(&view).render()?;
        web::Notice::Expired.render(sign_in, base, &pages.texts)?;
        Ok(pages)
    }

    fn sign_in_page<'a>(&'a self, view: &SignInView<'a>) -> SignInPage<'a> {
        let SignInView { link, nut, base, expires_in } = *view;
        SignInPage { link, nut, base, expires_in, texts: &self.texts }
    }

    fn confirm_page<'a>(&'a self, view: &ConfirmView<'a>) -> ConfirmPage<'a> {
        let ConfirmView { who, id, cancel, base } = *view;
        let who = match who {
            Who::Name(name) => web::Who::Name(name),
            Who::Account => web::Who::Account,
            Who::NewIdentity => web::Who::NewIdentity,
        };
        ConfirmPage { who, id, cancel, base, texts: &self.texts }
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

    fn confirm(&self, view: &ConfirmView<'_>) -> Page {
        self.confirm_page(view)
            .render()
            .map_or_else(|_| PlainPages.confirm(view), |html| page(html, CONFIRM_POLICY))
    }

    fn tell(&self, notice: Notice, onward: &str, base: &str) -> Page {
        web::Notice::from(notice).render(onward, base, &self.texts).map_or_else(
            |_| PlainPages.tell(notice, onward, base),
            |html| page(html, MESSAGE_POLICY),
        )
    }

    fn svg(&self, link: &str) -> Option<String> {
        Qr::new(link).ok().map(|qr| qr.svg())
    }

    fn png(&self, link: &str) -> Option<Vec<u8>> {
        Qr::new(link).ok().map(|qr| qr.png())
    }

    fn asset(&self, name: &str) -> Option<Asset> {
        let asset = [&SCRIPT, &STYLE].into_iter().find(|asset| asset.name == name)?;
        let web::Asset { content_type, body, version, .. } = *asset;
        Some(Asset { content_type, body, version })
    }
}

fn page(html: String, csp: &str) -> Page {
    Page { html, csp: csp.to_owned() }
}

impl From<Notice> for web::Notice {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::LinkGone => Self::LinkGone,
            Notice::Disabled => Self::Disabled,
            Notice::Enabled => Self::Enabled,
            Notice::Removed => Self::Removed,
            Notice::Expired => Self::Expired,
            Notice::Collected => Self::Collected,
            Notice::TakenOver => Self::TakenOver,
            Notice::Evicted => Self::Evicted,
            Notice::RefusedNew => Self::RefusedNew,
            Notice::RefusedDisabled => Self::RefusedDisabled,
            Notice::RefusedSuperseded => Self::RefusedSuperseded,
            Notice::Pending => Self::Pending,
            Notice::Unavailable => Self::Unavailable,
        }
    }
}
