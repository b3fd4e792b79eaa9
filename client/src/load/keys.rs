//! Identities by the thousands: keys from counted seeds, all with one pair of unlock keys,
//! which a server cannot tell from a thousand pairs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use super::plan::Who;
use crate::keys::{Ilk, Iuk, Rlk, SiteKey, UnlockPair, UrsKey};

/// The keys of one run. Cheap to clone; clones share them.
#[derive(Clone)]
pub(super) struct Keys {
    shared: Arc<Shared>,
}

struct Shared {
    /// Of this run alone, so that a new identity is new to a server that was loaded before.
    run: [u8; 16],
    made: AtomicU64,
    known: Vec<SiteKey>,
    turn: AtomicU64,
    pair: UnlockPair,
    urs: UrsKey,
}

/// Who signs in this time.
pub(super) struct Person {
    pub(super) key: SiteKey,
    pub(super) previous: Option<SiteKey>,
}

impl Keys {
    pub(super) fn new(who: Who) -> Self {
        let run = rand::random();
        let iuk = Iuk::from_bytes(rand::random());
        let ilk: Ilk = iuk.ilk();
        let pair = UnlockPair::from_rlk(&ilk, &Rlk::generate());
        let urs = UrsKey::derive(&iuk, &pair.suk).expect("a pair of our own is no trap");
        let known = match who {
            Who::Known(count) => (0..count.max(1) as u64).map(|n| key(&run, n)).collect(),
            Who::New | Who::Rekeyed => Vec::new(),
        };
        let made = AtomicU64::new(known.len() as u64);
        let turn = AtomicU64::new(0);
        Self { shared: Arc::new(Shared { run, made, known, turn, pair, urs }) }
    }

    /// The identities to make known before the measuring begins.
    pub(super) fn known(&self) -> &[SiteKey] {
        &self.shared.known
    }

    /// The next one of those in turn, or a new one where there are none.
    pub(super) fn next(&self) -> Person {
        let known = &self.shared.known;
        if known.is_empty() {
            return Person { key: self.fresh(), previous: None };
        }
        let turn = self.shared.turn.fetch_add(1, Ordering::Relaxed) % known.len() as u64;
        let turn = usize::try_from(turn).unwrap_or(0);
        Person { key: known[turn].clone(), previous: None }
    }

    /// A key that nobody has seen.
    pub(super) fn fresh(&self) -> SiteKey {
        key(&self.shared.run, self.shared.made.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn pair(&self) -> &UnlockPair {
        &self.shared.pair
    }

    /// Signs what any of these identities' rescue codes would.
    pub(super) fn urs(&self) -> &UrsKey {
        &self.shared.urs
    }
}

fn key(run: &[u8; 16], n: u64) -> SiteKey {
    let seed = Sha256::new().chain_update(run).chain_update(n.to_le_bytes()).finalize();
    SiteKey::from_seed(&seed.into())
}
