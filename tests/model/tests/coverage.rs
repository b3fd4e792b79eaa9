//! The random histories reach every rule of the model.

use model::{Summary, fixed_histories, run_model};

/// Enough histories to reach every rule at least once.
const HISTORIES: usize = 500;

fn all() -> Summary {
    let mut all = Summary::default();
    fixed_histories(HISTORIES, model::MAX_CHUNKS).for_each(|history| all += run_model(&history));
    all
}

/// All rows of section 3 but 31 to 33, which need failing stores and lost swaps.
#[test]
fn the_histories_reach_every_row() {
    let all = all();
    println!("{all:?}");
    let missing = (1..=30).chain([34]).filter(|row| !all.rows.contains_key(row));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<u8>::new());
}

/// Events of sections 2 and 4.
#[test]
fn the_histories_reach_every_event() {
    let all = all();
    for event in [
        "a CPS URL for a client at another address",
        "a CPS URL of another command",
        "a SQRL URL is renewed",
        "a disable over the limit",
        "a key that was never current is superseded",
        "a new identity by linking",
        "a question for a client at another address",
        "a question is shown",
        "a refusal is stored",
        "a rekey",
        "a sign-in is replaced",
        "a wait is taken over",
        "an alias is used",
        "an alias of a dead nut",
        "an identity without an account is new",
        "an outcome after a refusal",
        "an outcome of another identity",
        "collected by CPS",
        "collected by page",
        "linking from another address",
        "outdated at the page",
        "outdated by CPS",
        "over the limit of stored data",
        "slowed down but answered",
        "slowed down without a live nut",
        "slowed down",
        "too old from another address",
    ] {
        assert!(all.events.contains_key(event), "{event}");
    }
}
