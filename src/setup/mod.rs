//! The builder, which puts the modules together, and its checks.

mod builder;
mod checks;
mod error;

pub use builder::SqrlBuilder;
pub use error::ConfigError;
