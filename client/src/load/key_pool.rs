//! The keys of many identities. All share one pair of unlock keys, which a server cannot
//! distinguish from separate pairs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use super::config::SignInAs;
use crate::keys::{Iuk, Rlk, SiteKey, UnlockPair, UrsKey};

/// The keys of one run. Cheap to clone; clones share the keys.
#[derive(Clone)]
pub(super) struct KeyPool {
    shared: Arc<Shared>,
}

struct Shared {
    /// Random per run, so that a new identity is new to a server that was loaded before.
    run: [u8; 16],
    created: AtomicU64,
    known: Vec<SiteKey>,
    turn: AtomicU64,
    pair: UnlockPair,
    urs: UrsKey,
}

/// The keys of one sign-in.
pub(super) struct LoginKeys {
    pub(super) key: SiteKey,
    pub(super) previous: Option<SiteKey>,
}

impl KeyPool {
    pub(super) fn new(sign_in_as: SignInAs) -> Self {
        let run = rand::random();
        let iuk = Iuk::generate();
        let pair = UnlockPair::from_rlk(&iuk.ilk(), &Rlk::generate());
        let urs = UrsKey::derive(&iuk, &pair.suk).expect("a generated suk is not weak");
        let known = match sign_in_as {
            SignInAs::Known(count) => (0..count.max(1) as u64).map(|n| key(&run, n)).collect(),
            SignInAs::New | SignInAs::Rekeyed => Vec::new(),
        };
        let created = AtomicU64::new(known.len() as u64);
        let turn = AtomicU64::new(0);
        Self { shared: Arc::new(Shared { run, created, known, turn, pair, urs }) }
    }

    /// Returns the identities to register before the measurement.
    pub(super) fn known(&self) -> &[SiteKey] {
        &self.shared.known
    }

    /// Returns the known identities in turn, or a new identity if there are none.
    pub(super) fn next(&self) -> LoginKeys {
        let known = &self.shared.known;
        if known.is_empty() {
            return LoginKeys { key: self.new_key(), previous: None };
        }
        let turn = self.shared.turn.fetch_add(1, Ordering::Relaxed) % known.len() as u64;
        let turn = usize::try_from(turn).unwrap_or(0);
        LoginKeys { key: known[turn].clone(), previous: None }
    }

    pub(super) fn new_key(&self) -> SiteKey {
        key(&self.shared.run, self.shared.created.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn pair(&self) -> &UnlockPair {
        &self.shared.pair
    }

    pub(super) fn urs(&self) -> &UrsKey {
        &self.shared.urs
    }
}

fn key(run: &[u8; 16], n: u64) -> SiteKey {
    let seed = Sha256::new().chain_update(run).chain_update(n.to_le_bytes()).finalize();
    SiteKey::from_seed(&seed.into())
}
