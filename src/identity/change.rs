use crate::protocol::{Idk, UnlockProof};

use super::{Identity, KeyState, Lookup, Presence, UserId};

/// What one command, or the application, changes: create, set, rekey, remove, and each may
/// carry a key to supersede.
///
/// What an unlock request signature guards cannot be written without the proof of one:
/// the constructors below are the only ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The identity key of the request, and what becomes of it.
    idk: (Idk, Option<KeyState>),
    /// The previous identity key, and what becomes of it.
    pidk: Option<(Idk, KeyState)>,
}

/// The keys' states as they were looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The identity key's.
    pub idk: Presence,
    /// The previous identity key's, if it was looked up.
    pub pidk: Option<Presence>,
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
        Self { idk: (idk, Some(KeyState::Live(identity))), pidk: None }
    }

    /// Other flags, another user, or a disable; never an enable: `disabled` stays set
    /// where `current` has it, and the keys stay `current`'s.
    pub fn set(idk: Idk, current: &Identity, next: Identity) -> Self {
        let disabled = next.disabled || current.disabled;
        let next = Identity { suk: current.suk, vuk: current.vuk, disabled, ..next };
        Self { idk: (idk, Some(KeyState::Live(next))), pidk: None }
    }

    /// Any row with the same keys, enabled or not. None if the proof is another identity's.
    pub fn unlock(
        idk: Idk,
        current: &Identity,
        next: Identity,
        proof: &UnlockProof,
    ) -> Option<Self> {
        let next = Identity { suk: current.suk, vuk: current.vuk, ..next };
        proof
            .is_for(&current.vuk)
            .then_some(Self { idk: (idk, Some(KeyState::Live(next))), pidk: None })
    }

    /// The owner of `pidk` goes over to `idk`; `pidk` is superseded. With `next` absent the
    /// identity is removed in the same stroke. None if the proof is another identity's.
    pub fn rekey(
        idk: Idk,
        pidk: Idk,
        current: &Identity,
        next: Option<Identity>,
        proof: &UnlockProof,
    ) -> Option<Self> {
        proof.is_for(&current.vuk).then_some(Self {
            idk: (idk, next.map(KeyState::Live)),
            pidk: Some((pidk, KeyState::Superseded)),
        })
    }

    /// The identity is forgotten. None if the proof is another identity's.
    pub fn remove(idk: Idk, current: &Identity, proof: &UnlockProof) -> Option<Self> {
        proof
            .is_for(&current.vuk)
            .then_some(Self { idk: (idk, Some(KeyState::Unknown)), pidk: None })
    }

    /// The same change to the identity that the *previous* key names, with the request's
    /// own key only compared.
    #[must_use]
    pub fn in_place_of(self, idk: Idk) -> Self {
        let (pidk, state) = self.idk;
        Self { idk: (idk, None), pidk: state.map(|state| (pidk, state)) }
    }

    /// Also supersedes a key that was never live here. Does nothing where the change
    /// writes the previous key already.
    #[must_use]
    pub fn supersede(mut self, pidk: Idk) -> Self {
        self.pidk.get_or_insert((pidk, KeyState::Superseded));
        self
    }

    /// Links the identity with a user, or unlinks it.
    pub fn link(
        idk: Idk,
        current: &Identity,
        user: Option<UserId>,
        version: super::Version,
    ) -> Self {
        Self::set(idk, current, Identity { user, version, ..current.clone() })
    }

    /// What to compare and what to write, one or two keys.
    pub fn key_writes(&self, expected: &Expected) -> impl Iterator<Item = KeyWrite<'_>> {
        let (idk, state) = &self.idk;
        let idk = KeyWrite { key: idk, expected: expected.idk, write: state.as_ref() };
        let pidk = self
            .pidk
            .as_ref()
            .zip(expected.pidk)
            .map(|((pidk, state), expected)| KeyWrite { key: pidk, expected, write: Some(state) });
        [Some(idk), pidk].into_iter().flatten()
    }

    /// Whether a look-up made later shows the change as written.
    ///
    /// Versions are random, so a live row with the change's version is the change's own.
    pub fn is_seen_in(&self, lookup: &Lookup, expected: &Expected) -> bool {
        let after = lookup.expected();
        let seen = |before: Presence, after: Presence, write: &KeyState| {
            before != after && after == write.presence()
        };
        let idk = self.idk.1.as_ref().is_none_or(|write| seen(expected.idk, after.idk, write));
        let pidk = match (&self.pidk, expected.pidk, after.pidk) {
            (None, _, _) => true,
            (Some((_, write)), Some(before), Some(after)) => seen(before, after, write),
            (Some(_), _, _) => false,
        };
        idk && pidk
    }

    /// The live row that the change leaves behind, if any.
    pub fn leaves(&self) -> Option<&Identity> {
        [self.idk.1.as_ref(), self.pidk.as_ref().map(|(_, state)| state)]
            .into_iter()
            .flatten()
            .find_map(|state| match state {
                KeyState::Live(identity) => Some(identity),
                KeyState::Unknown | KeyState::Superseded => None,
            })
    }
}
