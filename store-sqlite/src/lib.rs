//! Keeps what [tower-sqrl](tower_sqrl) remembers in SQLite: the embedded default, with
//! nothing to install and one file to back up.
//!
//! - [`SqliteIdentityStore`]: identities, for ever. What a client was told is on the disk.
//! - [`SqliteNutStore`]: sign-ins under way, where they are to survive a restart of the
//!   process, or where several processes on one machine share them.
//!
//! Both may use the same file, which may also be the application's own: every table's
//! name begins with `sqrl_`. Several processes may have it open. Network file systems
//! are not for SQLite.
//!
//! ```
//! use tower_sqrl::identity::{IdentityStore, KeyState};
//! use tower_sqrl::protocol::Idk;
//! use tower_sqrl_sqlite::SqliteIdentityStore;
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("identities.sqlite");
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let identities = SqliteIdentityStore::open(path)?;
//! let nobody = identities.look_up(&Idk::from_bytes([1; 32]), None).await?;
//! assert_eq!(nobody.idk, KeyState::Unknown);
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! Every store has one connection on one thread of its own, so that no task of the
//! application ever waits for the disk; up to 1024 calls wait in line. A call that is not
//! answered within two seconds, or finds the line full, is
//! [`Unavailable`](tower_sqrl::store::StoreErrorKind::Unavailable). The thread ends when
//! the store is dropped, after the calls that are under way.
//!
//! # Upgrades
//!
//! A store brings its tables up to date when it is opened. An older release then no
//! longer opens the file ([`OpenError::Newer`]); where it has it open, it goes on.

mod error;
mod identity;
mod migrate;
mod nut;
mod open;
mod pace;
mod readers;
mod records;
mod sweep;
mod transaction;
mod worker;

pub use error::OpenError;
pub use identity::SqliteIdentityStore;
pub use nut::SqliteNutStore;

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
