//! The model: what the specification says, as `docs/protocol.md` reads it, about nuts,
//! waits, CPS URLs and identities that are numbers, and signatures that are true or false.
//!
//! Read it beside that page: [`client`](Spec::client) is its section 2, `situations` its
//! section 3 with the rows' numbers, `browser` its section 4. It shares nothing with the
//! engine, and is meant to be read rather than to be fast.

mod browser;
mod client;
mod situations;
mod state;

use std::collections::BTreeMap;

pub use browser::{Followed, Heard, NoLink, NotSignedIn, Question, SignIn};
pub use client::{Asked, Reply, Request, Said};
use state::{Held, Jar, Minute, Record, Url};
pub use state::{Identity, Outcome, State, What};

use crate::history::Site;
use crate::words::{Address, BROWSERS, Cps, Epoch, Key, Nut, SERVERS, Seconds, Server, User, Wait};

/// How long things live (section 2), in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// A link's nut.
    pub link: Seconds,
    /// Every later nut.
    pub later: Seconds,
    /// A chain, from its link on.
    pub chain: Seconds,
    /// A CPS URL.
    pub cps: Seconds,
}

impl Lifetimes {
    /// Those of a site that says nothing.
    pub const DEFAULT: Self = Self { link: 300, later: 600, chain: 1800, cps: 60 };
}

/// So many keys that were never live are superseded for one identity (rules behind the table).
const STRANGERS: u8 = 16;

/// The whole state of a site, its stores and its browsers.
#[derive(Debug, Clone)]
pub struct Spec {
    site: Site,
    lifetimes: Lifetimes,
    now: Seconds,
    nuts: Vec<Option<Held<Record>>>,
    waits: Vec<Option<Held<Outcome>>>,
    /// By wait: the row by which an `ident` was refused.
    refusals: BTreeMap<Wait, Held<u8>>,
    urls: Vec<Option<Held<Url>>>,
    keys: BTreeMap<Key, State>,
    epochs: u32,
    browsers: Vec<Jar>,
    failures: Vec<Minute>,
    links: Vec<Minute>,
    /// How often each row of section 3 applied.
    pub rows: BTreeMap<u8, usize>,
    /// How often other things happened.
    pub events: BTreeMap<&'static str, usize>,
}

impl Spec {
    /// A site that nobody has been at.
    pub fn new(site: Site, lifetimes: Lifetimes) -> Self {
        Self {
            site,
            lifetimes,
            now: 0,
            nuts: Vec::new(),
            waits: Vec::new(),
            refusals: BTreeMap::new(),
            urls: Vec::new(),
            keys: BTreeMap::new(),
            epochs: 0,
            browsers: vec![Jar::default(); usize::from(BROWSERS)],
            failures: vec![Minute::default(); usize::from(SERVERS)],
            links: vec![Minute::default(); usize::from(SERVERS)],
            rows: BTreeMap::new(),
            events: BTreeMap::new(),
        }
    }

    /// Time passes, everywhere alike.
    pub fn pass(&mut self, seconds: Seconds) {
        self.now += seconds;
    }

    /// How long things live.
    pub fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    /// What a server's clock says.
    fn clock(&self, server: Server) -> Seconds {
        let ahead = [0, self.site.ahead[0], self.site.ahead[1]][usize::from(server.0)];
        self.now + Seconds::from(ahead)
    }

    /// What is known of a key.
    pub fn key(&self, key: Key) -> Option<State> {
        self.keys.get(&key).copied()
    }

    /// How many nuts have been given out.
    pub fn nuts(&self) -> usize {
        self.nuts.len()
    }

    /// Whether a nut is in the store.
    pub fn is_live(&self, nut: Nut) -> bool {
        self.record(nut).is_some()
    }

    /// How many CPS URLs have been given out.
    pub fn urls(&self) -> usize {
        self.urls.len()
    }

    /// Whether a CPS URL is in the store.
    pub fn is_open(&self, url: Cps) -> bool {
        self.url(url).is_some()
    }

    /// How many pages have begun to wait.
    pub fn waits(&self) -> usize {
        self.waits.len()
    }

    /// How a wait ended.
    pub fn outcome(&self, wait: Wait) -> Option<&Outcome> {
        held(self.now, self.waits[wait.0].as_ref())
    }

    /// Why nobody has signed in on a wait, by the row with this number.
    pub fn refusal(&self, wait: Wait) -> Option<u8> {
        held(self.now, self.refusals.get(&wait)).copied()
    }

    /// Whose a nut's chain is, as far as that is known.
    pub fn owner(&self, nut: Nut) -> Option<Key> {
        self.record(nut)?.key
    }

    /// Whether somebody may be refused here for how often the address has come.
    pub fn counts_by_address(&self) -> bool {
        self.site.failures.is_some() || self.site.links.is_some()
    }

    /// Whether what came with a nut put a question.
    pub fn is_asked(&self, nut: Nut) -> bool {
        self.record(nut).is_some_and(|record| record.asked)
    }

    /// Gives a live identity an account, or takes it away; false where there is another, or
    /// no identity.
    pub fn set_user(&mut self, key: Key, user: Option<User>) -> bool {
        let Some(State::Live(identity)) = self.keys.get_mut(&key) else { return false };
        if identity.user.is_some() && user.is_some() && identity.user != user {
            return false;
        }
        identity.user = user;
        true
    }

    fn record(&self, nut: Nut) -> Option<&Record> {
        held(self.now, self.nuts.get(nut.0)?.as_ref())
    }

    fn url(&self, url: Cps) -> Option<&Url> {
        held(self.now, self.urls.get(url.0)?.as_ref())
    }

    /// A nut with a record, or a dead one.
    fn give_out(&mut self, record: Option<(Record, Seconds)>) -> Nut {
        let held = record.map(|(it, ttl)| Held { until: self.now + ttl, it });
        self.nuts.push(held);
        Nut(self.nuts.len() - 1)
    }

    fn new_epoch(&mut self) -> Epoch {
        self.epochs += 1;
        Epoch(self.epochs)
    }

    fn row(&mut self, row: u8) {
        *self.rows.entry(row).or_default() += 1;
    }

    /// Counts something that happened.
    pub fn event(&mut self, event: &'static str) {
        *self.events.entry(event).or_default() += 1;
    }

    fn count_failure(&mut self, server: Server, address: Address) {
        let now = self.clock(server);
        *self.failures[usize::from(server.0)].of(now, address) += 1;
    }

    fn is_slowed_down(&mut self, server: Server, address: Address) -> bool {
        let now = self.clock(server);
        let failed = *self.failures[usize::from(server.0)].of(now, address);
        self.site.failures.is_some_and(|allowed| failed >= u32::from(allowed))
    }

    /// Section 4: one address leaves so much in a minute, links and more.
    fn count_lasting(&mut self, server: Server, address: Address) -> Result<(), NoLink> {
        let now = self.clock(server);
        let links = self.links[usize::from(server.0)].of(now, address);
        *links += 1;
        if self.site.links.is_none_or(|allowed| *links <= u32::from(allowed)) {
            return Ok(());
        }
        self.event("too much left");
        Err(NoLink::TooMany)
    }
}

impl Minute {
    /// What is counted for an address in this minute.
    fn of(&mut self, now: Seconds, address: Address) -> &mut u32 {
        if self.began.is_none_or(|began| now >= began + 60) {
            *self = Self { began: Some(now), count: BTreeMap::new() };
        }
        self.count.entry(address.block()).or_default()
    }
}

/// What is held, unless its TTL is over: then it is absent at once.
fn held<T>(now: Seconds, held: Option<&Held<T>>) -> Option<&T> {
    held.filter(|held| now < held.until).map(|held| &held.it)
}
