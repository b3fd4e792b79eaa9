//! Runs random histories, and shrinks the first one in which the engine and the model differ.

use std::cell::{Cell, RefCell};

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::decode::{CHUNK_LENGTH, Chunk, MAX_CHUNKS};
use crate::history::History;
use crate::summary::{Difference, Summary};

/// The environment variable with a history to run again, in hexadecimal.
const REPLAY: &str = "MODEL_REPLAY";

/// In milliseconds.
const MAX_SHRINK_TIME: u32 = 20_000;

/// Runs random histories and returns what happened in them. The environment variable
/// `PROPTEST_CASES` sets their number; the default is `cases`. With `MODEL_REPLAY`, runs that history
/// alone.
///
/// # Panics
///
/// If the engine and the model differ. The message has the shortest such history that was found.
pub fn search(cases: u32, run: impl Fn(&History) -> Result<Summary, Difference>) -> Summary {
    if let Ok(hex) = std::env::var(REPLAY) {
        return run(&History::from_bytes(&from_hex(&hex))).unwrap_or_else(|it| panic!("\n{it}"));
    }
    let cases = self::cases(cases);
    let max_shrink_time = MAX_SHRINK_TIME;
    let config = Config { cases, max_shrink_time, failure_persistence: None, ..Config::default() };
    let total = RefCell::new(Summary::default());
    let (runs, first_failure) = (Cell::new(0), Cell::new(None));
    let result = TestRunner::new(config).run(&history_bytes(MAX_CHUNKS), |bytes| {
        runs.set(runs.get() + 1);
        match run(&History::from_bytes(&bytes)) {
            Ok(summary) => *total.borrow_mut() += summary,
            Err(difference) => {
                first_failure.set(first_failure.get().or(Some(runs.get())));
                return Err(TestCaseError::fail(format!("\n{difference}")));
            }
        }
        Ok(())
    });
    match result {
        Ok(()) => total.into_inner(),
        Err(TestError::Fail(difference, bytes)) => {
            let (number, bytes) = (first_failure.get().unwrap_or_default(), to_hex(&bytes));
            panic!("{}\nHistory {number}, shortened: {REPLAY}={bytes}", difference.message())
        }
        Err(abort) => panic!("{abort}"),
    }
}

/// Runs random histories concurrently, for stores in real time. `run` receives a number that is
/// unique to the history. Otherwise like [`search`].
///
/// # Panics
///
/// As [`search`].
pub async fn search_concurrently<F>(cases: u32, run: impl Fn(History, u64) -> F) -> Summary
where
    F: Future<Output = Result<Summary, Difference>> + Send + 'static,
{
    let mut salt = 0;
    let mut run_all = async |all: Vec<Vec<u8>>| {
        let start = |bytes: &Vec<u8>| {
            salt += 1;
            tokio::spawn(run(History::from_bytes(bytes), salt))
        };
        let tasks: Vec<_> = all.iter().map(start).collect();
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
        let random = |_| history_bytes(MAX_CHUNKS).new_tree(&mut runner).expect("bytes").current();
        histories.extend((0..self::cases(cases)).map(random));
    }
    let (total, mut failed) = run_all(histories).await;
    let Some((mut bytes, mut difference)) = failed.take() else { return total };
    while let (_, Some(shorter)) = run_all(shorter(&bytes)).await {
        (bytes, difference) = shorter;
    }
    panic!("\n{difference}\nRun again: {REPLAY}={}", to_hex(&bytes))
}

/// The same history without one half, one quarter, … one single chunk.
fn shorter(bytes: &[u8]) -> Vec<Vec<u8>> {
    let chunks: Vec<_> = bytes.chunks(CHUNK_LENGTH).collect();
    let (site, chunks) = chunks.split_first().expect("a chunk for the site");
    let sizes = std::iter::successors(Some(chunks.len().div_ceil(2)), |&size| {
        (size > 1).then(|| size.div_ceil(2))
    });
    let without = |size: usize| {
        (0..chunks.len()).step_by(size).map(move |from| {
            let to = (from + size).min(chunks.len());
            [&site[..], &chunks[..from].concat(), &chunks[to..].concat()].concat()
        })
    };
    sizes.filter(|_| chunks.len() > 1).flat_map(without).collect()
}

/// The number in `PROPTEST_CASES`, or else `cases`.
fn cases(cases: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(cases)
}

/// Returns random histories that are the same on every call.
///
/// # Panics
///
/// Never. Any bytes are a valid history.
pub fn fixed_histories(count: usize, max_chunks: usize) -> impl Iterator<Item = History> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let bytes = history_bytes(max_chunks);
    (0..count).map(move |_| {
        let tree = bytes.new_tree(&mut runner).expect("bytes");
        History::from_bytes(&tree.current())
    })
}

/// The bytes of a history. They shrink by removing chunks and reducing bytes.
fn history_bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    let chunks = vec(any::<Chunk>(), 1..=max);
    (any::<Chunk>(), chunks).prop_map(|(site, chunks)| [&site[..], chunks.as_flattened()].concat())
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
