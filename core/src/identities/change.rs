use crate::protocol::{Idk, UnlockProof};

use super::record::{Identity, KeyState, Lookup, Presence, UserId, Version};

/// A change to one or two keys: what the store must contain, and what it writes.
///
/// A change that requires an unlock request signature cannot be constructed without an [`UnlockProof`].
/// Each change applies only to the state that it was made for. A new key and a superseded key require
/// that the store has no row for them; other changes require the exact row from which they were made.
///
/// ```
/// use tower_sqrl::memory::MemoryIdentityStore;
/// use tower_sqrl_core::identities::{Change, Epoch, Identity, IdentityStore, KeyState, Swap, Version};
/// use tower_sqrl_core::protocol::{Idk, Suk, Vuk};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryIdentityStore::new();
/// let idk = Idk::from_bytes([1; 32]);
/// let (suk, vuk) = (Suk::from_bytes([2; 32]), Vuk::from_bytes([3; 32]));
/// let (epoch, version) = (Epoch::new(4), Version::new(5)); // random, outside of examples
/// let identity = Identity::new(suk, vuk, epoch, version);
/// assert_eq!(store.apply(&Change::create(idk, identity.clone())).await?, Swap::Done);
///
/// let ada = Change::link(idk, &identity, Some("ada".into()), Version::new(6));
/// let bob = Change::link(idk, &identity, Some("bob".into()), Version::new(7));
/// assert_eq!(store.apply(&ada).await?, Swap::Done);
/// assert_eq!(store.apply(&bob).await?, Swap::Lost); // made from a row that is gone
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The identity key of the request.
    idk: Part,
    /// The previous identity key.
    pidk: Option<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    key: Idk,
    expected: Presence,
    write: Option<KeyState>,
}

/// The part of a compare-and-swap that concerns one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyWrite<'a> {
    /// The key.
    pub key: &'a Idk,
    /// What the store must contain for the key. Otherwise the swap is lost.
    pub expected: Presence,
    /// What to write: a row, a superseded row, or no row ([`KeyState::Unknown`]). `None` if the key is
    /// only compared.
    pub write: Option<&'a KeyState>,
}

/// The result of a compare-and-swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// The store contained what the change expects, and wrote the change.
    Done,
    /// The store contained something else, and wrote nothing.
    Lost,
}

impl Change {
    /// Creates an identity.
    pub fn create(idk: Idk, identity: Identity) -> Self {
        Self::of(Part::over_no_row(idk, Some(KeyState::Live(identity))))
    }

    /// Changes the flags or the user, or disables the identity. Never enables it, and keeps the unlock
    /// keys of `current`.
    pub fn set(idk: Idk, current: &Identity, next: Identity) -> Self {
        let disabled = next.disabled || current.disabled;
        let next = Identity { suk: current.suk, vuk: current.vuk, disabled, ..next };
        Self::of(Part::over(idk, current, KeyState::Live(next)))
    }

    /// Links the identity with a user, or unlinks it.
    pub fn link(idk: Idk, current: &Identity, user: Option<UserId>, version: Version) -> Self {
        Self::set(idk, current, Identity { user, version, ..current.clone() })
    }

    /// Writes any row with the same unlock keys, and may enable the identity. Returns `None` if the proof
    /// is for another identity.
    ///
    /// *Cryptography*, "How an Identity Association is Unlocked"; rows 17 and 22 of
    /// `docs/protocol.md`.
    pub fn unlock(
        idk: Idk,
        current: &Identity,
        next: Identity,
        proof: &UnlockProof,
    ) -> Option<Self> {
        let next = Identity { suk: current.suk, vuk: current.vuk, ..next };
        let part = || Part::over(idk, current, KeyState::Live(next));
        proof.is_for(&current.vuk).then(|| Self::of(part()))
    }

    /// Moves the identity from `pidk` to `idk`, and marks `pidk` as superseded. Without `next`, also
    /// removes the identity. Returns `None` if the proof is for another identity.
    ///
    /// *Cryptography*, "Identity Re-Keying"; *On The Wire*, "Handling Superseded Identities"; rows
    /// 14 and 21 of `docs/protocol.md`.
    pub fn rekey(
        idk: Idk,
        pidk: Idk,
        current: &Identity,
        next: Option<Identity>,
        proof: &UnlockProof,
    ) -> Option<Self> {
        proof.is_for(&current.vuk).then(|| Self {
            idk: Part::over_no_row(idk, next.map(KeyState::Live)),
            pidk: Some(Part::over(pidk, current, KeyState::Superseded)),
        })
    }

    /// Removes the identity. Returns `None` if the proof is for another identity.
    ///
    /// *On The Wire*, "Client Parameters", `cmd=remove`; row 19 of `docs/protocol.md`.
    pub fn remove(idk: Idk, current: &Identity, proof: &UnlockProof) -> Option<Self> {
        let part = || Part::over(idk, current, KeyState::Unknown);
        proof.is_for(&current.vuk).then(|| Self::of(part()))
    }

    /// Applies the change to the identity of the request's *previous* key. The store must have no row for
    /// `idk`, the key of the request.
    #[must_use]
    pub fn for_previous_key_of(self, idk: Idk) -> Self {
        Self { idk: Part::over_no_row(idk, None), pidk: Some(self.idk) }
    }

    /// Also marks `pidk`, of which the store has no row, as superseded. Does nothing if the change already
    /// writes the previous key.
    #[must_use]
    pub fn supersede(mut self, pidk: Idk) -> Self {
        self.pidk.get_or_insert(Part::over_no_row(pidk, Some(KeyState::Superseded)));
        self
    }

    /// Returns what to compare and what to write, for one or two keys.
    pub fn key_writes(&self) -> impl Iterator<Item = KeyWrite<'_>> {
        [Some(&self.idk), self.pidk.as_ref()].into_iter().flatten().map(|part| KeyWrite {
            key: &part.key,
            expected: part.expected,
            write: part.write.as_ref(),
        })
    }

    /// Returns whether a later look-up of the same keys proves that the store wrote the change.
    ///
    /// Versions are random, so a live row with the version of the change comes from the change. A removal
    /// shows as a missing row. A rekey with a removal proves nothing, because another rekey may have
    /// superseded the key.
    pub fn is_seen_in(&self, lookup: &Lookup) -> bool {
        let states = [Some(&lookup.idk), lookup.pidk.as_ref()];
        let parts = [Some(&self.idk), self.pidk.as_ref()];
        parts.into_iter().zip(states).any(|(part, state)| {
            match part.and_then(|part| part.write.as_ref()) {
                Some(write @ (KeyState::Live(_) | KeyState::Unknown)) => {
                    state.is_some_and(|state| state.presence() == write.presence())
                }
                Some(KeyState::Superseded) | None => false,
            }
        })
    }

    /// Returns the live row after the change, if there is one.
    pub fn resulting_identity(&self) -> Option<&Identity> {
        self.key_writes().find_map(|part| match part.write {
            Some(KeyState::Live(identity)) => Some(identity),
            _ => None,
        })
    }

    fn of(idk: Part) -> Self {
        Self { idk, pidk: None }
    }
}

impl Part {
    fn over_no_row(key: Idk, write: Option<KeyState>) -> Self {
        Self { key, expected: Presence::Absent, write }
    }

    fn over(key: Idk, current: &Identity, write: KeyState) -> Self {
        Self { key, expected: Presence::Live(current.version), write: Some(write) }
    }
}
