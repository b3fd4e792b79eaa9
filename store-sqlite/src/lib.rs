//! Stores for [tower-sqrl](tower_sqrl) in SQLite: no server to install, and one file to back up.
//!
//! - [`SqliteIdentityStore`] stores identities, permanently. A change is on the disk before the client has
//!   its reply.
//! - [`SqliteNutStore`] stores sign-ins in progress that must survive a restart of the process, or that
//!   several processes on one machine share.
//!
//! Both may use the same file, and the file may also be the application's: the names of all tables start
//! with `sqrl_`. Several processes may have it open. Do not put it on a network file system.
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
//! let unknown = identities.look_up(&Idk::from_bytes([1; 32]), None).await?;
//! assert_eq!(unknown.idk, KeyState::Unknown);
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! A store has a thread for everything that waits: for the disk (`fsync`), for other processes, and for
//! the write-ahead log to be emptied. Up to 1024 calls wait in its queue. Calls that wait together share a
//! transaction. A call fails with [`Unavailable`](tower_sqrl_core::StoreErrorKind::Unavailable) if it gets
//! no answer within two seconds, or if the queue is full.
//!
//! Reads, and the writes of [`SqliteNutStore`], do not wait for `fsync`. They run on the caller's thread
//! where possible. One takes about ten microseconds, less than the verification of a signature on the same
//! thread; another thread would cost several times as much. After a read or write that took more than
//! five milliseconds, because of the disk or a busy processor, the store's thread does the work for twenty
//! times as long. So a slow disk blocks the threads of the runtime for at most a twentieth of the time.
//!
//! The thread ends when the store is dropped, after the calls in progress.
//!
//! # Upgrades
//!
//! A store brings its tables up to date when it is opened. An older release then no longer opens the file
//! ([`OpenError::Newer`]). A process of the older release that has the file open continues to work.

mod error;
mod identity;
mod inline;
mod job;
mod nuts;
mod open;
mod readers;
mod worker;

pub use error::OpenError;
pub use identity::SqliteIdentityStore;
pub use nuts::SqliteNutStore;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
