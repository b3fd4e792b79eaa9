//! Latencies and failures of sign-ins.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

/// The steps of a sign-in, each with its own latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Page,
    Url,
    Qr,
    Query,
    Ident,
    Wait,
    Cps,
    Landing,
}

impl Step {
    pub(super) const ALL: [Self; 8] = [
        Self::Page,
        Self::Url,
        Self::Qr,
        Self::Query,
        Self::Ident,
        Self::Wait,
        Self::Cps,
        Self::Landing,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Url => "url",
            Self::Qr => "qr",
            Self::Query => "query",
            Self::Ident => "ident",
            Self::Wait => "wait",
            Self::Cps => "cps",
            Self::Landing => "landing",
        }
    }
}

/// The measurements of one thread, or of all.
#[derive(Debug)]
pub(super) struct Measurements {
    pub(super) login: Histogram<u64>,
    pub(super) steps: [Histogram<u64>; Step::ALL.len()],
    /// The number of failures by message.
    pub(super) failures: BTreeMap<String, u64>,
}

/// Maximum number of different messages. More are counted as "others".
const MAX_MESSAGES: usize = 20;

impl Measurements {
    pub(super) fn new() -> Self {
        Self {
            login: histogram(),
            steps: std::array::from_fn(|_| histogram()),
            failures: BTreeMap::new(),
        }
    }

    pub(super) fn step(&mut self, step: Step, took: Duration) {
        self.steps[step as usize].saturating_record(nanoseconds(took));
    }

    pub(super) fn login(&mut self, took: Duration) {
        self.login.saturating_record(nanoseconds(took));
    }

    pub(super) fn failure(&mut self, message: String) {
        self.failures(message, 1);
    }

    fn failures(&mut self, message: String, times: u64) {
        let is_listed = self.failures.len() < MAX_MESSAGES || self.failures.contains_key(&message);
        let message = if is_listed { message } else { "others".to_owned() };
        *self.failures.entry(message).or_default() += times;
    }

    pub(super) fn add(&mut self, other: Self) {
        // Adding cannot fail, because all histograms have the same bounds.
        let _ = self.login.add(other.login);
        for (mine, theirs) in self.steps.iter_mut().zip(other.steps) {
            let _ = mine.add(theirs);
        }
        for (message, times) in other.failures {
            self.failures(message, times);
        }
    }
}

/// Returns a histogram of 1 ns to 60 s with three significant digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("valid bounds")
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}
