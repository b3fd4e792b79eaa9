//! Section 4: browsers, waits and CPS URLs.

use super::site::Spec;
use super::state::{
    CpsRecord, Expiring, Identity, Jar, NutRecord, Outcome, OutcomeKind, PollResult, WaitSecret,
};
use crate::history::{Command, Purpose};
use crate::values::{
    Address, Browser, CpsUrl, Epoch, Key, Nut, Server, User, WAITS_OF_A_BROWSER, Wait,
};

/// The reason why there is no SQRL URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoUrl {
    /// 410: the old URL is gone.
    Gone,
    /// 429: the address has reached its limit.
    TooMany,
}

/// What the application receives of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// The identity.
    pub key: Key,
    /// The current epoch of the identity.
    pub epoch: Epoch,
    /// The account.
    pub user: Option<User>,
    /// The option `sqrlonly`.
    pub sqrlonly: bool,
    /// The option `hardlock`.
    pub hardlock: bool,
    /// The answer to the question.
    pub button: Option<u8>,
    /// The client was at the address that requested the SQRL URL.
    pub same_address: bool,
}

/// The reason why the browser is not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSignedIn {
    /// There is no sign-in for this browser.
    Nothing,
    /// The identity has changed since the sign-in.
    Outdated,
}

/// The redirect of a CPS URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CpsRedirect {
    /// To the application, signed in.
    SignIn,
    /// To the question.
    Question,
    /// To a page about the result of another command.
    Page(&'static str),
}

/// The question before a CPS sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CpsQuestion {
    /// The browser would be signed in to this account.
    Account(User),
    /// The browser would be signed in as an identity without an account.
    New,
    /// 410: there is no such CPS URL.
    Gone,
}

/// The properties of a SQRL URL.
#[derive(Clone, Copy)]
struct UrlOptions {
    ip: Address,
    question: bool,
    linking: bool,
    key: Option<Key>,
}

impl Spec {
    /// Returns whether a browser can begin another wait.
    pub fn has_room(&self, browser: Browser) -> bool {
        self.jar(browser).waits.len() < WAITS_OF_A_BROWSER
    }

    fn jar(&self, browser: Browser) -> &Jar {
        &self.browsers[usize::from(browser.0)]
    }

    fn jar_mut(&mut self, browser: Browser) -> &mut Jar {
        &mut self.browsers[usize::from(browser.0)]
    }

    /// A browser requests a SQRL URL.
    ///
    /// # Errors
    ///
    /// The address has reached its limit.
    pub fn visit(
        &mut self,
        server: Server,
        browser: Browser,
        address: Address,
        purpose: Purpose,
        only: Option<Key>,
    ) -> Result<Nut, NoUrl> {
        if !self.may_store(server, address) {
            return Err(NoUrl::TooMany);
        }
        self.waits.push(None);
        let wait = Wait(self.waits.len() - 1);
        let options = UrlOptions {
            ip: address,
            question: purpose == Purpose::Question,
            linking: purpose == Purpose::Linking,
            key: only,
        };
        let url = self.issue_url(server, wait, options);
        let secret =
            WaitSecret { wait, until: self.clock(server) + self.lifetimes.chain, latest: url };
        self.jar_mut(browser).waits.insert(url, secret);
        Ok(url)
    }

    /// A page requests a new SQRL URL for the same wait.
    ///
    /// # Errors
    ///
    /// The old URL has been used, is too old or belongs to another browser, or the address has reached
    /// its limit.
    pub fn renew(
        &mut self,
        server: Server,
        browser: Browser,
        address: Address,
        old: Nut,
    ) -> Result<Nut, NoUrl> {
        let (first, secret) = self.secret(browser, old).ok_or(NoUrl::Gone)?;
        let WaitSecret { wait, latest, .. } = secret;
        if !self.may_store(server, address) {
            return Err(NoUrl::TooMany);
        }
        let record = self.record(latest).filter(|it| it.first_nut == latest).ok_or(NoUrl::Gone)?;
        // Another URL of an ended wait could be collected.
        let outcome = self.outcome(wait).map(|outcome| outcome.kind);
        if matches!(outcome, Some(OutcomeKind::TakenOver | OutcomeKind::Collected)) {
            return Err(NoUrl::Gone);
        }
        let &NutRecord { question, linking, key, .. } = record;
        self.count_event("a SQRL URL is renewed");
        let options = UrlOptions { ip: address, question, linking, key };
        let url = self.issue_url(server, wait, options);
        let secret =
            WaitSecret { wait, until: self.clock(server) + self.lifetimes.chain, latest: url };
        self.jar_mut(browser).waits.insert(first, secret);
        Ok(url)
    }

    fn issue_url(&mut self, server: Server, wait: Wait, options: UrlOptions) -> Nut {
        let UrlOptions { ip, question, linking, key } = options;
        let (now, lifetimes) = (self.clock(server), self.lifetimes);
        let record = NutRecord {
            created: now,
            chain_start: now,
            first_nut: Nut(self.nuts.len()),
            wait,
            ip,
            key,
            question,
            linking,
            asked: false,
            button: None,
            alias_of: None,
        };
        // A nut stays stored for twice its lifetime, but not longer than the chain.
        self.issue_nut(record, (2 * lifetimes.url).min(lifetimes.chain))
    }

    /// The secret, in this browser, of the wait whose first or latest SQRL URL has this nut.
    fn secret(&self, browser: Browser, nut: Nut) -> Option<(Nut, WaitSecret)> {
        let waits = &self.jar(browser).waits;
        let by_latest = || waits.iter().find(|(_, secret)| secret.latest == nut);
        let (&first, &secret) = waits.get_key_value(&nut).or_else(by_latest)?;
        Some((first, secret))
    }

    /// Deletes the secret of a wait from the browser, which remembers the result.
    fn end_wait(&mut self, browser: Browser, wait: Wait, result: PollResult) {
        let jar = self.jar_mut(browser);
        let Some((&first, _)) = jar.waits.iter().find(|(_, secret)| secret.wait == wait) else {
            return;
        };
        jar.waits.remove(&first);
        jar.ended.insert(0, (first, result));
        jar.ended.truncate(WAITS_OF_A_BROWSER);
    }

    /// The wait of a SQRL URL, if this browser has its secret and the chain has not ended.
    fn waiting(&self, server: Server, browser: Browser, url: Nut) -> Option<Wait> {
        let (_, WaitSecret { wait, until, .. }) = self.secret(browser, url)?;
        (self.clock(server) < until).then_some(wait)
    }

    /// A page polls. This consumes nothing.
    pub fn poll(&self, server: Server, browser: Browser, url: Nut) -> PollResult {
        let Some(wait) = self.waiting(server, browser, url) else {
            let ended = self.jar(browser).ended.iter().find(|(first, _)| *first == url);
            return ended.map_or(PollResult::Expired, |&(_, result)| result);
        };
        match self.outcome(wait).map(|outcome| outcome.kind) {
            None => self.refusal(wait).map_or(PollResult::Pending, PollResult::Refused),
            Some(OutcomeKind::SignedIn(_)) => PollResult::Ready,
            Some(OutcomeKind::TakenOver) => PollResult::TakenOver,
            Some(OutcomeKind::Collected) => PollResult::Collected,
        }
    }

    /// A page collects the sign-in.
    ///
    /// # Errors
    ///
    /// The reason why there is no sign-in.
    pub fn collect(
        &mut self,
        server: Server,
        browser: Browser,
        url: Nut,
    ) -> Result<SignIn, NotSignedIn> {
        let wait = self.waiting(server, browser, url).ok_or(NotSignedIn::Nothing)?;
        let outcome = self.outcome(wait).cloned().ok_or(NotSignedIn::Nothing)?;
        let OutcomeKind::SignedIn(epoch) = outcome.kind else { return Err(NotSignedIn::Nothing) };
        let identity = self.unchanged_identity(outcome.key, epoch);
        let Outcome { key, button, same_address, .. } = outcome;
        self.waits[wait.0] = Some(self.collected(key));
        self.end_wait(browser, wait, PollResult::Collected);
        self.count_event(if identity.is_some() {
            "collected by page"
        } else {
            "outdated at the page"
        });
        let sign_in = identity.map(|it| SignIn::new(key, it, button, same_address));
        sign_in.ok_or(NotSignedIn::Outdated)
    }

    /// The outcome after a sign-in. It lasts longer than all chains of the wait, so that none of its
    /// SQRL URLs can sign in again.
    fn collected(&self, key: Key) -> Expiring<Outcome> {
        let kind = OutcomeKind::Collected;
        let outcome = Outcome { key, kind, button: None, same_address: false };
        self.expiring(outcome, self.lifetimes.chain)
    }

    /// A browser opens a CPS URL.
    pub fn open_cps_url(&mut self, browser: Browser, url: CpsUrl) -> CpsRedirect {
        let Some(CpsRecord { command, wait, same_address, .. }) = self.cps_record(url).cloned()
        else {
            return CpsRedirect::Page("gone");
        };
        let page = match command {
            Command::Ident => {
                // Without a question only in the browser that has the secret of the wait, and for a
                // client at the same address.
                let waits_here = self.has_secret(browser, wait);
                if waits_here && !same_address {
                    self.count_event("a question for a client at another address");
                }
                let jar = self.jar_mut(browser);
                if waits_here && same_address {
                    jar.sign_in = Some(url);
                    jar.question = None;
                    return CpsRedirect::SignIn;
                }
                jar.question = Some(url);
                return CpsRedirect::Question;
            }
            Command::Disable => "disabled",
            Command::Enable => "enabled",
            Command::Remove => "removed",
            Command::Query | Command::Other => unreachable!("no CPS URL"),
        };
        self.cps_urls[url.0] = None;
        self.count_event("a CPS URL of another command");
        // Any other browser may be another person's.
        let page = if self.has_secret(browser, wait) { page } else { "done" };
        CpsRedirect::Page(page)
    }

    /// A browser shows the question. This consumes nothing.
    pub fn question(&mut self, browser: Browser) -> CpsQuestion {
        let url = self.jar(browser).question.and_then(|url| self.cps_record(url)).cloned();
        let identity = url.and_then(|url| self.unchanged_identity(url.key, url.signs_in?));
        if identity.is_some() {
            self.count_event("a question is shown");
        }
        match identity {
            Some(Identity { user: Some(user), .. }) => CpsQuestion::Account(user),
            Some(_) => CpsQuestion::New,
            None => CpsQuestion::Gone,
        }
    }

    /// A browser answers the question for this CPS URL. Returns whether the answer is accepted.
    pub fn confirm(&mut self, browser: Browser, url: Option<CpsUrl>) -> bool {
        let jar = self.jar_mut(browser);
        let accepted = jar.question.is_some() && jar.question == url;
        if accepted {
            jar.sign_in = jar.question.take();
        }
        accepted
    }

    /// Returns the CPS URL whose question a browser shows.
    pub fn asked_about(&self, browser: Browser) -> Option<CpsUrl> {
        self.jar(browser).question
    }

    /// A browser goes to the address where a CPS URL signs in.
    ///
    /// # Errors
    ///
    /// The reason why there is no sign-in.
    pub fn sign_in_by_cps(&mut self, browser: Browser) -> Result<SignIn, NotSignedIn> {
        let url = self.jar_mut(browser).sign_in.take().ok_or(NotSignedIn::Nothing)?;
        let record = self.cps_record(url).cloned().ok_or(NotSignedIn::Nothing)?;
        let epoch = record.signs_in.ok_or(NotSignedIn::Nothing)?;
        let identity = self.unchanged_identity(record.key, epoch);
        self.cps_urls[url.0] = None;
        self.count_event(if identity.is_some() { "collected by CPS" } else { "outdated by CPS" });
        // A client at another address did not take the wait over. If it is this browser's, it ends now.
        if !record.same_address
            && self.has_secret(browser, record.wait)
            && self.outcome(record.wait).is_none()
        {
            self.waits[record.wait.0] = Some(self.collected(record.key));
        }
        let identity = identity.ok_or(NotSignedIn::Outdated)?;
        self.end_wait(browser, record.wait, PollResult::TakenOver);
        Ok(SignIn::new(record.key, identity, record.button, record.same_address))
    }

    fn has_secret(&self, browser: Browser, wait: Wait) -> bool {
        self.jar(browser).waits.values().any(|secret| secret.wait == wait)
    }
}

impl SignIn {
    fn new(key: Key, it: Identity, button: Option<u8>, same_address: bool) -> Self {
        let Identity { epoch, user, sqrlonly, hardlock, .. } = it;
        Self { key, epoch, user, sqrlonly, hardlock, button, same_address }
    }
}
