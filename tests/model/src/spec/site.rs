//! The state of a site.

use std::collections::BTreeMap;

use super::state::{
    CpsRecord, Expiring, Identity, Jar, KeyState, MinuteCounter, NutRecord, Outcome,
};
use crate::history::Site;
use crate::values::{
    Address, BROWSERS, CpsUrl, Epoch, Key, Nut, SERVERS, Seconds, Server, User, Wait,
};

/// The lifetimes of section 2, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of a SQRL URL's nut.
    pub url: Seconds,
    /// Of every later nut.
    pub nut: Seconds,
    /// Of a chain, from its SQRL URL on.
    pub chain: Seconds,
    /// Of a CPS URL.
    pub cps: Seconds,
}

impl Lifetimes {
    /// The defaults.
    pub const DEFAULT: Self = Self { url: 300, nut: 600, chain: 1800, cps: 60 };
}

/// The state of a site, its stores and the browsers.
#[derive(Debug, Clone)]
pub struct Spec {
    pub(super) site: Site,
    pub(super) lifetimes: Lifetimes,
    pub(super) now: Seconds,
    pub(super) nuts: Vec<Option<Expiring<NutRecord>>>,
    pub(super) waits: Vec<Option<Expiring<Outcome>>>,
    /// The row that refused an `ident`, by wait.
    pub(super) refusals: BTreeMap<Wait, Expiring<u8>>,
    pub(super) cps_urls: Vec<Option<Expiring<CpsRecord>>>,
    pub(super) keys: BTreeMap<Key, KeyState>,
    epochs: u32,
    pub(super) browsers: Vec<Jar>,
    failures: Vec<MinuteCounter>,
    stored: Vec<MinuteCounter>,
    /// How often each row of section 3 applied.
    pub rows: BTreeMap<u8, usize>,
    /// How often other notable events happened.
    pub events: BTreeMap<&'static str, usize>,
}

impl Spec {
    /// Creates an empty site.
    pub fn new(site: Site, lifetimes: Lifetimes) -> Self {
        Self {
            site,
            lifetimes,
            now: 0,
            nuts: Vec::new(),
            waits: Vec::new(),
            refusals: BTreeMap::new(),
            cps_urls: Vec::new(),
            keys: BTreeMap::new(),
            epochs: 0,
            browsers: vec![Jar::default(); usize::from(BROWSERS)],
            failures: vec![MinuteCounter::default(); usize::from(SERVERS)],
            stored: vec![MinuteCounter::default(); usize::from(SERVERS)],
            rows: BTreeMap::new(),
            events: BTreeMap::new(),
        }
    }

    /// Advances all clocks.
    pub fn advance(&mut self, seconds: Seconds) {
        self.now += seconds;
    }

    /// Returns the lifetimes.
    pub fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    /// The time by a server's clock.
    pub(super) fn clock(&self, server: Server) -> Seconds {
        let [second, third] = self.site.clocks_ahead;
        self.now + Seconds::from([0, second, third][usize::from(server.0)])
    }

    /// Returns what the identity store has for a key.
    pub fn key(&self, key: Key) -> Option<KeyState> {
        self.keys.get(&key).copied()
    }

    /// Returns the number of issued nuts.
    pub fn nuts(&self) -> usize {
        self.nuts.len()
    }

    /// Returns whether a nut is live.
    pub fn is_live(&self, nut: Nut) -> bool {
        self.record(nut).is_some()
    }

    /// Returns whether a CPS URL is unused and not expired.
    pub fn is_open(&self, url: CpsUrl) -> bool {
        self.cps_record(url).is_some()
    }

    /// Returns how a wait ended.
    pub fn outcome(&self, wait: Wait) -> Option<&Outcome> {
        self.waits[wait.0].as_ref()?.at(self.now)
    }

    /// Returns the row that refused the last `ident` of a wait.
    pub fn refusal(&self, wait: Wait) -> Option<u8> {
        self.refusals.get(&wait)?.at(self.now).copied()
    }

    /// Returns the identity that a nut's chain belongs to.
    pub fn owner(&self, nut: Nut) -> Option<Key> {
        self.record(nut)?.key
    }

    /// Returns whether the site limits what an address may do.
    pub fn has_limits(&self) -> bool {
        self.site.failures_per_minute.is_some() || self.site.urls_per_minute.is_some()
    }

    /// Returns whether the reply with a nut had the question.
    pub fn is_asked(&self, nut: Nut) -> bool {
        self.record(nut).is_some_and(|record| record.asked)
    }

    /// Links a live identity to an account, or unlinks it. Returns `false` if there is no such
    /// identity or it has another account.
    pub fn set_account(&mut self, key: Key, user: Option<User>) -> bool {
        let Some(KeyState::Live(identity)) = self.keys.get_mut(&key) else { return false };
        if identity.user.is_some() && user.is_some() && identity.user != user {
            return false;
        }
        identity.user = user;
        true
    }

    /// A live, enabled identity, if its epoch is still this one.
    pub(super) fn unchanged_identity(&self, key: Key, epoch: Epoch) -> Option<Identity> {
        match self.key(key) {
            Some(KeyState::Live(it)) if !it.disabled && it.epoch == epoch => Some(it),
            _ => None,
        }
    }

    pub(super) fn record(&self, nut: Nut) -> Option<&NutRecord> {
        self.nuts.get(nut.0)?.as_ref()?.at(self.now)
    }

    pub(super) fn cps_record(&self, url: CpsUrl) -> Option<&CpsRecord> {
        self.cps_urls.get(url.0)?.as_ref()?.at(self.now)
    }

    /// A value that expires after `ttl` seconds.
    pub(super) fn expiring<T>(&self, value: T, ttl: Seconds) -> Expiring<T> {
        Expiring { until: self.now + ttl, value }
    }

    /// Issues a live nut.
    pub(super) fn issue_nut(&mut self, record: NutRecord, ttl: Seconds) -> Nut {
        self.nuts.push(Some(self.expiring(record, ttl)));
        Nut(self.nuts.len() - 1)
    }

    /// Issues a dead nut.
    pub(super) fn issue_dead_nut(&mut self) -> Nut {
        self.nuts.push(None);
        Nut(self.nuts.len() - 1)
    }

    pub(super) fn new_epoch(&mut self) -> Epoch {
        self.epochs += 1;
        Epoch(self.epochs)
    }

    pub(super) fn count_row(&mut self, row: u8) {
        *self.rows.entry(row).or_default() += 1;
    }

    pub(crate) fn count_event(&mut self, event: &'static str) {
        *self.events.entry(event).or_default() += 1;
    }

    pub(super) fn count_failure(&mut self, server: Server, address: Address) {
        let now = self.clock(server);
        *self.failures[usize::from(server.0)].of(now, address) += 1;
    }

    /// Whether the address has reached the limit of failures.
    pub(super) fn is_slowed_down(&mut self, server: Server, address: Address) -> bool {
        let now = self.clock(server);
        let failed = *self.failures[usize::from(server.0)].of(now, address);
        self.site.failures_per_minute.is_some_and(|limit| failed >= u32::from(limit))
    }

    /// Section 4: counts data that outlasts the request, and returns whether the address may still
    /// store it.
    pub(super) fn may_store(&mut self, server: Server, address: Address) -> bool {
        let now = self.clock(server);
        let stored = self.stored[usize::from(server.0)].of(now, address);
        *stored += 1;
        if self.site.urls_per_minute.is_none_or(|limit| *stored <= u32::from(limit)) {
            return true;
        }
        self.count_event("over the limit of stored data");
        false
    }
}
