//! A link for one browser: made for a page of the application's, or by `nut.sqrl`.

use std::net::IpAddr;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::cookies::{Secret, WaitCookie};
use super::other_site::check_visit;
use super::{Sqrl, respond};
use crate::engine::{ChallengeOptions, IssuedUrl, NotIssued, Renewal};
use crate::web::{self, SignIn};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::protocol::Nut;

/// A link for one browser, and the cookie without which nobody collects its sign-in.
#[derive(Debug)]
#[must_use = "the browser needs the challenge's cookie: send `page()` or what `attach_to()` returns"]
pub struct Challenge {
    sqrl: Sqrl,
    link: IssuedUrl,
    cookies: Vec<HeaderValue>,
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
            return Ok(Challenge { sqrl: self.clone(), link, cookies: Vec::new() });
        }
        check_visit(&parts.headers)?;
        let ip = self.asking_address(parts)?;
        let config = &self.engine().config;
        let (now, secret) = (config.clock.now(), Secret::fresh());
        let link = self.engine().issue(ip, secret.wait(), options).await?;
        let cookie = WaitCookie::new(secret, link.nut, now, config.lifetimes.chain);
        Ok(self.with_cookie(&parts.headers, link, &cookie))
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
                Ok(Some(self.with_cookie(&parts.headers, link, &cookie)))
            }
        }
    }

    /// Returns the address with which the client's is compared.
    fn asking_address(&self, parts: &Parts) -> Result<IpAddr, ChallengeError> {
        let address = self.client_address(&parts.headers, &parts.extensions);
        address.ok_or(ChallengeError::NoClientAddress)
    }

    fn with_cookie(&self, headers: &HeaderMap, link: IssuedUrl, cookie: &WaitCookie) -> Challenge {
        let chain = self.engine().config.lifetimes.chain;
        let cookies = self.cookies().set_wait(headers, cookie, chain);
        Challenge { sqrl: self.clone(), link, cookies }
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

    /// Where the script of the ready page is, from the root, with its version: caches keep it for
    /// ever.
    pub fn script_path(&self) -> String {
        let version = web::asset("sqrl.js").map(|script| script.version);
        let query = version.map(|version| format!("?v={version}")).unwrap_or_default();
        format!("{}/sqrl.js{query}", self.sqrl.base())
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

    /// The part of the ready page that signs in, as HTML, for a page of the application's own:
    /// button, status, QR code. That page loads the script at [`script_path`](Self::script_path),
    /// and is sent with [`attach_to`](Self::attach_to).
    pub fn fragment(&self) -> String {
        self.sqrl.settings().pages.fragment(&self.view(&self.link.nut.to_string()))
    }

    /// The ready sign-in page.
    pub fn page(self) -> Response<String> {
        let page = self.sqrl.settings().pages.sign_in(&self.view(&self.link.nut.to_string()));
        let mut response = Response::new(page.html);
        respond::set_sign_in_headers(response.headers_mut(), &page.policy);
        self.attach_to(response)
    }

    fn view<'a>(&'a self, nut: &'a str) -> SignIn<'a> {
        SignIn { url: self.href(), nut, expires_in: self.lifetime().as_secs() }
    }

    /// Adds the cookie to a response with a page of your own, and keeps the response out of caches.
    pub fn attach_to<B>(self, mut response: Response<B>) -> Response<B> {
        self.set_headers(response.headers_mut());
        response
    }

    /// Sets what a response with this challenge needs.
    pub(crate) fn set_headers(self, headers: &mut HeaderMap) {
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
