//! What is written down about sign-ins.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

/// The parts of a sign-in whose latency is kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Page,
    Link,
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
        Self::Link,
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
            Self::Link => "link",
            Self::Qr => "qr",
            Self::Query => "query",
            Self::Ident => "ident",
            Self::Wait => "wait",
            Self::Cps => "cps",
            Self::Landing => "landing",
        }
    }
}

/// Latencies of one thread, or of all.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) login: Histogram<u64>,
    pub(super) steps: [Histogram<u64>; Step::ALL.len()],
    /// How often each failure happened, in words.
    pub(super) failures: BTreeMap<String, u64>,
}

/// So many different failures are told apart.
const KINDS_OF_FAILURE: usize = 20;

impl Measured {
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

    pub(super) fn failure(&mut self, why: String) {
        self.failures(why, 1);
    }

    fn failures(&mut self, why: String, times: u64) {
        let known = self.failures.len() < KINDS_OF_FAILURE || self.failures.contains_key(&why);
        let why = if known { why } else { "others".to_owned() };
        *self.failures.entry(why).or_default() += times;
    }

    pub(super) fn add(&mut self, other: Self) {
        // Of the same bounds, so that adding cannot fail.
        let _ = self.login.add(other.login);
        for (mine, theirs) in self.steps.iter_mut().zip(other.steps) {
            let _ = mine.add(theirs);
        }
        for (why, times) in other.failures {
            self.failures(why, times);
        }
    }
}

/// One nanosecond to a minute, to three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("valid bounds")
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}
