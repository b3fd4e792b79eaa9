//! The composition root: the one place that knows every room and plugs them together.

mod builder;
mod checks;
mod error;

pub use builder::SqrlBuilder;
pub use error::ConfigError;
