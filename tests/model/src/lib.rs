//! An executable model of `docs/protocol.md`, and random histories that compare the engine with it.

mod decode;
mod describe;
pub mod history;
mod observation;
mod resolver;
mod run;
mod search;
pub mod spec;
mod step;
mod summary;
mod system;
pub mod values;

pub use decode::MAX_CHUNKS;
pub use history::History;
pub use run::{TOO_SLOW, run, run_model, run_on};
pub use search::{fixed_histories, search, search_concurrently};
pub use spec::Lifetimes;
pub use summary::{Difference, Summary};
pub use system::{PausedClock, Stores, SystemClock, TestClock};
