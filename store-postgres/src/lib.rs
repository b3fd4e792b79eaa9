//! Keeps what [tower-sqrl](tower_sqrl) remembers in PostgreSQL, for any number of servers.
//!
//! - [`PostgresIdentityStore`]: identities, for ever.
//! - [`PostgresNutStore`]: sign-ins under way, for servers that have Postgres and want
//!   nothing else.
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
//! With a pool of your own, and the TLS connector that you use:
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
//! returns [`Unavailable`](tower_sqrl_core::StoreErrorKind::Unavailable). The stores reconnect by
//! themselves: a connection that fails or gives no answer takes the pool's idle ones with it. A call
//! that only reads is then repeated once. A write is not, because nobody knows whether it was done;
//! the server is asked to cancel it.
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
//! `postgres://a,b/app`. Where an address leads to a standby for a while, writes and identity look-ups
//! fail, and the connections to it are closed. The first write after it leads back succeeds.
//!
//! # Rights and upgrades
//!
//! A store creates and updates its tables when it is opened, one server at a time, under an advisory
//! lock. Where they are up to date it writes nothing. The servers' role then needs `usage` on the
//! schema, `select` on `sqrl_schema`, and `select, insert, update, delete` on the store's table; another
//! role may have created them. A right that is missing is an error when the store is opened
//! ([`OpenError::NotPermitted`]).
//!
//! An older release no longer opens a store that a newer one has upgraded ([`OpenError::Newer`]). Where
//! it has the store open, it goes on.

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

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
