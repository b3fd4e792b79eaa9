//! Every combination, each in the one row that the table has for it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::requests::{Keys, Pidk, Sent, Urs, seed};
use super::rows::{Answer, Case, states_of_pidk};
use super::world::{FRESH, Known, apply};
use crate::engine::decide::{Decision, Policy, Verdict, decide};
use tower_sqrl_core::protocol::{Command, Request};

const COMMANDS: [Command; 6] = [
    Command::Query,
    Command::Ident,
    Command::Disable,
    Command::Enable,
    Command::Remove,
    Command::Unknown,
];
const KEYS: [Keys; 4] = [Keys::Both, Keys::OnlySuk, Keys::OnlyVuk, Keys::None];
/// Whichever identity is meant, one of them is its owner's and another is somebody else's.
const URS: [Urs; 5] = [
    Urs::Missing,
    Urs::Garbage,
    Urs::By(seed::NEW),
    Urs::By(seed::UNLOCKS_IDK),
    Urs::By(seed::UNLOCKS_PIDK),
];
/// `sqrlonly` and `hardlock`: as they are stored, and both changed.
const FLAGS: [(bool, bool); 2] = [(true, false), (false, true)];
const EITHER: [bool; 2] = [false, true];

fn all_sent() -> impl Iterator<Item = Sent> {
    let pidks = [Pidk::None, Pidk::Signed];
    product(COMMANDS, pidks).flat_map(move |(command, pidk)| {
        product(KEYS, URS).flat_map(move |(keys, urs)| {
            product(EITHER, FLAGS).map(move |(asks_suk, (sqrlonly, hardlock))| Sent {
                command,
                pidk,
                keys,
                urs,
                asks_suk,
                sqrlonly,
                hardlock,
            })
        })
    })
}

fn product<A: Copy, B: Copy, const M: usize, const N: usize>(
    a: [A; M],
    b: [B; N],
) -> impl Iterator<Item = (A, B)> {
    a.into_iter().flat_map(move |a| b.into_iter().map(move |b| (a, b)))
}

fn cases_of(sent: Sent) -> impl Iterator<Item = Case> {
    let both = move |idk| states_of_pidk(sent).into_iter().map(move |pidk| (idk, pidk));
    Known::ALL.into_iter().flat_map(both).flat_map(move |(idk, pidk)| {
        product(EITHER, EITHER).map(move |(ips_match, accepts_new)| Case {
            sent,
            idk,
            pidk,
            ips_match,
            accepts_new,
        })
    })
}

/// A situation and what is decided in it.
struct Decided {
    case: Case,
    request: &'static Request,
    decision: Decision,
}

static DECIDED: LazyLock<Vec<Decided>> = LazyLock::new(|| {
    let decided = |sent: Sent| {
        // Lives as long as the test's process, like the decisions about it.
        let request: &'static Request = Box::leak(Box::new(sent.request()));
        cases_of(sent).map(move |case| {
            let policy = Policy { accepts_new: case.accepts_new };
            let decision = decide(request, &case.before(), case.ips_match, policy, FRESH);
            Decided { case, request, decision }
        })
    };
    all_sent().flat_map(decided).collect()
});

/// What is to be seen of a decision: its reply, and what a store holds afterwards.
fn seen(Decided { case, request, decision }: &Decided) -> Answer {
    Answer {
        tif: decision.tif.bits(),
        suk: decision.suk,
        verdict: decision.verdict,
        after: apply(decision, &case.before(), request),
    }
}

#[test]
fn every_combination_is_answered_as_its_row_says() {
    let mut hits = BTreeMap::<u8, usize>::new();
    for decided in &*DECIDED {
        let (row, expected) = decided.case.answer();
        assert_eq!(seen(decided), expected, "row {row}: {:?}", decided.case);
        let is_written = decided.decision.change.is_some();
        let changes = expected.after != decided.case.before();
        assert_eq!(is_written, changes, "row {row} writes what changes: {:?}", decided.case);
        *hits.entry(row).or_default() += 1;
    }
    let decided_here = (1..=23).filter(|row| ![5, 6].contains(row));
    assert!(hits.keys().copied().eq(decided_here), "each row is met: {hits:?}");
    // 4 states of idk, with none of pidk or one of 4, under 480 requests each.
    assert_eq!(hits.values().sum::<usize>(), 480 * 4 * (1 + 4) * 4);
}

#[test]
fn no_refusal_and_no_query_ever_writes() {
    for Decided { case, decision, .. } in &*DECIDED {
        let failed = decision.tif.bits() & 0x40 != 0;
        assert_eq!(failed, decision.verdict == Verdict::Refused, "{case:?}");
        assert_eq!(case.sent.command == Command::Query && !failed, {
            decision.verdict == Verdict::Answered
        });
        if failed || case.sent.command == Command::Query {
            assert_eq!(decision.change, None, "{case:?}");
        }
    }
}

/// Whatever the rows say: an attacker without the owner's signature gains nothing.
#[test]
fn without_its_owners_urs_no_identity_is_unlocked() {
    let owners = [Urs::By(seed::UNLOCKS_IDK), Urs::By(seed::UNLOCKS_PIDK)];
    for decided in DECIDED.iter().filter(|decided| !owners.contains(&decided.case.sent.urs)) {
        let case = decided.case;
        let before = case.before();
        let after = seen(decided).after;
        for (before, after) in [(Some(before.idk), Some(after.idk)), (before.pidk, after.pidk)] {
            use tower_sqrl_core::identities::KeyState::Live;
            let (Some(Live(before)), Some(after)) = (before, after) else { continue };
            let Live(after) = after else { panic!("a live identity is gone: {case:?}") };
            assert_eq!((after.suk, after.vuk), (before.suk, before.vuk), "{case:?}");
            assert_eq!(after.user, before.user, "{case:?}");
            assert!(after.disabled || !before.disabled, "{case:?}");
        }
    }
}

#[test]
fn nobody_but_an_enabled_live_identity_is_signed_in() {
    let mut signed_in = 0;
    for decided in &*DECIDED {
        let Verdict::SignedIn { epoch } = decided.decision.verdict else { continue };
        let after = seen(decided).after;
        let identity = super::world::live(&after.idk);
        assert_eq!(decided.case.sent.command, Command::Ident);
        assert!(!identity.disabled && identity.epoch == epoch, "{:?}", decided.case);
        signed_in += 1;
    }
    assert_ne!(signed_in, 0);
}
