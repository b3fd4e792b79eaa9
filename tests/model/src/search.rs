//! The search: random histories until one of them parts the engine from the model, and then
//! the shortest of its kind.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::cards::Card;
use crate::{Difference, History, Summary};

/// Where a history that failed is given to be played again, in hexadecimal.
const REPLAY: &str = "MODEL_REPLAY";

/// Milliseconds that may go into making a history shorter.
const SHRINK_FOR: u32 = 20_000;

/// Plays histories of at most so many cards, as many as `PROPTEST_CASES` says or else
/// `cases`, and says what they came to. With `MODEL_REPLAY` it plays that one alone.
///
/// # Panics
///
/// With the story of the shortest history found where the engine and the model differ.
pub fn search(
    cases: u32,
    most_cards: usize,
    play: impl Fn(&History) -> Result<Summary, Difference>,
) -> Summary {
    if let Ok(hex) = std::env::var(REPLAY) {
        return play(&History::from_bytes(&from_hex(&hex))).unwrap_or_else(|it| panic!("\n{it}"));
    }
    let cases =
        std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(cases);
    let max_shrink_time = SHRINK_FOR;
    let config = Config { cases, max_shrink_time, failure_persistence: None, ..Config::default() };
    let total = std::cell::RefCell::new(Summary::default());
    let result = TestRunner::new(config).run(&cards(most_cards), |bytes| {
        match play(&History::from_bytes(&bytes)) {
            Ok(summary) => *total.borrow_mut() += summary,
            Err(difference) => return Err(TestCaseError::fail(format!("\n{difference}"))),
        }
        Ok(())
    });
    match result {
        Ok(()) => total.into_inner(),
        Err(TestError::Fail(difference, bytes)) => {
            panic!("{}\nAgain: {REPLAY}={}", difference.message(), to_hex(&bytes))
        }
        Err(abort) => panic!("{abort}"),
    }
}

/// Histories as bytes. They shrink by leaving cards out and making what is left plainer.
fn cards(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let cards = vec(any::<Card>(), 1..=most);
    (any::<Card>(), cards).prop_map(|(site, cards)| [&site[..], cards.as_flattened()].concat())
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let byte = |pair: &[u32]| pair.iter().fold(0, |byte, digit| byte * 16 + digit);
    digits.chunks(2).filter_map(|pair| u8::try_from(byte(pair)).ok()).collect()
}
