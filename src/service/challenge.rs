//! A link for one browser: made for a page of the application's, or by `nut.sqrl`.

use std::net::IpAddr;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::cookies::{Secret, WaitCookie};
use super::other_site::check_visit;
use super::{Sqrl, respond};
use crate::engine::{ChallengeOptions, IssuedUrl, NotIssued, Renewal};
#[cfg(feature = "web")]
use crate::web::{ContentSecurityPolicy, Texts};
use crate::web::{Look, SignIn};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::protocol::Nut;

/// A link for one browser, and the cookie without which nobody collects its sign-in.
#[derive(Debug)]
#[must_use = "the browser needs the challenge's cookie: send `page()` or what `attach_to()` returns"]
pub struct Challenge {
    sqrl: Sqrl,
    link: IssuedUrl,
    cookies: Vec<HeaderValue>,
    look: Look,
}

impl Sqrl {
    /// Issues a challenge for the browser that sent this request.
    ///
    /// Axum handlers take a [`SqrlChallenge`](crate::axum::SqrlChallenge) instead. For a HEAD request
    /// nothing is stored: the challenge cannot be answered.
    ///
    /// # Errors
    ///
    /// [`ChallengeError`].
    pub async fn challenge(
        &self,
        parts: &Parts,
        options: ChallengeOptions,
    ) -> Result<Challenge, ChallengeError> {
        if parts.method == Method::HEAD {
            let link = self.engine().dead_url();
            let look = self.look(parts);
            return Ok(Challenge { sqrl: self.clone(), link, cookies: Vec::new(), look });
        }
        check_visit(&parts.headers)?;
        let ip = self.asking_address(parts)?;
        let config = &self.engine().config;
        let (now, secret) = (config.clock.now(), Secret::fresh());
        let link = self.engine().issue(ip, secret.wait(), options).await?;
        let cookie = WaitCookie::new(secret, link.nut, now, config.lifetimes.chain);
        Ok(self.with_cookie(parts, link, &cookie))
    }

    /// Issues a further link for the wait whose first or latest nut is `old`, if this browser
    /// holds its cookie; `None` if there is no such wait, or it is over.
    ///
    /// The wait goes on: a client may still finish with an earlier link. So a page elsewhere that
    /// leads the browser here, with the nut of its QR code, ends nothing.
    pub(super) async fn renewed_challenge(
        &self,
        parts: &Parts,
        old: &str,
    ) -> Result<Option<Challenge>, ChallengeError> {
        check_visit(&parts.headers)?;
        let ip = self.asking_address(parts)?;
        let Ok(old) = old.parse::<Nut>() else { return Ok(None) };
        let Some(cookie) = self.cookies().wait(&parts.headers, &old) else { return Ok(None) };
        match self.engine().renew(cookie.latest(), ip, cookie.wait()).await? {
            Renewal::Gone => Ok(None),
            Renewal::Renewed(link) => {
                let config = &self.engine().config;
                let (now, chain) = (config.clock.now(), config.lifetimes.chain);
                let cookie = cookie.renewed(link.nut, now, chain);
                Ok(Some(self.with_cookie(parts, link, &cookie)))
            }
        }
    }

    /// Returns the address with which the client's is compared.
    fn asking_address(&self, parts: &Parts) -> Result<IpAddr, ChallengeError> {
        let address = self.client_address(&parts.headers, &parts.extensions);
        address.ok_or(ChallengeError::NoClientAddress)
    }

    fn with_cookie(&self, parts: &Parts, link: IssuedUrl, cookie: &WaitCookie) -> Challenge {
        let chain = self.engine().config.lifetimes.chain;
        let cookies = self.cookies().set_wait(&parts.headers, cookie, chain);
        Challenge { sqrl: self.clone(), link, cookies, look: self.look(parts) }
    }
}

impl Challenge {
    /// The link for the button: `sqrl://…`.
    pub fn href(&self) -> &str {
        &self.link.text
    }

    /// The link's nut: public, like the link.
    pub fn nut(&self) -> &Nut {
        &self.link.nut
    }

    /// Where the QR code is, from the root: SVG.
    pub fn qr_path(&self) -> String {
        format!("{}/svg.sqrl?nut={}", self.sqrl.base(), self.link.nut)
    }

    /// Returns the path of the sign-in page's JavaScript module, from the root. Load it with
    /// `<script type="module">`. Its query names the version, so that caches keep it permanently.
    #[cfg(feature = "web")]
    pub fn script_path(&self) -> String {
        self.sqrl.settings().pages.script_path()
    }

    /// Returns the path of the ready pages' style, from the root. Its query names the version, so
    /// that caches keep it permanently.
    #[cfg(feature = "web")]
    pub fn style_path(&self) -> String {
        self.sqrl.settings().pages.style_path()
    }

    /// Returns the texts of this challenge's page: those of the site, in the language of the request.
    #[cfg(feature = "web")]
    pub fn texts(&self) -> &Texts {
        &self.look.texts
    }

    /// Sets the texts of this challenge's page and fragment. No other page shows them.
    ///
    /// ```
    /// use tower_sqrl::Challenge;
    ///
    /// fn page_for_deletion(challenge: Challenge) -> http::Response<String> {
    ///     let texts = challenge.texts().clone();
    ///     let texts = match texts.language() {
    ///         "de" => texts.heading("Konto löschen").intro("Bestätigen Sie mit Ihrer SQRL-App."),
    ///         _ => texts.heading("Delete your account").intro("Confirm with your SQRL app."),
    ///     };
    ///     challenge.with_texts(texts).page()
    /// }
    /// ```
    #[cfg(feature = "web")]
    pub fn with_texts(mut self, texts: Texts) -> Self {
        self.look.texts = std::sync::Arc::new(texts);
        self
    }

    /// Returns the policy that a page with the fragment needs, with the request's
    /// [`CspNonce`](crate::web::CspNonce) if it has one.
    #[cfg(feature = "web")]
    pub fn policy(&self) -> ContentSecurityPolicy {
        let policy = ContentSecurityPolicy::sign_in();
        match &self.look.nonce {
            Some(nonce) => policy.nonce(nonce),
            None => policy,
        }
    }

    /// What the layer's paths stand below, from the root: the public URL's path and the builder's
    /// `prefix`; empty for neither.
    pub fn base(&self) -> &str {
        self.sqrl.base()
    }

    /// How long the link can be answered.
    pub fn lifetime(&self) -> Duration {
        self.sqrl.engine().config.lifetimes.url
    }

    /// Returns the part of the ready page that signs in, as HTML, for your own page: button, status,
    /// QR code. The page loads the module at `script_path`, and the style at `style_path` if you
    /// like. Send it with [`attach_to`](Self::attach_to).
    pub fn fragment(&self) -> String {
        let nut = self.link.nut.to_string();
        self.sqrl.settings().pages.fragment(&self.view(&nut), &self.look)
    }

    /// The ready sign-in page.
    pub fn page(self) -> Response<String> {
        let nut = self.link.nut.to_string();
        let page = self.sqrl.settings().pages.sign_in(&self.view(&nut), &self.look);
        let mut response = Response::new(page.html);
        respond::set_sign_in_headers(response.headers_mut(), &page.policy);
        self.set_cookies(response.headers_mut());
        response
    }

    fn view<'a>(&'a self, nut: &'a str) -> SignIn<'a> {
        SignIn { url: self.href(), nut, expires_in: self.lifetime().as_secs() }
    }

    /// Adds to a response of your own what a sign-in page needs: the cookie that collects the
    /// sign-in, `Cache-Control: no-store`, and, unless the response has them,
    /// `Referrer-Policy: same-origin`, `X-Content-Type-Options: nosniff`,
    /// `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: unsafe-none`.
    ///
    /// It adds no `Content-Security-Policy`.
    pub fn attach_to<B>(self, mut response: Response<B>) -> Response<B> {
        self.set_headers(response.headers_mut());
        response
    }

    /// Sets what a page with this challenge needs.
    pub(crate) fn set_headers(self, headers: &mut HeaderMap) {
        respond::add_sign_in_headers(headers);
        self.set_cookies(headers);
    }

    /// Sets what every response with this challenge needs.
    pub(super) fn set_cookies(self, headers: &mut HeaderMap) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for cookie in self.cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// Nothing says where the request comes from.
    #[error(
        "the client's address is unknown. With TCP, serve with \
         `into_make_service_with_connect_info::<SocketAddr>()`, or put a `PeerAddress` into every \
         request's extensions. With a Unix socket behind a proxy, call `trust_unix_socket_proxy()` \
         on the builder, and let the proxy set the address header"
    )]
    NoClientAddress,
    /// The address has asked for more links than it gets in a minute:
    /// [`SqrlBuilder::challenges_per_minute`](crate::SqrlBuilder::challenges_per_minute).
    #[error("too many attempts to sign in from this address: try again in a minute")]
    TooManyChallenges,
    /// A page of another site, or of another subdomain, loads this as an image, a frame or by a
    /// script: nothing that its visitor sees as a page.
    #[error("this page is not for frames and images of other sites")]
    OtherSite,
    /// The browser loads this ahead of a visit: a prefetch, a prerender or a preview. It discards
    /// the response and loads the page again when its user visits it.
    #[error("this page does not load before it is visited")]
    Prefetch,
    /// [`ChallengeOptions::data`] of so many octets.
    #[error(
        "a link carries at most 4096 octets of data, not {0}: keep what is longer under an id of \
         your own, and give that"
    )]
    DataTooLong(usize),
    /// The nut could not be stored.
    #[error("signing in does not work at the moment")]
    Store(#[from] StoreError),
}

impl ChallengeError {
    /// The status to respond with: 500 for a mistake in the set-up, 429, 403, or 503 for a store
    /// that is unreachable and for a prefetch.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoClientAddress | Self::DataTooLong(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TooManyChallenges => StatusCode::TOO_MANY_REQUESTS,
            Self::OtherSite => StatusCode::FORBIDDEN,
            Self::Prefetch | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<NotIssued> for ChallengeError {
    fn from(why: NotIssued) -> Self {
        match why {
            NotIssued::TooMany => Self::TooManyChallenges,
            NotIssued::DataTooLong(octets) => Self::DataTooLong(octets),
            NotIssued::Store(error) => Self::Store(error),
        }
    }
}
