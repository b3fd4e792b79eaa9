//! At most 16 keys that were never live here are superseded for one identity.

use super::requests::{Keys, Pidk, Sent, Urs, seed};
use super::world::{FRESH, apply, current, live, previous, with};
use crate::engine::decide::{Policy, Verdict, decide};
use tower_sqrl_core::identities::{Identity, KeyState, Lookup};
use tower_sqrl_core::protocol::{Command, Tif};

fn with_stranger(command: Command) -> Sent {
    Sent {
        pidk: Pidk::Signed,
        urs: Urs::By(seed::UNLOCKS_IDK),
        sqrlonly: true,
        ..Sent::bare(command)
    }
}

/// What becomes of both keys when a stranger comes along.
fn after(sent: Sent, identity: Identity) -> (bool, Lookup) {
    let before = Lookup::new(KeyState::Live(identity), Some(KeyState::Unknown));
    let request = sent.request();
    let decision = decide(&request, &before, true, Policy { accepts_new: true }, FRESH);
    (decision.change.is_some(), apply(&decision, &before, &request))
}

fn identity(never_current: u8, disabled: bool) -> Identity {
    with(current(), |it| (it.disabled, it.never_current_keys) = (disabled, never_current))
}

#[test]
fn the_sixteenth_stranger_joins_and_the_next_does_not() {
    for (command, disabled) in [
        (Command::Ident, false),
        (Command::Disable, false),
        (Command::Disable, true),
        (Command::Enable, false),
        (Command::Enable, true),
    ] {
        for never_current in [0, 14, 15] {
            let (written, keys) = after(with_stranger(command), identity(never_current, disabled));
            assert!(written, "{command}");
            assert_eq!(keys.pidk, Some(KeyState::Superseded), "{command} {never_current}");
            assert_eq!(live(&keys.idk).never_current_keys, never_current + 1, "{command}");
        }
        // One that is past the limit for whatever reason does not wrap around either.
        for never_current in [16, 17, u8::MAX] {
            let (written, keys) = after(with_stranger(command), identity(never_current, disabled));
            assert_eq!(keys.pidk, Some(KeyState::Unknown), "{command} {never_current}");
            assert_eq!(live(&keys.idk).never_current_keys, never_current, "{command}");
            // With the flags as they are, only a turn is left to write.
            let turns = (command == Command::Disable) != disabled;
            assert_eq!(written, turns, "{command} {disabled}");
        }
    }
}

#[test]
fn a_remove_supersedes_within_the_limit_too() {
    for (never_current, pidk) in [(15, KeyState::Superseded), (16, KeyState::Unknown)] {
        let (_, keys) = after(with_stranger(Command::Remove), identity(never_current, false));
        assert_eq!(keys, Lookup::new(KeyState::Unknown, Some(pidk)));
    }
}

/// A rekey supersedes a key that was live, which is not counted; the count goes along, so
/// that going over to ever new keys does not start it anew.
#[test]
fn a_rekey_counts_nothing_and_forgets_nothing() {
    for never_current in [0, 16] {
        let owner = with(previous(), |it| it.never_current_keys = never_current);
        let before = Lookup::new(KeyState::Unknown, Some(KeyState::Live(owner)));
        let urs = Urs::By(seed::UNLOCKS_PIDK);
        let sent = Sent { keys: Keys::Both, urs, ..with_stranger(Command::Ident) };
        let request = sent.request();
        let decision = decide(&request, &before, true, Policy { accepts_new: false }, FRESH);
        let keys = apply(&decision, &before, &request);
        assert_eq!(keys.pidk, Some(KeyState::Superseded));
        assert_eq!(live(&keys.idk).never_current_keys, never_current);
        assert_eq!(live(&keys.idk).user, previous().user);
    }
}

/// A site of known identities only signs in no identity without an account, by a rekey neither.
#[test]
fn an_identity_without_an_account_is_new() {
    let alone = with(previous(), |it| it.user = None);
    let urs = Urs::By(seed::UNLOCKS_PIDK);
    let sent = Sent { keys: Keys::Both, urs, ..with_stranger(Command::Ident) };
    let request = sent.request();
    for (idk, pidk) in
        [(KeyState::Live(alone.clone()), None), (KeyState::Unknown, Some(KeyState::Live(alone)))]
    {
        let before = Lookup::new(idk, pidk);
        let decided = |accepts_new| decide(&request, &before, true, Policy { accepts_new }, FRESH);
        let refused = decided(false);
        assert_eq!((refused.tif, refused.change), (Tif::FAILED | Tif::IPS_MATCH, None));
        assert_eq!(refused.verdict, Verdict::Refused);
        assert!(matches!(decided(true).verdict, Verdict::SignedIn { .. }));
    }
}

/// A new identity counts the key that it was created with.
#[test]
fn the_first_stranger_is_counted() {
    let before = Lookup::new(KeyState::Unknown, Some(KeyState::Unknown));
    let sent = Sent { keys: Keys::Both, ..with_stranger(Command::Ident) };
    let request = sent.request();
    let decision = decide(&request, &before, true, Policy { accepts_new: true }, FRESH);
    let keys = apply(&decision, &before, &request);
    assert_eq!(keys.pidk, Some(KeyState::Superseded));
    assert_eq!(live(&keys.idk).never_current_keys, 1);
}
