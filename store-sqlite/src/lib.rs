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
//! use tower_sqrl_core::identities::{IdentityStore, KeyState};
//! use tower_sqrl_core::protocol::Idk;
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
//! A store has a thread for everything that waits: for the disk (`fsync`), for other
//! processes, and for the write-ahead log to be emptied. Up to 1024 calls wait in line.
//! Calls that wait together share a transaction. A call that is not answered within two
//! seconds, or finds the line full, is
//! [`Unavailable`](tower_sqrl_core::StoreErrorKind::Unavailable).
//!
//! Reads, and the writes of [`SqliteNutStore`], which do not wait for `fsync`, run on the
//! caller's thread where they can be done at once. One takes some ten microseconds, less than
//! the verification of a signature on the same thread; handing it to another thread costs
//! several times as much. If a read or write took more than five milliseconds, which a disk
//! or a busy processor can cause, the store's thread takes over for twenty times as long. So
//! a slow disk blocks the threads of the runtime for a twentieth of the time at most.
//!
//! The thread ends when the store is dropped, after the calls that are under way.
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
