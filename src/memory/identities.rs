use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{Change, IdentityStore, KeyState, Lookup, Swap};
use tower_sqrl_core::protocol::Idk;

/// Identities in memory: for tests and demonstrations, because **a restart forgets every
/// account**, and because it grows with every key that was ever used.
#[derive(Default)]
pub struct MemoryIdentityStore {
    /// A key without an entry is unknown.
    keys: Mutex<HashMap<Idk, KeyState>>,
}

impl MemoryIdentityStore {
    /// A store that knows nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// No change is ever half done, so what a panic of another thread left is whole.
    fn keys(&self) -> MutexGuard<'_, HashMap<Idk, KeyState>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl IdentityStore for MemoryIdentityStore {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        let keys = self.keys();
        let state = |key| keys.get(key).cloned().unwrap_or(KeyState::Unknown);
        Ok(Lookup::new(state(idk), pidk.map(state)))
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        let mut keys = self.keys();
        let all_hold = change.key_writes().all(|write| {
            keys.get(write.key).unwrap_or(&KeyState::Unknown).presence() == write.expected
        });
        if !all_hold {
            return Ok(Swap::Lost);
        }
        for write in change.key_writes() {
            match write.write {
                None => {}
                Some(KeyState::Unknown) => {
                    keys.remove(write.key);
                }
                Some(state) => {
                    keys.insert(*write.key, state.clone());
                }
            }
        }
        Ok(Swap::Done)
    }
}

/// How many keys it knows; not which.
impl fmt::Debug for MemoryIdentityStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryIdentityStore").field("keys", &self.keys().len()).finish()
    }
}
