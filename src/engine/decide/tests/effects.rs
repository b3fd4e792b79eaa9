//! What changes and what does not, situation by situation.

use super::requests::{Keys, Pidk, Sent, Urs, seed, suk};
use super::world::{FRESH, Known, apply, current, live, look_up, previous, with};
use crate::engine::decide::{Decision, Policy, Verdict, decide};
use tower_sqrl_core::identities::{Change, Identity, KeyState, Lookup};
use tower_sqrl_core::protocol::{Command, Tif};

const IDK_OWNER: Urs = Urs::By(seed::UNLOCKS_IDK);
const PIDK_OWNER: Urs = Urs::By(seed::UNLOCKS_PIDK);
const COMMANDS: [Command; 5] =
    [Command::Query, Command::Ident, Command::Disable, Command::Enable, Command::Remove];

/// A request that leaves the flags of the world's identities alone.
fn sent(command: Command) -> Sent {
    Sent { sqrlonly: true, ..Sent::bare(command) }
}

/// The owner of the previous key goes over to the request's.
fn rekey(command: Command) -> Sent {
    Sent { pidk: Pidk::Signed, keys: Keys::Both, urs: PIDK_OWNER, ..sent(command) }
}

fn decided(sent: Sent, before: &Lookup) -> Decision {
    decide(&sent.request(), before, true, Policy { accepts_new: true }, FRESH)
}

fn after(sent: Sent, before: &Lookup) -> Lookup {
    apply(&decided(sent, before), before, &sent.request())
}

#[test]
fn with_both_keys_live_the_previous_one_stays_out_of_it() {
    let both = look_up(Known::Enabled, Some(Known::Disabled));
    for command in COMMANDS {
        let mine = Sent { pidk: Pidk::Signed, keys: Keys::Both, urs: IDK_OWNER, ..sent(command) };
        let decision = decided(mine, &both);
        assert!(!decision.tif.contains(Tif::PREVIOUS_ID_MATCH), "{command}");
        assert_ne!(decision.suk, Some(previous().suk), "{command}");
        assert_eq!(after(mine, &both).pidk, both.pidk, "{command}");
    }
    // The previous identity's owner unlocks nothing but the previous identity.
    for command in [Command::Enable, Command::Remove] {
        let decision = decided(rekey(command), &both);
        assert_eq!((decision.tif.bits(), decision.change), (0xC5, None), "{command}");
    }
}

#[test]
fn a_pidk_that_does_not_count_is_as_none() {
    for (command, idk) in COMMANDS.into_iter().flat_map(|c| Known::ALL.map(|idk| (c, idk))) {
        let bare = Sent { keys: Keys::Both, urs: PIDK_OWNER, asks_suk: true, ..sent(command) };
        let without = look_up(idk, None);
        let expected = decided(bare, &without);
        // Row 5 and the request's own key: there is not even a key to look up.
        for pidk in [Pidk::Unsigned, Pidk::OwnIdk] {
            let sent = Sent { pidk, ..bare };
            assert_eq!(sent.request().pidk(), None);
            assert_eq!(decided(sent, &without), expected, "{command} {idk:?} {pidk:?}");
        }
        // Superseded: proved, and yet worth nothing.
        let sent = Sent { pidk: Pidk::Signed, ..bare };
        let superseded = look_up(idk, Some(Known::Superseded));
        let decision = decided(sent, &superseded);
        let replied = |decision: &Decision| (decision.tif, decision.suk, decision.verdict);
        assert_eq!(replied(&decision), replied(&expected), "{command} {idk:?}");
        assert_eq!(after(sent, &superseded).idk, after(bare, &without).idk, "{command} {idk:?}");
        assert_eq!(after(sent, &superseded).pidk, superseded.pidk, "{command} {idk:?}");
    }
}

#[test]
fn after_a_rekey_opt_suk_gives_the_new_one() {
    for known in [Known::Enabled, Known::Disabled] {
        let before = look_up(Known::Unknown, Some(known));
        for command in [Command::Ident, Command::Enable] {
            let sent = rekey(command);
            assert_eq!(decided(sent, &before).suk, None, "{command}");
            let decision = decided(Sent { asks_suk: true, ..sent }, &before);
            assert_eq!(decision.suk, Some(suk(seed::NEW)), "{command}");
        }
    }
}

/// One signature proves one request: what an owner signed once unlocks nothing else.
#[test]
fn a_replayed_urs_proves_nothing() {
    for command in [Command::Enable, Command::Remove] {
        let replayed = Sent { urs: Urs::ReplayedBy(seed::UNLOCKS_IDK), ..sent(command) };
        let decision = decided(replayed, &look_up(Known::Disabled, None));
        assert_eq!((decision.tif.bits(), decision.change), (0xCD, None), "{command}");
    }
    for command in [Command::Ident, Command::Enable, Command::Remove] {
        let replayed = Sent { urs: Urs::ReplayedBy(seed::UNLOCKS_PIDK), ..rekey(command) };
        let decision = decided(replayed, &look_up(Known::Unknown, Some(Known::Enabled)));
        assert_eq!((decision.tif.bits(), decision.change), (0xC6, None), "{command}");
    }
}

#[test]
fn the_epoch_changes_with_disable_enable_rekey_and_remove_and_nothing_else() {
    use Command::{Disable, Enable, Ident, Query};
    let changed_flags = |sent| Sent { sqrlonly: false, hardlock: true, ..sent };
    for (command, known, turns) in [
        (Query, Known::Enabled, false),
        (Query, Known::Disabled, false),
        (Ident, Known::Enabled, false),
        (Ident, Known::Disabled, false),
        (Disable, Known::Enabled, true),
        (Disable, Known::Disabled, false),
        (Enable, Known::Disabled, true),
        (Enable, Known::Enabled, false),
    ] {
        let epoch = |before: &Identity| if turns { FRESH.epoch } else { before.epoch };
        for flags in [|sent| sent, changed_flags] {
            let mine = flags(Sent { urs: IDK_OWNER, ..sent(command) });
            let state = after(mine, &look_up(known, None)).idk;
            assert_eq!(live(&state).epoch, epoch(&current()), "{command} {known:?}");

            // With a stranger to supersede, too.
            let mine = Sent { pidk: Pidk::Signed, ..mine };
            let state = after(mine, &look_up(known, Some(Known::Unknown))).idk;
            assert_eq!(live(&state).epoch, epoch(&current()), "{command} {known:?}");

            // In place, under the previous key.
            let theirs = flags(Sent { keys: Keys::None, ..rekey(command) });
            let state = after(theirs, &look_up(Known::Unknown, Some(known))).pidk;
            let state = state.expect("looked up");
            assert_eq!(live(&state).epoch, epoch(&previous()), "{command} {known:?}");
        }
    }
    for (command, known) in [Ident, Disable, Enable]
        .into_iter()
        .flat_map(|command| [Known::Enabled, Known::Disabled].map(|known| (command, known)))
    {
        let state = after(rekey(command), &look_up(Known::Unknown, Some(known))).idk;
        assert_eq!(live(&state).epoch, FRESH.epoch, "{command} {known:?}");
    }
    // Removed, and known once more: not the epoch of before.
    let removed =
        after(Sent { urs: IDK_OWNER, ..sent(Command::Remove) }, &look_up(Known::Enabled, None));
    assert_eq!(removed.idk, KeyState::Unknown);
    let again = after(Sent { keys: Keys::Both, ..sent(Ident) }, &removed);
    assert_eq!(live(&again.idk).epoch, FRESH.epoch);
}

#[test]
fn what_is_so_already_is_not_written() {
    for (command, known, tif) in [
        (Command::Ident, Known::Enabled, 0x5),
        (Command::Disable, Known::Disabled, 0xD),
        (Command::Enable, Known::Enabled, 0x5),
    ] {
        let mine = Sent { urs: IDK_OWNER, ..sent(command) };
        let decision = decided(mine, &look_up(known, None));
        assert_eq!((decision.tif.bits(), decision.change), (tif, None), "{command}");
    }
    for (command, known, tif) in
        [(Command::Disable, Known::Disabled, 0xE), (Command::Enable, Known::Enabled, 0x6)]
    {
        let theirs = Sent { keys: Keys::None, ..rekey(command) };
        let decision = decided(theirs, &look_up(Known::Unknown, Some(known)));
        assert_eq!((decision.tif.bits(), decision.change), (tif, None), "{command}");
        assert_eq!((decision.suk, decision.verdict), (Some(previous().suk), Verdict::Done));
    }
}

#[test]
fn each_flag_is_kept_for_itself_and_absent_means_off() {
    let either = [false, true];
    for (sqrlonly, hardlock) in either.into_iter().flat_map(|s| either.map(|h| (s, h))) {
        let flags = |sent| Sent { sqrlonly, hardlock, urs: IDK_OWNER, ..sent };
        let kept = |state: &KeyState| (live(state).sqrlonly, live(state).hardlock);
        for command in [Command::Ident, Command::Disable, Command::Enable] {
            let mine = flags(Sent::bare(command));
            let state = after(mine, &look_up(Known::Enabled, None)).idk;
            assert_eq!(kept(&state), (sqrlonly, hardlock), "{command}");
        }
        let new = Sent { keys: Keys::Both, ..flags(Sent::bare(Command::Ident)) };
        let state = after(new, &look_up(Known::Unknown, None)).idk;
        assert_eq!(kept(&state), (sqrlonly, hardlock));
    }
}

/// The guard of the guard: whatever is decided, a disabled row stays disabled without proof.
#[test]
fn a_set_neither_enables_nor_changes_keys() {
    let disabled = with(current(), |it| it.disabled = true);
    let wish = with(previous(), |it| it.disabled = false);
    let change = Change::set(super::requests::idk(seed::IDK), &disabled, wish);
    let written = change.resulting_identity().expect("a live row");
    assert!(written.disabled);
    assert_eq!((written.suk, written.vuk), (current().suk, current().vuk));
}

#[test]
fn a_proof_is_for_one_identity() {
    let request = rekey(Command::Ident).request();
    let proof = request.prove_unlock(&previous().vuk).expect("its owner's");
    let (new, old) = (*request.idk(), *request.pidk().expect("proved"));
    for (identity, its) in [(previous(), true), (current(), false)] {
        let next = || identity.clone();
        assert_eq!(Change::unlock(old, &identity, next(), &proof).is_some(), its);
        assert_eq!(Change::rekey(new, old, &identity, Some(next()), &proof).is_some(), its);
        assert_eq!(Change::remove(old, &identity, &proof).is_some(), its);
    }
}
