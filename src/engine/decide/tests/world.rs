//! What the server remembers, and what a decision makes of it.

use super::requests::{idk, seed, suk, vuk};
use crate::engine::decide::{Decision, Fresh};
use tower_sqrl_core::identities::{Epoch, Identity, KeyState, Lookup, UserId, Version};
use tower_sqrl_core::protocol::Request;

/// What the server would write.
pub(super) const FRESH: Fresh = Fresh { epoch: Epoch::new(1001), version: Version::new(1002) };

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Unknown,
    Enabled,
    Disabled,
    Superseded,
}

impl Known {
    pub(super) const ALL: [Self; 4] =
        [Self::Unknown, Self::Enabled, Self::Disabled, Self::Superseded];

    pub(super) fn state(self, live: Identity) -> KeyState {
        match self {
            Self::Unknown => KeyState::Unknown,
            Self::Superseded => KeyState::Superseded,
            Self::Enabled => KeyState::Live(with(live, |it| it.disabled = false)),
            Self::Disabled => KeyState::Live(with(live, |it| it.disabled = true)),
        }
    }
}

/// The identity with other values.
pub(super) fn with(mut identity: Identity, change: impl FnOnce(&mut Identity)) -> Identity {
    change(&mut identity);
    identity
}

/// The identity that is live under the request's key: of its keys, linked, `sqrlonly`.
pub(super) fn current() -> Identity {
    identity(seed::UNLOCKS_IDK, "alice")
}

/// The identity that is live under the previous key.
pub(super) fn previous() -> Identity {
    identity(seed::UNLOCKS_PIDK, "bob")
}

fn identity(owner: u8, user: &str) -> Identity {
    let number = u64::from(owner) * 10;
    let (epoch, version) = (Epoch::new(number), Version::new(number + 1));
    let mut identity = Identity::new(suk(owner), vuk(owner), epoch, version);
    identity.user = Some(UserId::from(user));
    identity.sqrlonly = true;
    identity.never_current_keys = 3;
    identity
}

/// What a look-up of a request's keys finds.
pub(super) fn look_up(idk: Known, pidk: Option<Known>) -> Lookup {
    Lookup::new(idk.state(current()), pidk.map(|pidk| pidk.state(previous())))
}

/// The keys' states once a store has written what was decided. On the way it holds the
/// change to what a store relies on.
pub(super) fn apply(decision: &Decision, before: &Lookup, request: &Request) -> Lookup {
    let mut after = before.clone();
    let Some(change) = &decision.change else { return after };
    let writes = change.key_writes().collect::<Vec<_>>();
    assert!(writes.iter().any(|write| write.key == request.idk()), "idk is always compared");
    for write in writes {
        let state = if write.key == request.idk() {
            &mut after.idk
        } else {
            assert_eq!(Some(write.key), request.pidk(), "a key that nobody proved");
            after.pidk.as_mut().expect("a proved pidk is looked up")
        };
        assert_eq!(write.expected, state.presence(), "{:?}", write.key);
        if let Some(new) = write.write {
            assert_ne!(new, state, "a write that changes nothing");
            *state = new.clone();
        }
    }
    after
}

/// An identity but for its version.
pub(super) fn is_same(a: &Identity, b: &Identity) -> bool {
    *a == with(b.clone(), |it| it.version = a.version)
}

/// The live row in a state.
pub(super) fn live(state: &KeyState) -> &Identity {
    match state {
        KeyState::Live(identity) => identity,
        other => panic!("not live: {other:?}"),
    }
}

#[test]
fn the_world_tells_everybody_apart() {
    let keys = [seed::IDK, seed::PIDK, seed::UNLOCKS_IDK, seed::UNLOCKS_PIDK, seed::NEW];
    for (at, one) in keys.iter().enumerate() {
        for other in &keys[at + 1..] {
            assert_ne!(idk(*one), idk(*other));
            assert_ne!(suk(*one), suk(*other));
        }
    }
    assert_ne!(current().epoch, previous().epoch);
    assert!(!is_same(&current(), &previous()));
}
