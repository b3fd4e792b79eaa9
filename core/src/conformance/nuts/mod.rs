//! The contract of [`NutStore`] as a suite that any store runs with one line:
//!
//! ```
//! # use tower_sqrl::memory::MemoryNutStore;
//! # use tower_sqrl_core::conformance::nuts;
//! # async fn test() {
//! // In a `#[tokio::test(flavor = "multi_thread")]`:
//! nuts::run(|| async { MemoryNutStore::new() }).await;
//! # }
//! ```
//!
//! A store that servers share is better asked through several of them, and a store that
//! keeps [`NutInfo::encode`](crate::nuts::NutInfo::encode)'s bytes can have other releases'
//! records put into it: that is what [`Suite`] is for. Every check is a method of its own,
//! takes keys that nothing else has, and leaves what others store alone; it panics with
//! the clause that is broken.

mod codec;
mod expiry;
mod hooks;
mod namespaces;
mod races;
mod raw;
mod records;
mod watch;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::nuts::NutStore;
pub use expiry::TOLERANCE;
pub use raw::RawWrite;

/// Runs every check against the store that `open` gives. `open` is called once.
///
/// Takes a few seconds: the expiry is waited for.
///
/// # Panics
///
/// With the clause of the contract that the store breaks, and on a runtime with one
/// thread, where no race could be seen.
pub async fn run<S: NutStore, F: Future<Output = S>>(open: impl FnOnce() -> F) {
    Suite::new([Arc::new(open().await) as Arc<dyn NutStore>]).run().await;
}

/// The checks, to be run together or one by one.
///
/// Every check panics with the clause of the contract that the store breaks.
pub struct Suite {
    servers: Vec<Arc<dyn NutStore>>,
    rounds: u32,
    raw: Option<RawWrite>,
}

impl Suite {
    /// How often each race is run unless [`rounds`](Self::rounds) says otherwise.
    pub const ROUNDS: u32 = 2000;

    /// Of several servers' handles of one store: what one writes, the others see.
    ///
    /// # Panics
    ///
    /// Without a server.
    pub fn new(servers: impl IntoIterator<Item = Arc<dyn NutStore>>) -> Self {
        let servers: Vec<_> = servers.into_iter().collect();
        assert!(!servers.is_empty(), "the suite needs a store");
        Self { servers, rounds: Self::ROUNDS, raw: None }
    }

    /// Runs each race so often.
    #[must_use]
    pub fn rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }

    /// Lets [`other_releases_records_are_read`](Self::other_releases_records_are_read)
    /// write bytes into the store behind its back.
    #[must_use]
    pub fn raw(mut self, write: RawWrite) -> Self {
        self.raw = Some(write);
        self
    }

    /// Runs every check.
    pub async fn run(&self) {
        self.records_come_back_whole().await;
        self.creates_refuse_to_overwrite().await;
        self.takes_remove().await;
        self.looks_change_nothing().await;
        self.namespaces_are_apart().await;
        self.only_a_sign_in_names_somebody().await;
        tokio::join!(
            self.a_record_past_its_ttl_is_absent(),
            self.a_record_lives_for_its_ttl(),
            self.a_ttl_ends_with_its_record(),
        );
        self.any_ttl_will_do().await;
        self.an_outcome_wakes_who_watches_it().await;
        self.other_releases_records_are_read().await;
        self.exactly_one_taker().await;
        self.exactly_one_creator().await;
        self.takes_and_creates_alternate().await;
    }

    /// The handle of some server: of each in turn, as `turn` counts.
    fn server(&self, turn: usize) -> &Arc<dyn NutStore> {
        &self.servers[turn % self.servers.len()]
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
