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
//! # When Postgres is away
//!
//! Every call is answered within the database's [timeout](Database::timeout), and is
//! [`Unavailable`](tower_sqrl::store::StoreErrorKind::Unavailable) then. Connections are
//! made anew by themselves: one that turns out to be dead takes the pool's idle ones with
//! it. A look that meets one is repeated once; what writes is not, because nobody knows
//! whether it was done.
//!
//! After a fail-over a URL that names all hosts finds the new primary:
//! `postgres://a,b/app?target_session_attrs=read-write`.
//!
//! # Upgrades
//!
//! A store brings its tables up to date when it is opened, one server at a time, under an
//! advisory lock. Where they are up to date it writes nothing, so that the servers' role
//! needs no more than `select, insert, update, delete` on tables that another role has
//! made (`usage` on the schema is needed too). An older release then no longer opens the
//! store ([`OpenError::Newer`]); where it has it open, it goes on.

mod database;
mod error;
mod hint;
mod identity;
mod listen;
mod migrate;
mod names;
mod nut;
mod records;
mod refusal;
mod swap;
mod sweep;

pub use database::Database;
pub use deadpool_postgres;
pub use error::OpenError;
pub use identity::PostgresIdentityStore;
pub use nut::PostgresNutStore;
pub use tokio_postgres;

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
