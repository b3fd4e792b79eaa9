//! Real servers for tests, on free ports of 127.0.0.1, each in a temporary directory of its own.
//!
//! A server is ready when its `start` returns, and gone, its files too, when its value is dropped or
//! the test's process ends, however it ends: a small shell watchdog in a session of its own waits for
//! that ([`Redis`] and the others hold the other end of its pipe). A server in a `static` is ended
//! with the process.
//!
//! Everything blocks, for a second or so where it starts something; from asynchronous tests call it
//! directly, or in `spawn_blocking` where other tasks must go on meanwhile. Every wait has an end,
//! with an [`Error`] that shows the server's log. Linux only: it reads `/proc`.
//!
//! [`secrets`] is for what those who talk to the servers say about them.
#![allow(clippy::missing_errors_doc, reason = "each can fail as its server can, and says how")]

mod chromedriver;
mod error;
mod nginx;
mod pgbouncer;
mod ports;
mod postgres;
mod process;
mod program;
mod programs;
mod proxy;
mod redis;
pub mod secrets;
mod user;

pub use chromedriver::Chromedriver;
pub use error::{Error, Result};
pub use nginx::Nginx;
pub use pgbouncer::Pgbouncer;
pub use ports::free as free_port;
pub use postgres::Postgres;
pub use program::Program;
pub use proxy::Proxy;
pub use redis::{Redis, RedisCluster, RedisOptions, RedisSentinel};
