use crate::protocol::{Idk, UnlockProof};

use super::record::{Identity, KeyState, Lookup, Presence, UserId, Version};

/// What one command, or the application, changes, and what it has to find: create, set,
/// unlock, rekey, remove, and each may carry a key to supersede.
///
/// The constructors below are the only ones. What an unlock request signature guards cannot
/// be written without the proof of one, and every change fits only what it is made for: a
/// new key and a superseded one are written over nothing, any other over the very row that
/// the change was made from.
///
/// ```
/// use tower_sqrl::memory::MemoryIdentityStore;
/// use tower_sqrl_core::identities::{Change, Epoch, Identity, IdentityStore, KeyState, Swap, Version};
/// use tower_sqrl_core::protocol::{Idk, Suk, Vuk};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryIdentityStore::new();
/// let idk = Idk::from_bytes([1; 32]);
/// let identity = Identity {
///     suk: Suk::from_bytes([2; 32]),
///     vuk: Vuk::from_bytes([3; 32]),
///     user: None,
///     sqrlonly: false,
///     hardlock: false,
///     disabled: false,
///     epoch: Epoch::new(4), // random, outside of examples
///     version: Version::new(5),
///     strangers: 0,
/// };
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

/// One key's part in a compare-and-swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyWrite<'a> {
    /// The key.
    pub key: &'a Idk,
    /// What the store has to hold for it, or the swap is lost.
    pub expected: Presence,
    /// What to write: a row, a superseded row, no row ([`KeyState::Unknown`]); or nothing
    /// where the key is only compared.
    pub write: Option<&'a KeyState>,
}

/// The answer to a compare-and-swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// All was as expected, and is written.
    Done,
    /// Something had changed; nothing is written.
    Lost,
}

impl Change {
    /// A new identity.
    pub fn create(idk: Idk, identity: Identity) -> Self {
        Self::of(Part::over_nothing(idk, Some(KeyState::Live(identity))))
    }

    /// Other flags, another user, or a disable; never an enable: `disabled` stays set
    /// where `current` has it, and the keys stay `current`'s.
    pub fn set(idk: Idk, current: &Identity, next: Identity) -> Self {
        let disabled = next.disabled || current.disabled;
        let next = Identity { suk: current.suk, vuk: current.vuk, disabled, ..next };
        Self::of(Part::over(idk, current, KeyState::Live(next)))
    }

    /// Links the identity with a user, or unlinks it.
    pub fn link(idk: Idk, current: &Identity, user: Option<UserId>, version: Version) -> Self {
        Self::set(idk, current, Identity { user, version, ..current.clone() })
    }

    /// Any row with the same keys, enabled or not. None if the proof is another identity's.
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

    /// The owner of `pidk` goes over to `idk`; `pidk` is superseded. With `next` absent the
    /// identity is removed in the same stroke. None if the proof is another identity's.
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
            idk: Part::over_nothing(idk, next.map(KeyState::Live)),
            pidk: Some(Part::over(pidk, current, KeyState::Superseded)),
        })
    }

    /// The identity is forgotten. None if the proof is another identity's.
    ///
    /// *On The Wire*, "Client Parameters", `cmd=remove`; row 19 of `docs/protocol.md`.
    pub fn remove(idk: Idk, current: &Identity, proof: &UnlockProof) -> Option<Self> {
        let part = || Part::over(idk, current, KeyState::Unknown);
        proof.is_for(&current.vuk).then(|| Self::of(part()))
    }

    /// The same change to the identity that the *previous* key names; the request's own key
    /// is only compared, and has to be unknown.
    #[must_use]
    pub fn in_place_of(self, idk: Idk) -> Self {
        Self { idk: Part::over_nothing(idk, None), pidk: Some(self.idk) }
    }

    /// Also supersedes a key that nothing is known of. Does nothing where the change writes
    /// the previous key already.
    #[must_use]
    pub fn supersede(mut self, pidk: Idk) -> Self {
        self.pidk.get_or_insert(Part::over_nothing(pidk, Some(KeyState::Superseded)));
        self
    }

    /// What to compare and what to write, one or two keys.
    pub fn key_writes(&self) -> impl Iterator<Item = KeyWrite<'_>> {
        [Some(&self.idk), self.pidk.as_ref()].into_iter().flatten().map(|part| KeyWrite {
            key: &part.key,
            expected: part.expected,
            write: part.write.as_ref(),
        })
    }

    /// Whether a look-up of the same keys, made later, proves that the change was written.
    ///
    /// Versions are random, so a live row with the change's version is the change's own. A
    /// plain removal shows as a key that is gone, whoever removed it. A rekey with a removal
    /// proves nothing: the old key may have been superseded by another rekey.
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

    /// The live row that the change leaves behind, if any.
    pub fn leaves(&self) -> Option<&Identity> {
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
    fn over_nothing(key: Idk, write: Option<KeyState>) -> Self {
        Self { key, expected: Presence::Absent, write }
    }

    fn over(key: Idk, current: &Identity, write: KeyState) -> Self {
        Self { key, expected: Presence::Live(current.version), write: Some(write) }
    }
}
