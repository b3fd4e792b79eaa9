//! The cookies that only the browser has: one per wait, with the secret that collects the
//! sign-in; one for the way from a CPS URL to a clean address; and two short ones that only choose
//! words.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use zeroize::Zeroizing;

use tower_sqrl_core::nuts::{CpsId, Timestamp, WaitId};
use tower_sqrl_core::protocol::{Nut, base64url};

/// Waits that a browser keeps the secret of. Beyond that the oldest is evicted, so that no
/// request's headers grow too long.
const MAX_WAITS: usize = 20;

/// Waits that are over, and of which a browser keeps the word.
const MAX_ENDED: usize = 20;

/// How long a page may say what a CPS URL has done.
const DONE_FOR: Duration = Duration::from_secs(60);

/// The cookie that lists the waits that are over.
const ENDED: &str = "ended";

/// The cookie that says what a CPS URL has done.
const DONE: &str = "done";

/// How cookies are named and sent here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookies {
    pub(super) https: bool,
}

/// A step on the way from a CPS URL to the application, each at a clean address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CpsStep {
    /// Ask whether to sign in.
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

/// Why a wait is over whose cookie is gone. Only chooses words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The browser has too many waits.
    Evicted,
    /// The page has collected its sign-in.
    Collected,
    /// The client handed the sign-in to a browser itself.
    TakenOver,
}

impl Ended {
    const ALL: [Self; 3] = [Self::Evicted, Self::Collected, Self::TakenOver];

    fn mark(self) -> char {
        match self {
            Self::Evicted => 'e',
            Self::Collected => 'c',
            Self::TakenOver => 't',
        }
    }
}

/// The secret of a wait.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(Zeroizing<[u8; 16]>);

impl Secret {
    pub(super) fn fresh() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    pub(super) fn wait(&self) -> WaitId {
        WaitId::of_secret(&self.0)
    }
}

/// What a wait's cookie holds. It is named after the wait's first nut, so that a renewal updates
/// it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct WaitCookie {
    first: Nut,
    secret: Secret,
    /// When the newest chain is over, in seconds. The browser's word, so it only ever shortens.
    until: u64,
    latest: Nut,
}

impl WaitCookie {
    /// For a wait that begins now with this nut.
    pub(super) fn new(secret: Secret, nut: Nut, now: Timestamp, chain: Duration) -> Self {
        Self { first: nut, secret, until: 0, latest: nut }.renewed(nut, now, chain)
    }

    /// The same wait with a further nut, whose chain begins now.
    pub(super) fn renewed(self, nut: Nut, now: Timestamp, chain: Duration) -> Self {
        Self { latest: nut, until: now.as_millis() / 1000 + chain.as_secs(), ..self }
    }

    pub(super) fn wait(&self) -> WaitId {
        self.secret.wait()
    }

    /// The wait's newest nut.
    pub(super) fn latest(&self) -> &Nut {
        &self.latest
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now.as_millis() / 1000 >= self.until
    }

    pub(super) fn remaining(&self, now: Timestamp) -> Duration {
        Timestamp::from_millis(self.until.saturating_mul(1000)).since(now)
    }

    /// `secret.until`, and `.latest` once the wait has been renewed. The release before writes and
    /// reads the former alone.
    fn value(&self) -> Zeroizing<String> {
        let secret = Zeroizing::new(base64url::encode(*self.secret.0));
        let latest =
            if self.latest == self.first { String::new() } else { format!(".{}", self.latest) };
        Zeroizing::new(format!("{}.{}{latest}", *secret, self.until))
    }

    fn parse(name: &str, value: &str) -> Option<Self> {
        let first = name.parse::<Nut>().ok()?;
        let mut parts = value.split('.');
        let secret = base64url::decode_exact(parts.next()?).ok()?;
        let until = parts.next()?.parse().ok()?;
        let latest = match parts.next() {
            Some(latest) => latest.parse::<Nut>().ok()?,
            None => first,
        };
        let secret = Secret(Zeroizing::new(secret));
        parts.next().is_none().then_some(Self { first, secret, until, latest })
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

    /// The cookie of the wait with this nut, which is its first or its latest.
    pub(super) fn wait(self, headers: &HeaderMap, nut: &Nut) -> Option<WaitCookie> {
        let waits = || self.waits(headers);
        let mut latest = waits().filter(|cookie| cookie.latest == *nut);
        match (waits().find(|cookie| cookie.first == *nut), latest.next(), latest.next()) {
            (Some(cookie), ..) | (None, Some(cookie), None) => Some(cookie),
            _ => None,
        }
    }

    /// The waits that this browser has the secret of.
    pub(super) fn wait_ids(self, headers: &HeaderMap) -> Vec<WaitId> {
        self.waits(headers).map(|cookie| cookie.wait()).collect()
    }

    /// Returns whether this browser requested the SQRL URL of this wait.
    pub(super) fn asked_for(self, headers: &HeaderMap, wait: &WaitId) -> bool {
        self.waits(headers).any(|cookie| cookie.wait() == *wait)
    }

    /// The id that a CPS URL left for a step.
    pub(super) fn cps(self, headers: &HeaderMap, step: CpsStep) -> Option<CpsId> {
        CpsId::parse(self.all(headers).get(step.name())?)
    }

    /// How the wait with this first nut ended in this browser, if its cookie is gone.
    pub(super) fn ended(self, headers: &HeaderMap, nut: &Nut) -> Option<Ended> {
        let nut = nut.to_string();
        let all = self.all(headers);
        let entry = all.get(ENDED)?.split('.').find_map(|entry| entry.strip_prefix(&*nut))?;
        Ended::ALL.into_iter().find(|ended| entry == ended.mark().encode_utf8(&mut [0; 4]))
    }

    /// What a CPS URL has just done in this browser.
    pub(super) fn done(self, headers: &HeaderMap) -> Option<String> {
        self.all(headers).get(DONE).map(|&word| word.to_owned())
    }

    /// Sets a wait's cookie, and evicts the oldest others where there are too many.
    pub(super) fn set_wait(
        self,
        headers: &HeaderMap,
        cookie: &WaitCookie,
        chain: Duration,
    ) -> Vec<HeaderValue> {
        let mut set = vec![self.set(&cookie.first.to_string(), &cookie.value(), chain)];
        let mut others: Vec<_> = self
            .all(headers)
            .iter()
            .filter_map(|(name, value)| {
                let until = WaitCookie::parse(name, value).map_or(0, |cookie| cookie.until);
                Some((until, name.parse::<Nut>().ok()?))
            })
            .filter(|(_, nut)| *nut != cookie.first)
            .collect();
        others.sort_unstable();
        let too_many = (others.len() + 1).saturating_sub(MAX_WAITS);
        let evicted: Vec<_> = others.into_iter().take(too_many).map(|(_, nut)| nut).collect();
        set.extend(self.end(headers, &evicted, Ended::Evicted, chain));
        set
    }

    /// Forgets every cookie of a wait.
    pub(super) fn end_wait(
        self,
        headers: &HeaderMap,
        wait: &WaitId,
        how: Ended,
        chain: Duration,
    ) -> Vec<HeaderValue> {
        let of_wait = self.waits(headers).filter(|cookie| cookie.wait() == *wait);
        let nuts: Vec<_> = of_wait.map(|cookie| cookie.first).collect();
        self.end(headers, &nuts, how, chain)
    }

    /// Forgets cookies of waits, and keeps the word for their pages.
    fn end(
        self,
        headers: &HeaderMap,
        nuts: &[Nut],
        how: Ended,
        chain: Duration,
    ) -> Vec<HeaderValue> {
        if nuts.is_empty() {
            return Vec::new();
        }
        let all = self.all(headers);
        let before = all.get(ENDED).into_iter().flat_map(|ended| ended.split('.'));
        let before = before.filter(|entry| {
            let is_ours =
                |nut| Ended::ALL.into_iter().any(|how| entry.ends_with(how.mark()) && nut);
            entry.is_char_boundary(22) && is_ours(entry[..22].parse::<Nut>().is_ok())
        });
        let fresh = nuts.iter().map(|nut| format!("{nut}{}", how.mark()));
        let ended: Vec<_> = fresh.chain(before.map(str::to_owned)).take(MAX_ENDED).collect();
        let mut set: Vec<_> =
            nuts.iter().map(|nut| self.set(&nut.to_string(), "", Duration::ZERO)).collect();
        set.push(self.set(ENDED, &ended.join("."), chain));
        set
    }

    /// Keeps a CPS id for a step.
    pub(super) fn set_cps(self, step: CpsStep, id: &CpsId, ttl: Duration) -> HeaderValue {
        self.set(step.name(), &id.to_text(), ttl)
    }

    /// Forgets it.
    pub(super) fn forget_cps(self, step: CpsStep) -> HeaderValue {
        self.set(step.name(), "", Duration::ZERO)
    }

    /// Lets a page say for a minute what a CPS URL has done.
    pub(super) fn set_done(self, word: &'static str) -> HeaderValue {
        self.set(DONE, word, DONE_FOR)
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

    /// The cookies of waits.
    fn waits(self, headers: &HeaderMap) -> impl Iterator<Item = WaitCookie> {
        self.all(headers).into_iter().filter_map(|(name, value)| WaitCookie::parse(name, value))
    }

    /// Our cookies by name, without their prefix. Cookies of others may hold any bytes, and never
    /// matter. A name that is there twice is left out: over http a neighbour can plant a second
    /// one, and nothing says which is ours.
    fn all(self, headers: &HeaderMap) -> BTreeMap<&str, &str> {
        let prefix = self.prefix().as_bytes();
        let pairs = headers
            .get_all(header::COOKIE)
            .into_iter()
            .flat_map(|line| line.as_bytes().split(|&byte| byte == b';'))
            .filter_map(|pair| {
                let pair = trimmed(pair).strip_prefix(prefix)?;
                let at = pair.iter().position(|&byte| byte == b'=')?;
                Some((std::str::from_utf8(&pair[..at]).ok()?, &pair[at + 1..]))
            });
        let mut all: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for (name, value) in pairs {
            let value = std::str::from_utf8(value).ok();
            all.entry(name).and_modify(|it| *it = None).or_insert(value);
        }
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Without the blanks and tabs around it, which browsers put there, and nothing else: other white
/// space may belong to a name that is not ours.
fn trimmed(pair: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = pair.iter().position(|byte| !is_blank(byte)).unwrap_or(pair.len());
    let end = pair.iter().rposition(|byte| !is_blank(byte)).map_or(start, |at| at + 1);
    &pair[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAIN: Duration = Duration::from_secs(30 * 60);
    const COOKIES: Cookies = Cookies { https: true };

    fn nut(number: u8) -> Nut {
        Nut::from_bytes([number; 16])
    }

    fn fresh(number: u8, now: Timestamp) -> WaitCookie {
        WaitCookie::new(Secret::fresh(), nut(number), now, CHAIN)
    }

    fn sent_back(set: &[HeaderValue]) -> HeaderMap {
        let pair = |value: &HeaderValue| {
            let text = value.to_str().expect("text").to_owned();
            text.split(';').next().expect("a pair").to_owned()
        };
        sent(set.iter().map(pair).collect::<Vec<_>>().join("; ").as_bytes())
    }

    fn sent(line: &[u8]) -> HeaderMap {
        let line = HeaderValue::from_bytes(line).expect("a header");
        HeaderMap::from_iter([(header::COOKIE, line)])
    }

    #[test]
    fn a_secret_comes_back_for_its_wait_alone() {
        let now = Timestamp::from_millis(5_000);
        let cookie = fresh(1, now);
        let set = COOKIES.set_wait(&HeaderMap::new(), &cookie, CHAIN);
        let text = set[0].to_str().expect("text");
        assert!(text.starts_with(&format!("__Host-sqrl-{}=", nut(1))));
        assert!(text.ends_with("; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax; Secure"));
        let headers = sent_back(&set);
        assert_eq!(COOKIES.wait(&headers, &nut(1)), Some(cookie.clone()));
        assert_eq!(COOKIES.wait(&headers, &nut(2)), None);
        assert!(COOKIES.asked_for(&headers, &cookie.wait()));
        assert!(!COOKIES.asked_for(&headers, &fresh(1, now).wait()));
        assert!(!cookie.is_over(Timestamp::from_millis(1_804_999)));
        assert!(cookie.is_over(Timestamp::from_millis(1_805_000)));
        // Over http the name says so, and neither is taken for the other.
        assert_eq!(Cookies { https: false }.wait(&headers, &nut(1)), None);
    }

    #[test]
    fn a_renewal_updates_the_cookie_of_its_wait() {
        let now = Timestamp::from_millis(5_000);
        let cookie = fresh(1, now);
        let renewed = cookie.clone().renewed(nut(2), now, CHAIN).renewed(nut(3), now, CHAIN);
        let headers = sent_back(&COOKIES.set_wait(&HeaderMap::new(), &renewed, CHAIN));
        for (number, found) in [(1, true), (2, false), (3, true)] {
            assert_eq!(COOKIES.wait(&headers, &nut(number)).is_some(), found, "{number}");
        }
        assert_eq!(COOKIES.wait(&headers, &nut(1)), Some(renewed.clone()));
        assert_eq!(renewed.wait(), cookie.wait());
        // A wait's own name counts first, and two that claim the same latest nut count as none.
        let other = fresh(3, now);
        let both = [&renewed, &other]
            .map(|cookie| COOKIES.set_wait(&HeaderMap::new(), cookie, CHAIN).remove(0));
        assert_eq!(COOKIES.wait(&sent_back(&both), &nut(3)), Some(other));
        let twin = fresh(4, now).renewed(nut(3), now, CHAIN);
        let both = [&renewed, &twin]
            .map(|cookie| COOKIES.set_wait(&HeaderMap::new(), cookie, CHAIN).remove(0));
        assert_eq!(COOKIES.wait(&sent_back(&both), &nut(3)), None);
    }

    #[test]
    fn the_oldest_waits_are_evicted_and_their_pages_learn_it() {
        let cookies = (0..21).map(|second: u8| {
            let now = Timestamp::from_millis(u64::from(second) * 1000);
            COOKIES.set_wait(&HeaderMap::new(), &fresh(second, now), CHAIN).remove(0)
        });
        let headers = sent_back(&cookies.collect::<Vec<_>>());
        let now = Timestamp::from_millis(30_000);
        let set = COOKIES.set_wait(&headers, &fresh(99, now), CHAIN);
        let forgotten =
            [0, 1].map(|number| COOKIES.set(&nut(number).to_string(), "", Duration::ZERO));
        assert_eq!(set[1..3], forgotten);
        let headers = sent_back(&set[3..]);
        for (number, ended) in [(0, Some(Ended::Evicted)), (1, Some(Ended::Evicted)), (2, None)] {
            assert_eq!(COOKIES.ended(&headers, &nut(number)), ended);
        }
        assert_eq!(set.len(), 4);
    }

    #[test]
    fn a_wait_ends_with_all_its_cookies_and_the_list_of_ends_stays_short() {
        let now = Timestamp::from_millis(5_000);
        let cookie = fresh(1, now);
        // One of the release before, by the name of a later nut.
        let twin = WaitCookie { first: nut(2), latest: nut(2), ..cookie.clone() };
        let set = [&cookie, &twin, &fresh(3, now)]
            .map(|cookie| COOKIES.set_wait(&HeaderMap::new(), cookie, CHAIN).remove(0));
        let set = COOKIES.end_wait(&sent_back(&set), &cookie.wait(), Ended::TakenOver, CHAIN);
        let forgotten =
            [1, 2].map(|number| COOKIES.set(&nut(number).to_string(), "", Duration::ZERO));
        assert_eq!(set[..2], forgotten);
        assert_eq!(COOKIES.ended(&sent_back(&set[2..]), &nut(2)), Some(Ended::TakenOver));

        let mut ended = HeaderMap::new();
        for number in 0..=u8::MAX {
            let noise = sent(b"__Host-sqrl-ended=x.\xC3\xA9AAAAAAAAAAAAAAAAAAAAAAAAAA.AAAA");
            let before = if number == 0 { noise } else { ended };
            let set = COOKIES.end(&before, &[nut(number)], Ended::Collected, CHAIN);
            ended = sent_back(&set[1..]);
        }
        assert!(ended[header::COOKIE].len() < 600);
        assert_eq!(COOKIES.ended(&ended, &nut(u8::MAX)), Some(Ended::Collected));
        assert_eq!(COOKIES.ended(&ended, &nut(1)), None);
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = Secret(Zeroizing::new([0xAB; 16]));
        let cookie = WaitCookie { first: nut(1), latest: nut(1), secret, until: 5 };
        assert_eq!(format!("{cookie:?}"), "WaitCookie { until: 5, .. }");
    }

    #[test]
    fn anything_else_is_no_cookie_of_ours() {
        for value in [
            "",
            "x",
            "AAAA.5",
            "AAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAA.x",
            "AAAAAAAAAAAAAAAAAAAAAA.5.x",
            "AAAAAAAAAAAAAAAAAAAAAA.5.AAAAAAAAAAAAAAAAAAAAAA.",
        ] {
            let headers = sent(format!("a=b; __Host-sqrl-{}={value}", nut(1)).as_bytes());
            assert_eq!(COOKIES.wait(&headers, &nut(1)), None, "{value}");
        }
    }

    #[test]
    fn cookies_of_others_never_matter() {
        let cookie = fresh(1, Timestamp::from_millis(5_000));
        let set = COOKIES.set_wait(&HeaderMap::new(), &cookie, CHAIN).remove(0);
        let ours = set.to_str().expect("text").split(';').next().expect("a pair").to_owned();
        for (before, after) in [
            (&b"name=Jos\xC3\xA9; "[..], &b"; x=\xFF"[..]),
            (b"a=\"; ", b"; b=\""),
            (b"=; ;;; \t", b"\t ; __Host-sqrl-"),
            (b"__Host-sqrl-\xFF=1;", b";__Host-sqrl-x"),
            (b"", b"; =__Host-sqrl-ask"),
        ] {
            let headers = sent(&[before, ours.as_bytes(), after].concat());
            assert_eq!(COOKIES.wait(&headers, &nut(1)), Some(cookie.clone()), "{headers:?}");
        }
        // Several lines are one list.
        let mut headers = sent(b"a=b");
        headers.append(header::COOKIE, ours.parse().expect("a header"));
        assert_eq!(COOKIES.wait(&headers, &nut(1)), Some(cookie.clone()));
    }

    #[test]
    fn a_name_that_only_looks_like_ours_or_is_there_twice_counts_for_nothing() {
        let cookie = fresh(1, Timestamp::from_millis(5_000));
        let set = COOKIES.set_wait(&HeaderMap::new(), &cookie, CHAIN).remove(0);
        let ours = set.to_str().expect("text").split(';').next().expect("a pair").to_owned();
        // A browser lets a neighbour set a name that begins with other white space.
        for blank in ["\u{2000}", "\u{A0}", "\u{85}", "\u{3000}"] {
            let headers = sent(format!("{blank}{ours}").as_bytes());
            assert_eq!(COOKIES.wait(&headers, &nut(1)), None, "{blank:?}");
        }
        for other in [&*ours, &format!("__Host-sqrl-{}=\u{fc}", nut(1)), &ours.replace(".1", ".2")]
        {
            for line in [format!("{ours}; {other}"), format!("{other}; {ours}")] {
                assert_eq!(COOKIES.wait(&sent(line.as_bytes()), &nut(1)), None, "{line}");
            }
        }
    }
}
