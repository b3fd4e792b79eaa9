use std::path::Path;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{
    Change, Epoch, Identity, IdentityStore, KeyState, KeyWrite, Lookup, Presence, Swap, UserId,
    Version,
};
use tower_sqrl_core::protocol::{Idk, Suk, Vuk};

use crate::error::OpenError;
use crate::open::{Durability, Part, open};
use crate::worker::Worker;

const PART: Part =
    Part { name: "identity", steps: &[include_str!("../migrations/identity_1.sql")] };

/// A store of identities, in the table `sqrl_identity` with one row per key, live or superseded.
///
/// Every change waits for the disk (write-ahead log, `synchronous=full`), so it survives a power cut once
/// the client has its reply.
#[derive(Debug)]
pub struct SqliteIdentityStore {
    worker: Worker,
}

impl SqliteIdentityStore {
    /// Opens or creates the file, and brings its tables up to date.
    ///
    /// Blocks the thread, for at most ten seconds if other processes use the file. Call it at start-up.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        open(Some(path.as_ref()), &PART, Durability::Full).map(|worker| Self { worker })
    }

    /// Opens a database in memory, which ends with the store. Use it in tests.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn in_memory() -> Result<Self, OpenError> {
        open(None, &PART, Durability::Full).map(|worker| Self { worker })
    }
}

#[async_trait]
impl IdentityStore for SqliteIdentityStore {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        let (idk, pidk) = (*idk, pidk.copied());
        self.worker.read(move |connection| look_up(connection, &idk, pidk.as_ref())).await
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        let change = change.clone();
        self.worker
            .write(move |connection| {
                for write in change.key_writes() {
                    if presence(connection, write.key)? != write.expected {
                        return Ok(Swap::Lost);
                    }
                }
                for write in change.key_writes() {
                    apply(connection, &write)?;
                }
                Ok(Swap::Done)
            })
            .await
    }
}

/// Reads both keys in one statement, so at one moment.
fn look_up(connection: &Connection, idk: &Idk, pidk: Option<&Idk>) -> rusqlite::Result<Lookup> {
    let mut select = connection.prepare_cached(
        "select state, suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version,
                strangers, idk
         from sqrl_identity where idk in (?1, ?2)",
    )?;
    let keys = params![idk.as_bytes(), pidk.unwrap_or(idk).as_bytes()];
    let rows = select
        .query_map(keys, |row| Ok((Idk::from_bytes(row.get(10)?), state(row)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Lookup::from_rows(idk, pidk, rows))
}

fn state(row: &Row<'_>) -> rusqlite::Result<KeyState> {
    if is_superseded(row)? {
        return Ok(KeyState::Superseded);
    }
    let mut identity = Identity::new(
        Suk::from_bytes(row.get(1)?),
        Vuk::from_bytes(row.get(2)?),
        Epoch::new(row.get::<_, i64>(7)?.cast_unsigned()),
        Version::new(row.get::<_, i64>(8)?.cast_unsigned()),
    );
    identity.user = row.get::<_, Option<Box<str>>>(3)?.map(UserId::from);
    identity.sqrlonly = row.get(4)?;
    identity.hardlock = row.get(5)?;
    identity.disabled = row.get(6)?;
    identity.never_current_keys = row.get(9)?;
    Ok(KeyState::Live(identity))
}

/// Whether a row, with `state` in its first column, is superseded. The table allows two values.
fn is_superseded(row: &Row<'_>) -> rusqlite::Result<bool> {
    Ok(row.get_ref(0)?.as_str()? == "superseded")
}

fn presence(connection: &Connection, key: &Idk) -> rusqlite::Result<Presence> {
    let found = connection
        .prepare_cached("select state, version from sqrl_identity where idk = ?1")?
        .query_row([key.as_bytes()], |row| {
            if is_superseded(row)? {
                return Ok(Presence::Superseded);
            }
            Ok(Presence::Live(Version::new(row.get::<_, i64>(1)?.cast_unsigned())))
        })
        .optional()?;
    Ok(found.unwrap_or(Presence::Absent))
}

/// Writes the row of a key. Only a removal deletes it: a `replace` would delete it first, and with it the
/// application's rows that refer to it.
fn apply(connection: &Connection, write: &KeyWrite<'_>) -> rusqlite::Result<()> {
    let key = write.key.as_bytes();
    let (state, identity) = match write.write {
        None => return Ok(()),
        Some(KeyState::Unknown) => {
            connection
                .prepare_cached("delete from sqrl_identity where idk = ?1")?
                .execute([key])?;
            return Ok(());
        }
        Some(KeyState::Superseded) => ("superseded", None),
        Some(KeyState::Live(identity)) => ("live", Some(identity)),
    };
    connection
        .prepare_cached(
            "insert into sqrl_identity
                (idk, state, suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version,
                 strangers)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             on conflict (idk) do update set
                state = excluded.state, suk = excluded.suk, vuk = excluded.vuk,
                user_id = excluded.user_id, sqrlonly = excluded.sqrlonly,
                hardlock = excluded.hardlock, disabled = excluded.disabled,
                epoch = excluded.epoch, version = excluded.version,
                strangers = excluded.strangers",
        )?
        .execute(params![
            key,
            state,
            identity.map(|identity| identity.suk.as_bytes()),
            identity.map(|identity| identity.vuk.as_bytes()),
            identity.and_then(|identity| identity.user.as_ref()).map(UserId::as_str),
            identity.map(|identity| identity.sqrlonly),
            identity.map(|identity| identity.hardlock),
            identity.map(|identity| identity.disabled),
            identity.map(|identity| identity.epoch.get().cast_signed()),
            identity.map(|identity| identity.version.get().cast_signed()),
            identity.map(|identity| identity.never_current_keys),
        ])?;
    Ok(())
}
