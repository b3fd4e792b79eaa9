//! The results of histories.

use std::collections::BTreeMap;
use std::fmt;

/// What happened in one or more histories.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The number of steps that were compared.
    pub steps: usize,
    /// How often each row of section 3 of `docs/protocol.md` applied.
    pub rows: BTreeMap<u8, usize>,
    /// How often other notable events happened.
    pub events: BTreeMap<&'static str, usize>,
}

impl std::ops::AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        for (row, times) in other.rows {
            *self.rows.entry(row).or_default() += times;
        }
        for (event, times) in other.events {
            *self.events.entry(event).or_default() += times;
        }
    }
}

/// A step whose result differs between the engine and the model. `Display` prints the history up to
/// that step.
#[derive(Debug, Clone)]
pub struct Difference {
    /// One line for each step. The last one differs.
    pub steps: Vec<String>,
    /// The model's result.
    pub expected: String,
    /// The engine's result.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in (1..).zip(&self.steps) {
            writeln!(f, "{number:>3}. {line}")?;
        }
        writeln!(f, "the model says  {}", self.expected)?;
        write!(f, "the engine says {}", self.found)
    }
}

impl std::error::Error for Difference {}
