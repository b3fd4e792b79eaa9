#![doc = include_str!("../README.md")]

mod builder;
mod cached;
mod cluster;
mod connect;
mod error;
mod server;
mod slots;
mod store;
mod subscriber;
mod transport;
mod url;

pub use builder::RedisNutStoreBuilder;
pub use error::OpenError;
pub use store::RedisNutStore;
