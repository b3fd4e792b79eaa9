//! The contract of [`IdentityStore`] as a suite that any store runs with one line:
//!
//! ```
//! # use tower_sqrl::memory::MemoryIdentityStore;
//! # use tower_sqrl_core::conformance::identities;
//! # async fn test() {
//! // In a `#[tokio::test(flavor = "multi_thread")]`:
//! identities::run(|| async { MemoryIdentityStore::new() }).await;
//! # }
//! ```
//!
//! [`Suite`] checks a store through the handles of several servers, and with users that exist in the
//! application's table. Every check is a method. It uses unique keys, leaves other rows alone, and panics
//! with the clause that the store breaks.

mod changes;
mod races;
mod rekeys;
mod rows;
mod swaps;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::conformance::clause::Clause;
use crate::identities::{Change, Identity, IdentityStore, KeyState, Lookup, Swap, UserId};
use crate::protocol::Idk;
use rows::{any_key, any_row};

/// Runs every check against the store that `open` returns. Calls `open` once.
///
/// # Panics
///
/// If the store breaks a clause of the contract, which the message names, and on a runtime with one
/// thread, which shows no races.
pub async fn run<S: IdentityStore, F: Future<Output = S>>(open: impl FnOnce() -> F) {
    Suite::new([Arc::new(open().await) as Arc<dyn IdentityStore>]).run().await;
}

/// The checks, together or one by one.
///
/// Every check panics with the clause of the contract that the store breaks.
pub struct Suite {
    servers: Vec<Arc<dyn IdentityStore>>,
    rounds: u32,
    users: [UserId; 2],
}

impl Suite {
    /// The number of rounds of each race, unless [`rounds`](Self::rounds) sets another.
    pub const ROUNDS: u32 = 1000;

    /// Creates the suite for several handles of one store, as several servers have them.
    ///
    /// # Panics
    ///
    /// If there is no handle.
    pub fn new(servers: impl IntoIterator<Item = Arc<dyn IdentityStore>>) -> Self {
        let servers: Vec<_> = servers.into_iter().collect();
        assert!(!servers.is_empty(), "the suite needs a store");
        let users = [UserId::from("conformance-a"), UserId::from("conformance-b")];
        Self { servers, rounds: Self::ROUNDS, users }
    }

    /// Sets the number of rounds of each race.
    #[must_use]
    pub fn rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }

    /// Sets the two users that identities are linked with, for a store that knows its users.
    /// Default: `conformance-a` and `conformance-b`.
    #[must_use]
    pub fn users(mut self, users: [UserId; 2]) -> Self {
        self.users = users;
        self
    }

    /// Runs every check.
    pub async fn run(&self) {
        self.nothing_is_known_of_a_new_key().await;
        self.identities_come_back_whole().await;
        self.every_change_is_seen().await;
        self.rekeys_supersede().await;
        self.superseded_keys_stay_superseded().await;
        self.a_wrong_expectation_loses().await;
        self.both_keys_or_none().await;
        self.a_row_created_again_is_another().await;
        self.exactly_one_writer().await;
        self.exactly_one_creator().await;
        self.exactly_one_rekey().await;
        self.no_mark_is_lost().await;
        self.opposite_orders_do_not_deadlock().await;
        self.a_look_sees_one_moment().await;
    }

    /// Returns the handle of one server after the other, as `turn` counts.
    fn server(&self, turn: usize) -> &Arc<dyn IdentityStore> {
        &self.servers[turn % self.servers.len()]
    }

    async fn look(&self, clause: Clause, idk: &Idk, pidk: Option<&Idk>) -> Lookup {
        clause.ok("look_up", self.server(1).look_up(idk, pidk).await)
    }

    async fn state(&self, clause: Clause, key: &Idk) -> KeyState {
        self.look(clause, key, None).await.idk
    }

    /// Fails unless a look-up returns this state, with the key in either place.
    async fn is(&self, clause: Clause, what: &str, key: &Idk, right: &KeyState) {
        let other = any_key();
        let first = self.look(clause, key, Some(&other)).await;
        clause.equal(what, &first.idk, right);
        clause.equal("an unknown previous key", &first.pidk, &Some(KeyState::Unknown));
        let second = self.look(clause, &other, Some(key)).await;
        clause.equal(&format!("{what}, as previous key,"), &second.pidk.as_ref(), &Some(right));
        clause.equal("an unknown key", &second.idk, &KeyState::Unknown);
    }

    async fn apply(&self, clause: Clause, change: &Change) -> Swap {
        clause.ok("apply", self.server(0).apply(change).await)
    }

    /// Applies a change that must succeed.
    async fn done(&self, clause: Clause, what: &str, change: &Change) {
        let swap = self.apply(clause, change).await;
        clause.equal(what, &swap, &Swap::Done);
    }

    /// Creates an identity.
    async fn created(&self, clause: Clause) -> (Idk, Identity) {
        let (key, identity) = (any_key(), any_row());
        let change = Change::create(key, identity.clone());
        self.done(clause, "a create", &change).await;
        (key, identity)
    }

    /// Creates a superseded key.
    async fn superseded(&self, clause: Clause) -> Idk {
        let key = any_key();
        let change = Change::create(any_key(), any_row()).supersede(key);
        self.done(clause, "a create", &change).await;
        key
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("servers", &self.servers)
            .field("rounds", &self.rounds)
            .finish_non_exhaustive()
    }
}
