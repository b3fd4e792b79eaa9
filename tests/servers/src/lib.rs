//! Real servers for tests, on free ports of 127.0.0.1, each in its own temporary directory.
//!
//! A server is ready when its `start` function returns. The server and its files are removed when
//! its value is dropped or the test process ends, even if that is killed. A watchdog, a small shell
//! script in its own session, waits for the end of the pipe that the value holds. A server in a
//! `static` is removed when the process ends.
//!
//! Every function blocks; starting a server takes about a second. An asynchronous test can call
//! them directly, or in `spawn_blocking` if other tasks must run meanwhile. Every wait has a limit,
//! after which it returns an [`Error`] with the server's log. The crate needs Linux, because it
//! reads `/proc`.
//!
//! [`secrets`] has assertions that output does not reveal passwords.
#![allow(clippy::missing_errors_doc, reason = "the error of each function describes itself")]

mod chromedriver;
mod error;
mod nginx;
mod pgbouncer;
mod ports;
mod postgres;
mod process;
mod programs;
mod proxy;
mod redis;
pub mod secrets;
mod server;
mod user;

pub use chromedriver::Chromedriver;
pub use error::{Error, Result};
pub use nginx::Nginx;
pub use pgbouncer::Pgbouncer;
pub use ports::free as free_port;
pub use postgres::Postgres;
pub use proxy::Proxy;
pub use redis::{Redis, RedisCluster, RedisOptions, RedisSentinel};
pub use server::Server;
