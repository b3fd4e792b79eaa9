//! A nut store on files, for the processes of one machine. `docs/guide/own_store.md` explains it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::{task::spawn_blocking, time::timeout};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{RecordKind, RecordStore};

/// A directory with a file for each record. The file's time of modification is when it expires.
#[derive(Debug, Clone)]
pub struct FileStore(pub PathBuf);

impl RecordStore for FileStore {
    async fn create(
        &self,
        kind: RecordKind,
        key: &[u8; 16],
        record: Vec<u8>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let create = move |path: &Path| {
            let is_free = read(path)?.is_none();
            if is_free {
                fs::write(path, record)?;
                File::open(path)?.set_modified(SystemTime::now() + ttl)?;
            }
            Ok(is_free)
        };
        let created = self.locked(kind, key, create).await?;
        if created { Ok(()) } else { Err(StoreError::conflict()) }
    }

    async fn get(&self, kind: RecordKind, key: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.locked(kind, key, read).await
    }

    async fn take(&self, kind: RecordKind, key: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let take = |path: &Path| {
            let record = read(path)?;
            record.map(|record| fs::remove_file(path).map(|()| record)).transpose()
        };
        self.locked(kind, key, take).await
    }
}

impl FileStore {
    /// Runs `work` on the record's file while no other process works in the directory.
    async fn locked<T: Send + 'static>(
        &self,
        kind: RecordKind,
        key: &[u8; 16],
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let directory = self.0.clone();
        let name = format!("{}-{:032x}", kind.as_str(), u128::from_be_bytes(*key));
        let work = spawn_blocking(move || {
            let lock = File::open(&directory)?;
            lock.lock()?; // until `lock` is dropped
            work(&directory.join(name))
        });
        let done = timeout(Duration::from_secs(2), work).await.map_err(StoreError::unavailable)?;
        done.map_err(StoreError::unavailable)?.map_err(StoreError::unavailable)
    }
}

/// Returns the record, or removes the file if the record has expired.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match path.metadata() {
        Ok(file) if file.modified()? > SystemTime::now() => fs::read(path).map(Some),
        Ok(_) => fs::remove_file(path).map(|()| None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
