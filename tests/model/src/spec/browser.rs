//! Section 4: the browser's side.

use super::state::Secret;
use super::{Held, Identity, Jar, Outcome, Record, Spec, State, Url, What};
use crate::history::{Command, Purpose};
use crate::words::{
    Address, Browser, Cps, Epoch, Key, Nut, Server, User, WAITS_OF_A_BROWSER, Wait,
};

/// What a page that waits hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// 404: nothing has happened yet.
    Pending,
    /// 404: an ident was refused, by the row with this number.
    Refused(u8),
    /// The URL to go to.
    Ready,
    /// 410: the client signs in by itself.
    TakenOver,
    /// 410: it has been collected.
    Collected,
    /// 410: there is nothing to wait for.
    Expired,
}

/// Why there is no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoLink {
    /// 410: the old one is gone.
    Gone,
    /// 429: this address has asked for too many.
    TooMany,
}

/// What the application learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// Who.
    pub key: Key,
    /// The identity's, at this moment.
    pub epoch: Epoch,
    /// Whose account.
    pub user: Option<User>,
    /// The flag.
    pub sqrlonly: bool,
    /// The flag.
    pub hardlock: bool,
    /// The answer to the question.
    pub button: Option<u8>,
    /// The client was at the address that asked for the link.
    pub same_address: bool,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSignedIn {
    /// There is nothing for this browser.
    Nothing,
    /// The identity has changed since.
    Outdated,
}

/// Where a CPS URL leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// To the application, at once.
    Go,
    /// To the question.
    Ask,
    /// To a page that says what happened.
    Told(&'static str),
}

/// What the page that asks shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// That it would sign in to this account.
    Account(User),
    /// That it would sign an identity in which has no account yet.
    New,
    /// 410.
    Gone,
}

/// What a link is asked for, and from where.
#[derive(Clone, Copy)]
struct Asked {
    ip: Address,
    question: bool,
    linking: bool,
    key: Option<Key>,
}

impl Spec {
    /// Whether a browser has room for one more wait.
    pub fn has_room(&self, browser: Browser) -> bool {
        self.jar(browser).waits.len() < WAITS_OF_A_BROWSER
    }

    fn jar(&self, browser: Browser) -> &Jar {
        &self.browsers[usize::from(browser.0)]
    }

    fn jar_mut(&mut self, browser: Browser) -> &mut Jar {
        &mut self.browsers[usize::from(browser.0)]
    }

    /// A browser asks for a link.
    ///
    /// # Errors
    ///
    /// Its address has asked for too many.
    pub fn visit(
        &mut self,
        server: Server,
        browser: Browser,
        address: Address,
        purpose: Purpose,
        only: Option<Key>,
    ) -> Result<Nut, NoLink> {
        self.count_lasting(server, address)?;
        self.waits.push(None);
        let wait = Wait(self.waits.len() - 1);
        let asked = Asked {
            ip: address,
            question: purpose == Purpose::Question,
            linking: purpose == Purpose::Linking,
            key: only,
        };
        let link = self.issue(server, wait, asked);
        let secret =
            Secret { wait, until: self.clock(server) + self.lifetimes.chain, latest: link };
        self.jar_mut(browser).waits.insert(link, secret);
        Ok(link)
    }

    /// A page goes on with a new link; the wait goes on.
    ///
    /// # Errors
    ///
    /// The old link has been answered, is too old, or not this browser's; or there are too many.
    pub fn renew(
        &mut self,
        server: Server,
        browser: Browser,
        address: Address,
        old: Nut,
    ) -> Result<Nut, NoLink> {
        let (first, secret) = self.secret(browser, old).ok_or(NoLink::Gone)?;
        let Secret { wait, latest, .. } = secret;
        self.count_lasting(server, address)?;
        let record = self.record(latest).filter(|it| it.link == latest).ok_or(NoLink::Gone)?;
        // A further code of a wait that is over could be collected after all.
        let outcome = self.outcome(wait).map(|outcome| outcome.what);
        if matches!(outcome, Some(What::TakenOver | What::Collected)) {
            return Err(NoLink::Gone);
        }
        let &Record { question, linking, key, .. } = record;
        self.event("a link is renewed");
        let link = self.issue(server, wait, Asked { ip: address, question, linking, key });
        let secret =
            Secret { wait, until: self.clock(server) + self.lifetimes.chain, latest: link };
        self.jar_mut(browser).waits.insert(first, secret);
        Ok(link)
    }

    fn issue(&mut self, server: Server, wait: Wait, asked: Asked) -> Nut {
        let Asked { ip, question, linking, key } = asked;
        let (now, lifetimes) = (self.clock(server), self.lifetimes);
        let link = Nut(self.nuts.len());
        let record = Record {
            created: now,
            chain_start: now,
            link,
            wait,
            ip,
            key,
            question,
            linking,
            asked: false,
            button: None,
            beside: None,
        };
        // Lifetime and grace, never beyond the chain.
        self.give_out(Some((record, (2 * lifetimes.link).min(lifetimes.chain))));
        link
    }

    /// The wait whose first or latest nut this is, in a browser that has its secret.
    fn secret(&self, browser: Browser, nut: Nut) -> Option<(Nut, Secret)> {
        let waits = &self.jar(browser).waits;
        let by_latest = || waits.iter().find(|(_, secret)| secret.latest == nut);
        let (&first, &secret) = waits.get_key_value(&nut).or_else(by_latest)?;
        Some((first, secret))
    }

    /// A browser forgets the secret of a wait, and keeps the word.
    fn end_wait(&mut self, browser: Browser, wait: Wait, word: Heard) {
        let jar = self.jar_mut(browser);
        let Some((&first, _)) = jar.waits.iter().find(|(_, secret)| secret.wait == wait) else {
            return;
        };
        jar.waits.remove(&first);
        jar.ended.insert(0, (first, word));
        jar.ended.truncate(WAITS_OF_A_BROWSER);
    }

    /// The wait of a link whose secret this browser has, while the chain lasts.
    fn waiting(&self, server: Server, browser: Browser, link: Nut) -> Option<Wait> {
        let (_, Secret { wait, until, .. }) = self.secret(browser, link)?;
        (self.clock(server) < until).then_some(wait)
    }

    /// A page asks whether it has happened. Consumes nothing.
    pub fn poll(&self, server: Server, browser: Browser, link: Nut) -> Heard {
        let Some(wait) = self.waiting(server, browser, link) else {
            let ended = self.jar(browser).ended.iter().find(|(first, _)| *first == link);
            return ended.map_or(Heard::Expired, |&(_, word)| word);
        };
        match self.outcome(wait).map(|outcome| outcome.what) {
            None => self.refusal(wait).map_or(Heard::Pending, Heard::Refused),
            Some(What::SignedIn(_)) => Heard::Ready,
            Some(What::TakenOver) => Heard::TakenOver,
            Some(What::Collected) => Heard::Collected,
        }
    }

    /// A page collects: look, look the identity up, take.
    ///
    /// # Errors
    ///
    /// Nobody is signed in.
    pub fn collect(
        &mut self,
        server: Server,
        browser: Browser,
        link: Nut,
    ) -> Result<SignIn, NotSignedIn> {
        let wait = self.waiting(server, browser, link).ok_or(NotSignedIn::Nothing)?;
        let outcome = self.outcome(wait).cloned().ok_or(NotSignedIn::Nothing)?;
        let What::SignedIn(epoch) = outcome.what else { return Err(NotSignedIn::Nothing) };
        let identity = self.still(outcome.key, epoch);
        // As long as any chain of the wait it is said to be collected, and the browser forgets
        // its secret, whichever of its links was answered.
        let Outcome { key, button, same_address, .. } = outcome;
        self.waits[wait.0] = Some(self.collected(key));
        self.end_wait(browser, wait, Heard::Collected);
        self.event(if identity.is_some() { "collected by page" } else { "outdated at the page" });
        let sign_in = identity.map(|it| SignIn::of(key, it, button, same_address));
        sign_in.ok_or(NotSignedIn::Outdated)
    }

    fn collected(&self, key: Key) -> Held<Outcome> {
        let it = Outcome { key, what: What::Collected, button: None, same_address: false };
        Held { until: self.now + self.lifetimes.chain, it }
    }

    /// Only a live, enabled identity whose epoch is the one stored.
    fn still(&self, key: Key, epoch: Epoch) -> Option<Identity> {
        match self.key(key) {
            Some(State::Live(it)) if !it.disabled && it.epoch == epoch => Some(it),
            _ => None,
        }
    }

    /// A browser is sent to a CPS URL.
    pub fn follow(&mut self, browser: Browser, id: Cps) -> Followed {
        let Some(Url { command, wait, same_address, .. }) = self.url(id).cloned() else {
            return Followed::Told("gone");
        };
        let word = match command {
            Command::Ident => {
                // At once in the browser that has the link's cookie, after a client at the
                // address that asked; else it asks.
                let ours = self.has_secret(browser, wait);
                if ours && !same_address {
                    self.event("asked after a client elsewhere");
                }
                let jar = self.jar_mut(browser);
                if ours && same_address {
                    jar.go = Some(id);
                    jar.ask = None;
                    return Followed::Go;
                }
                jar.ask = Some(id);
                return Followed::Ask;
            }
            Command::Disable => "disabled",
            Command::Enable => "enabled",
            Command::Remove => "removed",
            Command::Query | Command::Other => unreachable!("they get no URL"),
        };
        self.urls[id.0] = None;
        self.event("a CPS URL that tells");
        Followed::Told(word)
    }

    /// The question at the clean address. Consumes nothing.
    pub fn question(&mut self, browser: Browser) -> Question {
        let url = self.jar(browser).ask.and_then(|id| self.url(id)).cloned();
        let whom = url.and_then(|url| self.still(url.key, url.signs_in?));
        if whom.is_some() {
            self.event("asked in another browser");
        }
        match whom {
            Some(Identity { user: Some(user), .. }) => Question::Account(user),
            Some(_) => Question::New,
            None => Question::Gone,
        }
    }

    /// The answer to the question with that id; true: on to the application.
    pub fn confirm(&mut self, browser: Browser, id: Option<Cps>) -> bool {
        let jar = self.jar_mut(browser);
        let asked = jar.ask.is_some() && jar.ask == id;
        if asked {
            jar.go = jar.ask.take();
        }
        asked
    }

    /// The URL that a browser is asked about.
    pub fn asked_about(&self, browser: Browser) -> Option<Cps> {
        self.jar(browser).ask
    }

    /// A browser goes where a CPS URL signs in.
    ///
    /// # Errors
    ///
    /// Nobody is signed in.
    pub fn land(&mut self, browser: Browser) -> Result<SignIn, NotSignedIn> {
        let id = self.jar_mut(browser).go.take().ok_or(NotSignedIn::Nothing)?;
        let url = self.url(id).cloned().ok_or(NotSignedIn::Nothing)?;
        let epoch = url.signs_in.ok_or(NotSignedIn::Nothing)?;
        let identity = self.still(url.key, epoch);
        self.urls[id.0] = None;
        self.event(if identity.is_some() { "collected by CPS" } else { "outdated by CPS" });
        // What came from elsewhere has not taken the wait over; where it waits, it is over now.
        if !url.same_address
            && self.has_secret(browser, url.wait)
            && self.outcome(url.wait).is_none()
        {
            self.waits[url.wait.0] = Some(self.collected(url.key));
        }
        let identity = identity.ok_or(NotSignedIn::Outdated)?;
        self.end_wait(browser, url.wait, Heard::TakenOver);
        Ok(SignIn::of(url.key, identity, url.button, url.same_address))
    }

    fn has_secret(&self, browser: Browser, wait: Wait) -> bool {
        self.jar(browser).waits.values().any(|secret| secret.wait == wait)
    }
}

impl SignIn {
    fn of(key: Key, it: Identity, button: Option<u8>, same_address: bool) -> Self {
        let Identity { epoch, user, sqrlonly, hardlock, .. } = it;
        Self { key, epoch, user, sqrlonly, hardlock, button, same_address }
    }
}
