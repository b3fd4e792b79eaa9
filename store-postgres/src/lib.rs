//! Stores for [tower-sqrl](tower_sqrl) in PostgreSQL. Any number of servers share them.
//!
//! - [`PostgresIdentityStore`] stores identities, permanently.
//! - [`PostgresNutStore`] stores sign-ins in progress, if you use Postgres and no other server.
//!
//! Both are opened on a [`Database`].
//!
//! ```no_run
//! use tower_sqrl_postgres::{Database, OpenError, PostgresIdentityStore, PostgresNutStore};
//!
//! # async fn run() -> Result<(), OpenError> {
//! let database = Database::connect_no_tls("postgres://sqrl@localhost/app")?;
//! let identities = PostgresIdentityStore::open(&database).await?;
//! let nuts = PostgresNutStore::open(&database).await?;
//! # Ok(()) }
//! ```
//!
//! With your own pool and TLS connector:
//!
//! ```no_run
//! use tower_sqrl_postgres::deadpool_postgres::{Manager, Pool};
//! use tower_sqrl_postgres::tokio_postgres::{Config, NoTls};
//! use tower_sqrl_postgres::{Database, PostgresNutStore};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config: Config = "postgres://sqrl@db.example.com/app?sslmode=require".parse()?;
//! # let connector = NoTls;
//! // let connector = tokio_postgres_rustls::MakeRustlsConnect::new(…);
//! let pool = Pool::builder(Manager::new(config.clone(), connector.clone())).build()?;
//! let database = Database::new(pool).listen_with(config, connector).schema("auth");
//! let nuts = PostgresNutStore::open(&database).await?;
//! # Ok(()) }
//! ```
//!
//! # When Postgres is unreachable
//!
//! Every call returns within the database's [timeout](Database::timeout). If it got no answer, it
//! fails with [`Unavailable`](tower_sqrl_core::StoreErrorKind::Unavailable). The stores reconnect by
//! themselves: if a connection fails or gives no answer, the store closes it and the idle ones. A call
//! that only reads is then repeated once. A write is not, because its result is unknown; the store asks
//! the server to cancel it.
//!
//! # Poolers
//!
//! The pool may lead through a pooler that lends a connection for each transaction, such as PgBouncer
//! with `pool_mode = transaction`. Every call is one unnamed statement, and leaves nothing behind on
//! the connection. Announcements do not pass a pooler: see [`Database::listen_with`].
//!
//! # Primary and standby
//!
//! The stores need the primary. After a fail-over, a URL with all hosts finds the new one:
//! `postgres://a,b/app`. While an address leads to a standby, writes and identity look-ups fail, and the
//! store closes the connections to it. The first write after the fail-over succeeds.
//!
//! # Rights and upgrades
//!
//! A store creates and updates its tables when it is opened, one server at a time, under an advisory
//! lock. If they are up to date, it writes nothing. The servers' role then needs `usage` on the
//! schema, `select` on `sqrl_schema`, and `select, insert, update, delete` on the store's table; another
//! role may have created them. A right that is missing is an error when the store is opened
//! ([`OpenError::NotPermitted`]).
//!
//! An older release no longer opens a store that a newer one has upgraded ([`OpenError::Newer`]). A server
//! of the older release that has the store open continues to work.

mod connections;
mod database;
mod error;
mod identity;
mod listen;
mod migrate;
mod names;
mod nuts;
mod pooler;
mod rights;
mod shared;
mod swap;

pub use database::Database;
pub use deadpool_postgres;
pub use error::OpenError;
pub use identity::PostgresIdentityStore;
pub use nuts::PostgresNutStore;
pub use tokio_postgres;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
