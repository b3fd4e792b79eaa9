//! The cookies that only the browser has: one per link, with the secret that collects the
//! sign-in, and one for the way from a CPS URL to a clean address.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use zeroize::Zeroizing;

use crate::protocol::{Nut, base64url};
use crate::store::{CpsId, Timestamp, WaitId};

/// A browser keeps the secrets of so many links. The rest is forgotten, the oldest first,
/// so that no request's headers grow too long.
const MAX_LINKS: usize = 8;

/// How cookies are named and sent here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookies {
    pub(super) https: bool,
}

/// A step on the way from a CPS URL to the application, each at a clean address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CpsStep {
    /// Ask whether to sign in: this browser did not ask for the link.
    Ask,
    /// Sign in.
    Go,
}

impl CpsStep {
    fn name(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Go => "cps",
        }
    }
}

/// What a link's cookie holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct WaitCookie {
    secret: Zeroizing<[u8; 16]>,
    /// When the chain is over, in seconds. The browser's word, so it only ever shortens.
    until: u64,
}

impl WaitCookie {
    /// A fresh secret, for a chain that begins now.
    pub(super) fn fresh(now: Timestamp, chain: Duration) -> Self {
        Self { secret: Zeroizing::new(rand::random()), until: 0 }.renewed(now, chain)
    }

    /// The same secret for a chain that begins now.
    pub(super) fn renewed(self, now: Timestamp, chain: Duration) -> Self {
        Self { until: now.as_millis() / 1000 + chain.as_secs(), ..self }
    }

    pub(super) fn wait(&self) -> WaitId {
        WaitId::of_secret(&self.secret)
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now.as_millis() / 1000 >= self.until
    }

    pub(super) fn remaining(&self, now: Timestamp) -> Duration {
        Timestamp::from_millis(self.until.saturating_mul(1000)).since(now)
    }

    fn parse(value: &str) -> Option<Self> {
        let (secret, until) = value.split_once('.')?;
        let secret = Zeroizing::new(base64url::decode_exact(secret).ok()?);
        Some(Self { secret, until: until.parse().ok()? })
    }
}

/// Without the secret.
impl std::fmt::Debug for WaitCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WaitCookie").field("until", &self.until).finish_non_exhaustive()
    }
}

impl Cookies {
    fn prefix(self) -> &'static str {
        if self.https { "__Host-sqrl-" } else { "sqrl-" }
    }

    /// The cookie of one link.
    pub(super) fn wait(self, headers: &HeaderMap, nut: &Nut) -> Option<WaitCookie> {
        let nut = nut.to_string();
        self.all(headers)
            .find(|(name, _)| *name == nut)
            .and_then(|(_, value)| WaitCookie::parse(value))
    }

    /// Whether this browser asked for the link of this wait.
    pub(super) fn asked_for(self, headers: &HeaderMap, wait: &WaitId) -> bool {
        self.all(headers)
            .filter(|(name, _)| Nut::parse(name).is_some())
            .filter_map(|(_, value)| WaitCookie::parse(value))
            .any(|cookie| cookie.wait() == *wait)
    }

    /// The id that a CPS URL left for a step.
    pub(super) fn cps(self, headers: &HeaderMap, step: CpsStep) -> Option<CpsId> {
        let (_, value) = self.all(headers).find(|(name, _)| *name == step.name())?;
        CpsId::parse(value)
    }

    /// Sets a link's cookie; the oldest others go where there are too many.
    pub(super) fn set_wait(
        self,
        headers: &HeaderMap,
        nut: &Nut,
        cookie: &WaitCookie,
        chain: Duration,
    ) -> Vec<HeaderValue> {
        let secret = Zeroizing::new(base64url::encode(*cookie.secret));
        let value = Zeroizing::new(format!("{}.{}", *secret, cookie.until));
        let mut set = vec![self.set(&nut.to_string(), &value, chain)];
        let mut others = self
            .all(headers)
            .filter_map(|(name, value)| {
                let nut = Nut::parse(name)?;
                Some((WaitCookie::parse(value).map_or(0, |cookie| cookie.until), nut))
            })
            .collect::<Vec<_>>();
        others.sort_unstable();
        let too_many = (others.len() + 1).saturating_sub(MAX_LINKS);
        set.extend(others.iter().take(too_many).map(|(_, nut)| self.forget_wait(nut)));
        set
    }

    /// Forgets a link's cookie.
    pub(super) fn forget_wait(self, nut: &Nut) -> HeaderValue {
        self.set(&nut.to_string(), "", Duration::ZERO)
    }

    /// Keeps a CPS id for a step.
    pub(super) fn set_cps(self, step: CpsStep, id: &CpsId, ttl: Duration) -> HeaderValue {
        self.set(step.name(), &id.to_text(), ttl)
    }

    /// Forgets it.
    pub(super) fn forget_cps(self, step: CpsStep) -> HeaderValue {
        self.set(step.name(), "", Duration::ZERO)
    }

    fn set(self, name: &str, value: &str, max_age: Duration) -> HeaderValue {
        let secure = if self.https { "; Secure" } else { "" };
        let (prefix, seconds) = (self.prefix(), max_age.as_secs());
        let text = format!(
            "{prefix}{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
        );
        // Only base64url, digits and our own words: always a header.
        let mut value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    /// Our cookies, without their prefix.
    fn all(self, headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
        let prefix = self.prefix();
        headers
            .get_all(header::COOKIE)
            .into_iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(move |pair| pair.trim().strip_prefix(prefix)?.split_once('='))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAIN: Duration = Duration::from_mins(30);
    const COOKIES: Cookies = Cookies { https: true };

    fn sent_back(set: &[HeaderValue]) -> HeaderMap {
        let pair = |value: &HeaderValue| {
            let text = value.to_str().expect("text").to_owned();
            text.split(';').next().expect("a pair").to_owned()
        };
        let line = set.iter().map(pair).collect::<Vec<_>>().join("; ");
        HeaderMap::from_iter([(header::COOKIE, line.parse().expect("a header"))])
    }

    #[test]
    fn a_secret_comes_back_for_its_link_alone() {
        let now = Timestamp::from_millis(5_000);
        let (nut, other) = (Nut::from_bytes([1; 16]), Nut::from_bytes([2; 16]));
        let cookie = WaitCookie::fresh(now, CHAIN);
        let set = COOKIES.set_wait(&HeaderMap::new(), &nut, &cookie, CHAIN);
        let text = set[0].to_str().expect("text");
        assert!(text.starts_with(&format!("__Host-sqrl-{nut}=")));
        assert!(text.ends_with("; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax; Secure"));
        let headers = sent_back(&set);
        assert_eq!(COOKIES.wait(&headers, &nut), Some(cookie.clone()));
        assert_eq!(COOKIES.wait(&headers, &other), None);
        assert!(COOKIES.asked_for(&headers, &cookie.wait()));
        assert!(!COOKIES.asked_for(&headers, &WaitCookie::fresh(now, CHAIN).wait()));
        assert!(!cookie.is_over(Timestamp::from_millis(1_804_999)));
        assert!(cookie.is_over(Timestamp::from_millis(1_805_000)));
        // Over http the name says so, and neither is taken for the other.
        assert_eq!(Cookies { https: false }.wait(&headers, &nut), None);
    }

    #[test]
    fn the_oldest_links_are_forgotten() {
        let cookies = (0..9).map(|second| {
            let now = Timestamp::from_millis(second * 1000);
            let nut = Nut::from_bytes([second.to_le_bytes()[0]; 16]);
            COOKIES
                .set_wait(&HeaderMap::new(), &nut, &WaitCookie::fresh(now, CHAIN), CHAIN)
                .remove(0)
        });
        let headers = sent_back(&cookies.collect::<Vec<_>>());
        let now = Timestamp::from_millis(10_000);
        let nut = Nut::from_bytes([99; 16]);
        let set = COOKIES.set_wait(&headers, &nut, &WaitCookie::fresh(now, CHAIN), CHAIN);
        let forgotten = [0, 1].map(|oldest| COOKIES.forget_wait(&Nut::from_bytes([oldest; 16])));
        assert_eq!(set[1..], forgotten);
    }

    #[test]
    fn debug_shows_no_secret() {
        let cookie = WaitCookie { secret: Zeroizing::new([0xAB; 16]), until: 5 };
        assert_eq!(format!("{cookie:?}"), "WaitCookie { until: 5, .. }");
    }

    #[test]
    fn anything_else_is_no_cookie_of_ours() {
        let nut = Nut::from_bytes([1; 16]);
        for value in ["", "x", "AAAA.5", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA.x"] {
            let line = format!("a=b; __Host-sqrl-{nut}={value}");
            let headers = HeaderMap::from_iter([(header::COOKIE, line.parse().expect("a header"))]);
            assert_eq!(COOKIES.wait(&headers, &nut), None, "{value}");
        }
    }
}
