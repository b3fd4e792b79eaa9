//! What several tests need.
#![allow(dead_code, unreachable_pub, reason = "every test uses its own part of it")]

use std::path::PathBuf;

use tempfile::TempDir;
use tower_sqrl_core::identities::{Epoch, Identity, UserId, Version};
use tower_sqrl_core::protocol::{Idk, Suk, Vuk};

/// A path for a database in a directory that is gone with it.
///
/// In memory, where the system has a place for that: no test is about the disk, and on a busy
/// one a write takes longer than the stores wait.
pub struct File {
    directory: TempDir,
}

impl File {
    pub fn new() -> Self {
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self { directory: directory.expect("a directory") }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("sqrl.sqlite")
    }

    /// What another program sees.
    pub fn connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).expect("the same file")
    }
}

pub fn idk(number: u8) -> Idk {
    Idk::from_bytes([number; 32])
}

/// A live row with every field set, and numbers that are negative as an `i64`.
pub fn identity(version: u64) -> Identity {
    let (suk, vuk) = (Suk::from_bytes([101; 32]), Vuk::from_bytes([102; 32]));
    let (epoch, version) = (Epoch::new(u64::MAX - version), Version::new(version));
    let mut identity = Identity::new(suk, vuk, epoch, version);
    identity.user = Some(UserId::from("räksmörgås"));
    identity.sqrlonly = true;
    identity.disabled = true;
    identity.never_current_keys = 16;
    identity
}
