//! One sign-in at one site: a SQRL URL and the chain of requests that starts with it.

mod commands;
mod request;
mod settings;
mod state;
mod step;

pub use commands::{Outcome, Standing};
pub use settings::Answer;
pub(crate) use settings::Settings;
pub use state::Session;
pub use step::Step;
