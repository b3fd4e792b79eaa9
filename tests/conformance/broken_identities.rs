use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::yield_now;
use tower_sqrl::StoreError;
use tower_sqrl::identities::{
    Change, IdentityStore, KeyState, KeyWrite, Lookup, Presence, Swap, Version,
};
use tower_sqrl::protocol::Idk;

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// Compares first and writes later.
    CompareThenWrite,
    /// Writes one key before it compares the other.
    OneKeyAfterTheOther,
    /// A key that is only compared is not.
    NeverCompares,
    /// Any live row is as good as the one that is expected.
    AnyVersion,
    /// And so is any that there has ever been.
    OldVersions,
    /// The superseded keys are one list, read, changed and written back.
    ListOfMarks,
    /// A removal forgets what its identity superseded.
    ForgetsMarks,
    /// Takes superseded keys for unknown ones.
    MarksAreAbsent,
    /// Looks one key up after the other.
    TornLooks,
    /// Locks the keys in the order in which they come.
    LocksInOrder,
    /// The previous key is not looked up.
    BlindToPidk,
    /// One flag is not kept.
    ForgetsHardlock,
    /// Numbers are kept as a double keeps them.
    RoundsNumbers,
    /// A lost swap is an error.
    LostIsAnError,
}

type Rows = HashMap<Idk, KeyState>;

/// As simple as a store can be, but for its fault.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    fault: Fault,
    rows: Arc<Mutex<Rows>>,
    versions: Arc<Mutex<HashSet<(Idk, Version)>>>,
    /// Held by whoever writes, unless that is the fault.
    turn: Arc<AsyncMutex<()>>,
    locks: Arc<Mutex<HashMap<Idk, Arc<AsyncMutex<()>>>>>,
}

impl Store {
    pub(crate) fn with(fault: Fault) -> Self {
        Self {
            fault,
            rows: Arc::default(),
            versions: Arc::default(),
            turn: Arc::default(),
            locks: Arc::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().expect("no panic under the lock")
    }

    fn look(&self, rows: &Rows, key: &Idk) -> KeyState {
        let mut found = rows.get(key).cloned().unwrap_or(KeyState::Unknown);
        if let KeyState::Live(identity) = &mut found {
            identity.hardlock &= !self.has(Fault::ForgetsHardlock);
            if self.has(Fault::RoundsNumbers) {
                identity.version = Version::new(identity.version.get() >> 12 << 12);
            }
        }
        found
    }

    fn holds(&self, rows: &Rows, write: &KeyWrite<'_>) -> bool {
        if write.write.is_none() && self.has(Fault::NeverCompares) {
            return true;
        }
        match (self.look(rows, write.key).presence(), write.expected) {
            (Presence::Live(_), Presence::Live(_)) if self.has(Fault::AnyVersion) => true,
            (Presence::Live(_), Presence::Live(version)) if self.has(Fault::OldVersions) => {
                self.versions.lock().expect("no panic").contains(&(*write.key, version))
            }
            (Presence::Superseded, Presence::Absent) if self.has(Fault::MarksAreAbsent) => true,
            (found, expected) => found == expected,
        }
    }

    fn write(&self, rows: &mut Rows, write: &KeyWrite<'_>) {
        let Some(state) = write.write else { return };
        if let Presence::Live(version) = state.presence() {
            self.versions.lock().expect("no panic").insert((*write.key, version));
        }
        if self.has(Fault::ForgetsMarks) && *state == KeyState::Unknown {
            rows.retain(|_, state| *state != KeyState::Superseded);
        }
        rows.insert(*write.key, state.clone());
    }

    fn marks(&self) -> HashSet<Idk> {
        let rows = self.rows();
        let marks = rows.iter().filter(|(_, state)| **state == KeyState::Superseded);
        marks.map(|(key, _)| *key).collect()
    }

    /// Compares and writes, all of it in one turn.
    async fn swap(&self, change: &Change) -> Swap {
        if self.has(Fault::OneKeyAfterTheOther) {
            for write in change.key_writes() {
                let mut rows = self.rows();
                if !self.holds(&rows, &write) {
                    return Swap::Lost;
                }
                self.write(&mut rows, &write);
            }
            return Swap::Done;
        }
        if !change.key_writes().all(|write| self.holds(&self.rows(), &write)) {
            return Swap::Lost;
        }
        if self.has(Fault::CompareThenWrite) {
            yield_now().await;
        }
        let mut rows = self.rows();
        change.key_writes().for_each(|write| self.write(&mut rows, &write));
        Swap::Done
    }
}

#[async_trait]
impl IdentityStore for Store {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        if self.has(Fault::TornLooks) {
            let idk = self.look(&self.rows(), idk);
            yield_now().await;
            return Ok(Lookup::new(idk, pidk.map(|pidk| self.look(&self.rows(), pidk))));
        }
        let rows = self.rows();
        let blind = self.has(Fault::BlindToPidk);
        let pidk = pidk.map(|pidk| if blind { KeyState::Unknown } else { self.look(&rows, pidk) });
        Ok(Lookup::new(self.look(&rows, idk), pidk))
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        let mut held = Vec::new();
        if self.has(Fault::LocksInOrder) {
            for write in change.key_writes() {
                let lock = {
                    let mut locks = self.locks.lock().expect("no panic under the lock");
                    Arc::clone(locks.entry(*write.key).or_default())
                };
                held.push(lock.lock_owned().await);
                yield_now().await;
            }
        } else if !self.has(Fault::CompareThenWrite) {
            held.push(Arc::clone(&self.turn).lock_owned().await);
        }
        let marks = self.has(Fault::ListOfMarks).then(|| self.marks());
        let swap = self.swap(change).await;
        drop(held);
        match (swap, marks) {
            (Swap::Lost, _) if self.has(Fault::LostIsAnError) => Err(StoreError::conflict()),
            (Swap::Done, Some(mut marks)) => {
                let own = change.key_writes();
                marks.extend(own.map(|write| *write.key));
                yield_now().await;
                let kept = |key: &Idk, state: &mut KeyState| {
                    *state != KeyState::Superseded || marks.contains(key)
                };
                self.rows().retain(kept);
                Ok(swap)
            }
            _ => Ok(swap),
        }
    }
}
