//! SQRL URLs for one browser, issued for a page of the application or by `nut.sqrl`.

use std::net::IpAddr;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, header};

use super::challenge_error::ChallengeError;
use super::cookies::{Secret, WaitCookie};
use super::other_site::check_visit;
use super::respond;
use super::sqrl::Sqrl;
use crate::engine::{ChallengeOptions, IssuedUrl, Renewal};
#[cfg(feature = "web")]
use crate::web::{ContentSecurityPolicy, Texts};
use crate::web::{Look, SignIn};
use tower_sqrl_core::protocol::Nut;

/// A SQRL URL for one browser, and the cookie that collects its sign-in.
#[derive(Debug)]
#[must_use = "the browser needs the challenge's cookie: send `page()` or what `attach_to()` returns"]
pub struct Challenge {
    sqrl: Sqrl,
    issued: IssuedUrl,
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
            let issued = self.engine().dead_url();
            let look = self.look(parts);
            return Ok(Challenge { sqrl: self.clone(), issued, cookies: Vec::new(), look });
        }
        check_visit(&parts.headers)?;
        let ip = self.asking_address(parts)?;
        let config = &self.engine().config;
        let (now, secret) = (config.clock.now(), Secret::fresh());
        let issued = self.engine().issue(ip, secret.wait(), options).await?;
        let cookie = WaitCookie::new(secret, issued.nut, now, config.lifetimes.chain);
        Ok(self.with_cookie(parts, issued, &cookie))
    }

    /// Issues another SQRL URL for the wait whose first or latest nut is `old`, if this browser has its
    /// cookie. Returns `None` if there is no such wait, or it is over.
    ///
    /// The wait continues, because a client may still finish with an earlier URL. So another site that
    /// navigates the browser here, with the nut of a QR code, ends nothing.
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
            Renewal::Renewed(issued) => {
                let config = &self.engine().config;
                let (now, chain) = (config.clock.now(), config.lifetimes.chain);
                let cookie = cookie.renewed(issued.nut, now, chain);
                Ok(Some(self.with_cookie(parts, issued, &cookie)))
            }
        }
    }

    /// Returns the address with which the client's is compared.
    fn asking_address(&self, parts: &Parts) -> Result<IpAddr, ChallengeError> {
        let address = self.client_address(&parts.headers, &parts.extensions);
        address.ok_or(ChallengeError::NoClientAddress)
    }

    fn with_cookie(&self, parts: &Parts, issued: IssuedUrl, cookie: &WaitCookie) -> Challenge {
        let chain = self.engine().config.lifetimes.chain;
        let cookies = self.cookies().set_wait(&parts.headers, cookie, chain);
        Challenge { sqrl: self.clone(), issued, cookies, look: self.look(parts) }
    }
}

impl Challenge {
    /// Returns the SQRL URL, `sqrl://…`, for the button.
    pub fn sqrl_url(&self) -> &str {
        &self.issued.text
    }

    /// Returns the nut of the SQRL URL. It is as public as the URL.
    pub fn nut(&self) -> &Nut {
        &self.issued.nut
    }

    /// Returns the path of the QR code (SVG), from the root.
    pub fn qr_path(&self) -> String {
        format!("{}/svg.sqrl?nut={}", self.sqrl.base(), self.issued.nut)
    }

    /// Returns the path of the sign-in page's JavaScript module, from the root. Load it with
    /// `<script type="module">`. Its query names the version, so that caches keep it permanently.
    #[cfg(feature = "web")]
    pub fn script_path(&self) -> String {
        self.sqrl.settings().pages.script_path()
    }

    /// Returns the path of the built-in pages' style, from the root. Its query names the version, so
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

    /// Returns the path below which the layer's endpoints are: the path of the public URL and the builder's
    /// `prefix`. Empty without either.
    pub fn base(&self) -> &str {
        self.sqrl.base()
    }

    /// Returns the lifetime of the SQRL URL.
    pub fn lifetime(&self) -> Duration {
        self.sqrl.engine().config.lifetimes.url
    }

    /// Returns the part of the built-in page that signs in, as HTML, for your own page: button, status,
    /// QR code. The page loads the module at `script_path`, and the style at `style_path` if you
    /// like. Send it with [`attach_to`](Self::attach_to).
    pub fn fragment(&self) -> String {
        let nut = self.issued.nut.to_string();
        self.sqrl.settings().pages.fragment(&self.view(&nut), &self.look)
    }

    /// The built-in sign-in page.
    pub fn page(self) -> Response<String> {
        let nut = self.issued.nut.to_string();
        let page = self.sqrl.settings().pages.sign_in(&self.view(&nut), &self.look);
        let mut response = Response::new(page.html);
        respond::set_sign_in_headers(response.headers_mut(), &page.policy);
        self.set_cookies(response.headers_mut());
        response
    }

    fn view<'a>(&'a self, nut: &'a str) -> SignIn<'a> {
        SignIn { url: self.sqrl_url(), nut, expires_in: self.lifetime().as_secs() }
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
