//! The records of the stores, the cookies of the browsers, and the counters of the servers.

use std::collections::BTreeMap;

use crate::history::Command;
use crate::values::{Address, CpsUrl, Epoch, Key, Lock, Nut, Seconds, User, Wait};

/// A record that is absent once its TTL is over.
#[derive(Debug, Clone)]
pub(super) struct Expiring<T> {
    pub(super) until: Seconds,
    pub(super) value: T,
}

impl<T> Expiring<T> {
    pub(super) fn at(&self, now: Seconds) -> Option<&T> {
        (now < self.until).then_some(&self.value)
    }
}

/// The record of a nut.
#[derive(Debug, Clone)]
pub(super) struct NutRecord {
    pub(super) created: Seconds,
    pub(super) chain_start: Seconds,
    /// The nut of the chain's SQRL URL.
    pub(super) first_nut: Nut,
    pub(super) wait: Wait,
    /// The address that requested the SQRL URL.
    pub(super) ip: Address,
    /// The identity that the chain belongs to.
    pub(super) key: Option<Key>,
    /// The SQRL URL has a question.
    pub(super) question: bool,
    /// The purpose of the SQRL URL is to link an identity to an account.
    pub(super) linking: bool,
    /// The reply with this nut had the question.
    pub(super) asked: bool,
    /// The answer to the question.
    pub(super) button: Option<u8>,
    /// The nut whose alias this nut is.
    pub(super) alias_of: Option<Nut>,
}

/// How a wait ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The identity.
    pub key: Key,
    /// How it ended.
    pub kind: OutcomeKind,
    pub(super) button: Option<u8>,
    /// The client was at the address that requested the SQRL URL.
    pub(super) same_address: bool,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeKind {
    /// The page may collect a sign-in.
    SignedIn(Epoch),
    /// The client hands the sign-in over itself, by CPS.
    TakenOver,
    /// The page has collected the sign-in.
    Collected,
}

/// The record of a CPS URL.
#[derive(Debug, Clone)]
pub(super) struct CpsRecord {
    pub(super) key: Key,
    /// The epoch of the identity, if the URL signs in.
    pub(super) signs_in: Option<Epoch>,
    pub(super) command: Command,
    pub(super) wait: Wait,
    pub(super) button: Option<u8>,
    /// The client was at the address that requested the SQRL URL.
    pub(super) same_address: bool,
}

/// What the identity store has for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// The current key of an identity.
    Live(Identity),
    /// The key is superseded permanently.
    Superseded,
}

/// An identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Its `suk` and `vuk`.
    pub lock: Lock,
    /// Its account.
    pub user: Option<User>,
    /// The option `sqrlonly`.
    pub sqrlonly: bool,
    /// The option `hardlock`.
    pub hardlock: bool,
    /// The identity cannot sign in.
    pub disabled: bool,
    /// Sign-ins with another epoch are void.
    pub epoch: Epoch,
    /// Number of superseded keys that were never current at this site.
    pub never_current_keys: u8,
}

/// What a waiting page receives when it polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollResult {
    /// 404: no result yet.
    Pending,
    /// 404: an `ident` was refused by the row with this number.
    Refused(u8),
    /// 200 with the URL to go to.
    Ready,
    /// 410: the client hands the sign-in over by CPS.
    TakenOver,
    /// 410: the sign-in has been collected.
    Collected,
    /// 410: there is no such wait.
    Expired,
}

/// The secret of a wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct WaitSecret {
    pub(super) wait: Wait,
    /// When the newest chain ends, by the server's clock.
    pub(super) until: Seconds,
    /// The nut of the newest SQRL URL.
    pub(super) latest: Nut,
}

/// The cookies of a browser.
#[derive(Debug, Clone, Default)]
pub(super) struct Jar {
    /// The waits by the nut of their first SQRL URL.
    pub(super) waits: BTreeMap<Nut, WaitSecret>,
    /// How waits ended whose secret is deleted, the newest first.
    pub(super) ended: Vec<(Nut, PollResult)>,
    /// The CPS URL whose question the browser shows.
    pub(super) question: Option<CpsUrl>,
    /// The CPS URL that may sign the browser in.
    pub(super) sign_in: Option<CpsUrl>,
}

/// A server's counters by block of addresses, in windows of one minute.
#[derive(Debug, Clone, Default)]
pub(super) struct MinuteCounter {
    start: Option<Seconds>,
    counts: BTreeMap<Address, u32>,
}

impl MinuteCounter {
    /// The count of the address's block in the current window.
    pub(super) fn of(&mut self, now: Seconds, address: Address) -> &mut u32 {
        if self.start.is_none_or(|start| now >= start + 60) {
            *self = Self { start: Some(now), counts: BTreeMap::new() };
        }
        self.counts.entry(address.block()).or_default()
    }
}
