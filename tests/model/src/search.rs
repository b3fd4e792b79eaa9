//! The search: random histories until one of them parts the engine from the model, and then
//! the shortest of its kind.

use std::cell::{Cell, RefCell};

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::cards::{CARD, Card, MOST_CARDS};
use crate::{Difference, History, Summary};

/// Where a history that failed is given to be played again, in hexadecimal.
const REPLAY: &str = "MODEL_REPLAY";

/// Milliseconds that may go into making a history shorter.
const SHRINK_FOR: u32 = 20_000;

/// Plays histories, as many as `PROPTEST_CASES` says or else `cases`, and says what they came
/// to. With `MODEL_REPLAY` it plays that one alone.
///
/// # Panics
///
/// With the story of the shortest history found where the engine and the model differ.
pub fn search(cases: u32, play: impl Fn(&History) -> Result<Summary, Difference>) -> Summary {
    if let Ok(hex) = std::env::var(REPLAY) {
        return play(&History::from_bytes(&from_hex(&hex))).unwrap_or_else(|it| panic!("\n{it}"));
    }
    let cases = self::cases(cases);
    let max_shrink_time = SHRINK_FOR;
    let config = Config { cases, max_shrink_time, failure_persistence: None, ..Config::default() };
    let total = RefCell::new(Summary::default());
    let (played, parted) = (Cell::new(0), Cell::new(None));
    let result = TestRunner::new(config).run(&cards(MOST_CARDS), |bytes| {
        played.set(played.get() + 1);
        match play(&History::from_bytes(&bytes)) {
            Ok(summary) => *total.borrow_mut() += summary,
            Err(difference) => {
                parted.set(parted.get().or(Some(played.get())));
                return Err(TestCaseError::fail(format!("\n{difference}")));
            }
        }
        Ok(())
    });
    match result {
        Ok(()) => total.into_inner(),
        Err(TestError::Fail(difference, bytes)) => {
            let (number, bytes) = (parted.get().unwrap_or_default(), to_hex(&bytes));
            panic!("{}\nHistory {number}, shortened: {REPLAY}={bytes}", difference.message())
        }
        Err(abort) => panic!("{abort}"),
    }
}

/// Plays as many histories side by side, for stores whose time passes by itself, and says what
/// they came to. `play` gets a number that is nobody else's.
///
/// # Panics
///
/// As [`search`]: a history that fails is played again with parts of it left out.
pub async fn search_together<F>(cases: u32, play: impl Fn(History, u64) -> F) -> Summary
where
    F: Future<Output = Result<Summary, Difference>> + Send + 'static,
{
    let mut salt = 0;
    let mut together = async |all: Vec<Vec<u8>>| {
        let begin = |bytes: &Vec<u8>| {
            salt += 1;
            tokio::spawn(play(History::from_bytes(bytes), salt))
        };
        let tasks: Vec<_> = all.iter().map(begin).collect();
        let mut total = Summary::default();
        let mut failed: Option<(Vec<u8>, Difference)> = None;
        for (bytes, task) in all.into_iter().zip(tasks) {
            match task.await.expect("no panic") {
                Ok(summary) => total += summary,
                Err(it) if failed.as_ref().is_none_or(|(best, _)| bytes.len() < best.len()) => {
                    failed = Some((bytes, it));
                }
                Err(_) => {}
            }
        }
        (total, failed)
    };

    let mut histories = Vec::new();
    if let Ok(hex) = std::env::var(REPLAY) {
        histories.push(from_hex(&hex));
    } else {
        let mut runner = TestRunner::new(Config::default());
        let draw = |_| cards(MOST_CARDS).new_tree(&mut runner).expect("bytes").current();
        histories.extend((0..self::cases(cases)).map(draw));
    }
    let (total, mut failed) = together(histories).await;
    let Some((mut bytes, mut difference)) = failed.take() else { return total };
    while let (_, Some(shorter)) = together(shorter(&bytes)).await {
        (bytes, difference) = shorter;
    }
    panic!("\n{difference}\nAgain: {REPLAY}={}", to_hex(&bytes))
}

/// The same history with a half, a quarter, … a single card left out.
fn shorter(bytes: &[u8]) -> Vec<Vec<u8>> {
    let cards: Vec<_> = bytes.chunks(CARD).collect();
    let (site, cards) = cards.split_first().expect("a card for the site");
    let sizes = std::iter::successors(Some(cards.len().div_ceil(2)), |&size| {
        (size > 1).then(|| size.div_ceil(2))
    });
    let without = |size: usize| {
        (0..cards.len()).step_by(size).map(move |from| {
            let to = (from + size).min(cards.len());
            [&site[..], &cards[..from].concat(), &cards[to..].concat()].concat()
        })
    };
    sizes.filter(|_| cards.len() > 1).flat_map(without).collect()
}

/// As many as `PROPTEST_CASES` says.
fn cases(cases: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(cases)
}

/// So many histories, the same every time.
///
/// # Panics
///
/// Never: every byte is part of a history.
pub fn same_histories(count: usize, most_cards: usize) -> impl Iterator<Item = History> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let cards = cards(most_cards);
    (0..count).map(move |_| {
        let tree = cards.new_tree(&mut runner).expect("bytes");
        History::from_bytes(&tree.current())
    })
}

/// Histories as bytes. They shrink by leaving cards out and making what is left plainer.
fn cards(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let cards = vec(any::<Card>(), 1..=most);
    (any::<Card>(), cards).prop_map(|(site, cards)| [&site[..], cards.as_flattened()].concat())
}

fn to_hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(digit.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let byte = |pair: &[u32]| pair.iter().fold(0, |byte, digit| byte * 16 + digit);
    digits.chunks(2).filter_map(|pair| u8::try_from(byte(pair)).ok()).collect()
}
