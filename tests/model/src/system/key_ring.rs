//! The keys of the persons in a history.

use std::sync::{Arc, LazyLock};

use tower_sqrl_client::keys::{Idk, Iuk, Rlk, SiteKey, Suk, UnlockPair, UrsKey};

use crate::values::{GENERATIONS, Key, LOCKS, Lock, PERSONS};

/// All key pairs.
#[derive(Debug)]
pub(crate) struct KeyRing {
    keys: Vec<SiteKey>,
    locks: Vec<(UnlockPair, UrsKey)>,
}

impl KeyRing {
    /// The keys for stores of one history, computed once.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: LazyLock<Arc<KeyRing>> = LazyLock::new(|| Arc::new(KeyRing::new(0)));
        Arc::clone(&SHARED)
    }

    /// Different keys for each salt, for histories that share stores.
    pub(crate) fn new(salt: u64) -> Self {
        let seed = |kind: u8, number: u8| {
            let mut seed = [kind; 32];
            seed[1] = number;
            seed[8..16].copy_from_slice(&salt.to_le_bytes());
            seed
        };
        let lock = |number: u8| {
            let iuk = Iuk::from_bytes(seed(2, Lock(number).person()));
            let pair = UnlockPair::from_rlk(&iuk.ilk(), &Rlk::from_bytes(seed(3, number)));
            (pair, UrsKey::derive(&iuk, &pair.suk).expect("a valid suk"))
        };
        Self {
            keys: (0..PERSONS * GENERATIONS).map(|key| SiteKey::from_seed(&seed(1, key))).collect(),
            locks: (0..PERSONS * LOCKS).map(lock).collect(),
        }
    }

    pub(crate) fn key(&self, key: Key) -> &SiteKey {
        &self.keys[usize::from(key.0)]
    }

    pub(crate) fn pair(&self, lock: Lock) -> &UnlockPair {
        &self.locks[usize::from(lock.0)].0
    }

    pub(crate) fn urs(&self, lock: Lock) -> &UrsKey {
        &self.locks[usize::from(lock.0)].1
    }

    /// All keys with their public keys.
    pub(crate) fn idks(&self) -> impl Iterator<Item = (Key, Idk)> {
        (0..).map(Key).zip(self.keys.iter().map(SiteKey::idk))
    }

    /// The pair with this `suk`.
    pub(crate) fn lock_of(&self, suk: &[u8; 32]) -> Option<Lock> {
        let mut locks = (0..).map(Lock).zip(&self.locks);
        let is_it = |(_, (pair, _)): &(Lock, &(UnlockPair, UrsKey))| *pair.suk.as_bytes() == *suk;
        locks.find(is_it).map(|(lock, _)| lock)
    }

    /// The key with this public key.
    pub(crate) fn key_of(&self, idk: &[u8; 32]) -> Option<Key> {
        self.idks().find(|(_, it)| it.as_bytes() == idk).map(|(key, _)| key)
    }

    /// Whether `suk` and `vuk` are this pair.
    pub(crate) fn is_pair(&self, lock: Lock, suk: &Suk, vuk: &[u8; 32]) -> bool {
        let pair = self.pair(lock);
        pair.suk == *suk && pair.vuk.as_bytes() == vuk
    }
}
