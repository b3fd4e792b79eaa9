use std::error::Error;

use async_trait::async_trait;
use tokio_postgres::Row;
use tower_sqrl::identity::{
    Change, Epoch, Identity, IdentityStore, KeyState, Lookup, Swap, UserId, Version,
};
use tower_sqrl::protocol::{Idk, Suk, Vuk};
use tower_sqrl::store::StoreError;

use crate::database::Database;
use crate::error::OpenError;
use crate::migrate::{Part, migrate};
use crate::swap::Writes;

const PART: Part =
    Part { name: "identity", steps: &[include_str!("../migrations/identity_1.sql")] };

const LOOK_UP: &str = "
    select idk, state, suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version, strangers
    from {schema}.{prefix}identity where idk in ($1, $2)";

/// Identities in the table `sqrl_identity`, one row per key, live or superseded.
///
/// A command's whole change is one statement. A user's name may not contain the character
/// NUL, which Postgres's text cannot.
///
/// ```no_run
/// use tower_sqrl_postgres::{Database, OpenError, PostgresIdentityStore};
///
/// # async fn example() -> Result<(), OpenError> {
/// let database = Database::connect_no_tls("postgres://sqrl@10.0.0.31/app")?.schema("auth");
/// let identities = PostgresIdentityStore::open(&database).await?;
/// # drop(identities);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct PostgresIdentityStore {
    database: Database,
    look_up: String,
    swap: String,
    /// Of the constraint that says that a key is there already.
    key_constraint: String,
}

impl PostgresIdentityStore {
    /// Opens the store and brings its tables up to date. Many servers may do so at once.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub async fn open(database: &Database) -> Result<Self, OpenError> {
        migrate(database, &PART, false).await?;
        Ok(Self {
            database: database.clone(),
            look_up: database.names.fill_in(LOOK_UP),
            swap: database.names.fill_in(include_str!("swap.sql")),
            key_constraint: database.names.fill_in("{prefix}identity_key"),
        })
    }
}

#[async_trait]
impl IdentityStore for PostgresIdentityStore {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        let keys = [idk, pidk.unwrap_or(idk)].map(|key| key.as_bytes().as_slice());
        let rows = self.database.look(&self.look_up, &[&keys[0], &keys[1]]).await?;
        let rows = rows.iter().map(state).collect::<Result<Vec<_>, _>>();
        Ok(Lookup::from_rows(idk, pidk, rows.map_err(StoreError::corrupt)?))
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        let writes = Writes::of(change);
        let agreed = match self.database.write(&self.swap, &writes.parameters()).await {
            Ok(rows) => rows.first().map(|row| row.try_get(0)),
            // Undone over and over again: that many others write these keys.
            Err(error) if error.is_undone() => return Ok(Swap::Lost),
            // Somebody else created it after this statement had begun.
            Err(error) if error.violates(&self.key_constraint) => return Ok(Swap::Lost),
            Err(error) => return Err(error.into()),
        };
        match agreed {
            Some(Ok(true)) => Ok(Swap::Done),
            Some(Ok(false)) => Ok(Swap::Lost),
            Some(Err(error)) => Err(StoreError::corrupt(error)),
            None => Err(StoreError::corrupt("no answer to a swap")),
        }
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

fn state(row: &Row) -> Result<(Idk, KeyState), BoxError> {
    let key = |name| Ok::<[u8; 32], BoxError>(row.try_get::<_, &[u8]>(name)?.try_into()?);
    let number = |name| row.try_get::<_, i64>(name).map(i64::cast_unsigned);
    let state = match row.try_get("state")? {
        "superseded" => KeyState::Superseded,
        "live" => KeyState::Live(Identity {
            suk: Suk::from_bytes(key("suk")?),
            vuk: Vuk::from_bytes(key("vuk")?),
            user: row.try_get::<_, Option<Box<str>>>("user_id")?.map(UserId::from),
            sqrlonly: row.try_get("sqrlonly")?,
            hardlock: row.try_get("hardlock")?,
            disabled: row.try_get("disabled")?,
            epoch: Epoch::new(number("epoch")?),
            version: Version::new(number("version")?),
            strangers: row.try_get::<_, i16>("strangers")?.try_into()?,
        }),
        _ => return Err("a state of another release".into()),
    };
    Ok((Idk::from_bytes(key("idk")?), state))
}
