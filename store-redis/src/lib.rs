#![doc = include_str!("../README.md")]

mod builder;
mod call;
mod check;
mod cluster;
mod connect;
mod error;
mod keys;
mod lanes;
mod link;
mod refusal;
mod renewed;
mod slots;
mod store;
mod subscriber;
mod topology;

pub use builder::RedisNutStoreBuilder;
pub use error::RedisConfigError;
pub use store::RedisNutStore;
