//! An executable reading of `docs/protocol.md`, and random histories that hold the engine
//! against it.

pub mod cards;
mod director;
pub mod history;
mod play;
mod search;
mod seen;
pub mod spec;
mod story;
pub mod words;
mod world;

pub use cards::MOST_CARDS;
pub use history::History;
pub use play::{LATE, imagine, run, run_on};
pub use search::{same_histories, search, search_together};
pub use spec::Lifetimes;
pub use world::{Passing, Paused, Real, Stores};

use std::collections::BTreeMap;
use std::fmt;

/// What a history came to.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// What was done and compared.
    pub steps: usize,
    /// How often each row of section 3 applied.
    pub rows: BTreeMap<u8, usize>,
    /// How often other things happened that matter.
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

/// Where the engine and the model part: the story as far as it went. `Display` prints it.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What happened before, a line each; the last is where they part.
    pub story: Vec<String>,
    /// What the model says.
    pub expected: String,
    /// What the engine says.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in (1..).zip(&self.story) {
            writeln!(f, "{number:>3}. {line}")?;
        }
        writeln!(f, "the model says  {}", self.expected)?;
        write!(f, "the engine says {}", self.found)
    }
}

impl std::error::Error for Difference {}
