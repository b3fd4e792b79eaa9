//! What the random histories reach.

use model::{Summary, imagine, same_histories};

/// So many histories of the length that the tests play bring every situation at least once.
const HISTORIES: usize = 500;

fn all() -> Summary {
    let mut all = Summary::default();
    same_histories(HISTORIES, model::MOST_CARDS).for_each(|history| all += imagine(&history));
    all
}

/// Of section 3, all but 31 to 33: a store's failures, and swaps that are lost.
#[test]
fn the_histories_reach_every_row() {
    let all = all();
    println!("{all:?}");
    let missing = (1..=30).chain([34]).filter(|row| !all.rows.contains_key(row));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<u8>::new());
}

/// Of sections 2 and 4.
#[test]
fn the_histories_reach_what_happens_in_browsers() {
    let all = all();
    for event in [
        "a CPS URL from elsewhere",
        "a CPS URL that tells",
        "a code without a second life",
        "a disable past the limit",
        "a link is renewed",
        "a new identity by a link that takes it",
        "a refusal is told",
        "a rekey",
        "a sign-in is replaced",
        "a stranger is superseded",
        "a wait is taken over",
        "an alias is used",
        "an alias of a nut that is gone",
        "an identity without an account is new",
        "an outcome beside a refusal",
        "an outcome is another's",
        "another address may not link",
        "asked after a client elsewhere",
        "asked in another browser",
        "collected by CPS",
        "collected by page",
        "outdated at the page",
        "outdated by CPS",
        "slowed down",
        "slowed down without a nut",
        "slowed down and answered",
        "too much left",
    ] {
        assert!(all.events.contains_key(event), "{event}");
    }
}
