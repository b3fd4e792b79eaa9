//! What the model remembers.

use std::collections::BTreeMap;

use super::Heard;
use crate::history::Command;
use crate::words::{Address, Cps, Epoch, Key, Lock, Nut, Seconds, User, Wait};

/// Something in a store, until its TTL is over.
#[derive(Debug, Clone)]
pub(super) struct Held<T> {
    pub(super) until: Seconds,
    pub(super) it: T,
}

/// What is remembered with a nut.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) created: Seconds,
    pub(super) chain_start: Seconds,
    pub(super) link: Nut,
    pub(super) wait: Wait,
    pub(super) ip: Address,
    /// The identity that the chain belongs to.
    pub(super) key: Option<Key>,
    /// The link was made with a question.
    pub(super) question: bool,
    /// The link was made for linking an identity with an account.
    pub(super) linking: bool,
    /// What came with this nut put it.
    pub(super) asked: bool,
    /// The answer.
    pub(super) button: Option<u8>,
    /// The nut that this one is an alias of.
    pub(super) beside: Option<Nut>,
}

/// How a chain ended, for the page that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whose it is.
    pub key: Key,
    /// What it is.
    pub what: What,
    pub(super) button: Option<u8>,
    /// The client was at the address that asked for the link.
    pub(super) same_address: bool,
}

/// What an outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Somebody signed in.
    SignedIn(Epoch),
    /// The client hands the sign-in over itself.
    TakenOver,
    /// The page has collected it.
    Collected,
}

/// What a CPS URL stands for.
#[derive(Debug, Clone)]
pub(super) struct Url {
    pub(super) key: Key,
    pub(super) signs_in: Option<Epoch>,
    pub(super) command: Command,
    pub(super) wait: Wait,
    pub(super) button: Option<u8>,
    /// The client was at the address that asked for the link.
    pub(super) same_address: bool,
}

/// What is known of a key; nothing of one that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// An identity's current key.
    Live(Identity),
    /// Left behind for ever.
    Superseded,
}

/// An identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Its `suk` and `vuk`.
    pub lock: Lock,
    /// Its account.
    pub user: Option<User>,
    /// The flag.
    pub sqrlonly: bool,
    /// The flag.
    pub hardlock: bool,
    /// Nobody signs in with it.
    pub disabled: bool,
    /// Nothing pending outlives it.
    pub epoch: Epoch,
    /// So many keys that were never live it has had superseded.
    pub strangers: u8,
}

/// The secret of a wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Secret {
    pub(super) wait: Wait,
    /// When its newest chain is over, in a server's seconds.
    pub(super) until: Seconds,
    pub(super) latest: Nut,
}

/// The cookies of a browser.
#[derive(Debug, Clone, Default)]
pub(super) struct Jar {
    /// Of waits, by their first nut.
    pub(super) waits: BTreeMap<Nut, Secret>,
    /// How waits ended whose secret is gone, the newest first.
    pub(super) ended: Vec<(Nut, Heard)>,
    /// Where a CPS URL asks.
    pub(super) ask: Option<Cps>,
    /// Where a CPS URL signs in.
    pub(super) go: Option<Cps>,
}

/// What a server counts by address.
#[derive(Debug, Clone, Default)]
pub(super) struct Minute {
    pub(super) began: Option<Seconds>,
    pub(super) count: BTreeMap<Address, u32>,
}
