use std::error::Error;

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{
    Change, Epoch, Identity, IdentityStore, KeyState, Lookup, Swap, UserId, Version,
};
use tower_sqrl_core::protocol::{Idk, Suk, Vuk};

use crate::database::Database;
use crate::error::OpenError;
use crate::migrate::{Part, migrate};
use crate::swap::{Plan, Statements};

const PART: Part =
    Part { name: "identity", steps: &[include_str!("../migrations/identity_1.sql")] };

/// Fails on a standby, whose answer may be out of date: there the last condition is not a boolean. The
/// server evaluates it whether or not there is a row.
///
/// Every look-up has this condition, because a connection may lead to a standby at any time: a pooler may
/// send each statement to a server of its choice. The condition costs its planning, and nothing if
/// statements are prepared.
const LOOK_UP: &str = "
    select idk, state, suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version, strangers
    from {schema}.{prefix}identity
    where {keys} and (select
        (case when pg_is_in_recovery() then 'this server is a standby' else 'true' end)::boolean)";

/// A store of identities, in the table `sqrl_identity` with one row per key, live or superseded.
///
/// A command's whole change is one statement. A user id must not contain the character NUL, which
/// Postgres does not allow in text.
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
    look_up_two: String,
    statements: Statements,
    /// The name of the primary key constraint.
    key_constraint: String,
}

impl PostgresIdentityStore {
    /// Opens the store and brings its tables up to date. Several servers may do so at once.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub async fn open(database: &Database) -> Result<Self, OpenError> {
        migrate(database, &PART, false).await?;
        Ok(Self {
            database: database.clone(),
            look_up: database.names.fill_in(&LOOK_UP.replace("{keys}", "idk = $1")),
            look_up_two: database.names.fill_in(&LOOK_UP.replace("{keys}", "idk in ($1, $2)")),
            statements: Statements::new(&database.names),
            key_constraint: database.names.fill_in("{prefix}identity_key"),
        })
    }
}

#[async_trait]
impl IdentityStore for PostgresIdentityStore {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        let connections = &self.database.connections;
        let first = idk.as_bytes().as_slice();
        let first = (&first as &(dyn ToSql + Sync), Type::BYTEA);
        let rows = match pidk.map(|pidk| pidk.as_bytes().as_slice()) {
            None => connections.read(&self.look_up, &[first]).await?,
            Some(second) => {
                connections.read(&self.look_up_two, &[first, (&second, Type::BYTEA)]).await?
            }
        };
        let rows = rows.iter().map(state).collect::<Result<Vec<_>, _>>();
        Ok(Lookup::from_rows(idk, pidk, rows.map_err(StoreError::corrupt)?))
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        let plan = Plan::of(change);
        let statement = plan.statement(&self.statements);
        match self.database.connections.write(statement, &plan.parameters()).await {
            Ok(answer) if answer.affected == 1 => Ok(Swap::Done),
            Ok(_) => Ok(Swap::Lost),
            // Undone over and over again: that many others write these keys.
            Err(error) if error.is_rolled_back() => Ok(Swap::Lost),
            // Somebody else created it after this statement had begun.
            Err(error) if error.violates(&self.key_constraint) => Ok(Swap::Lost),
            Err(error) => Err(error.into()),
        }
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

/// Columns by their place in `LOOK_UP`.
fn state(row: &Row) -> Result<(Idk, KeyState), BoxError> {
    let key = |place| Ok::<[u8; 32], BoxError>(row.try_get::<usize, &[u8]>(place)?.try_into()?);
    let number = |place| row.try_get::<usize, i64>(place).map(i64::cast_unsigned);
    let state = match row.try_get(1)? {
        "superseded" => KeyState::Superseded,
        "live" => {
            let (suk, vuk) = (Suk::from_bytes(key(2)?), Vuk::from_bytes(key(3)?));
            let (epoch, version) = (Epoch::new(number(8)?), Version::new(number(9)?));
            let mut identity = Identity::new(suk, vuk, epoch, version);
            identity.user = row.try_get::<_, Option<Box<str>>>(4)?.map(UserId::from);
            identity.sqrlonly = row.try_get(5)?;
            identity.hardlock = row.try_get(6)?;
            identity.disabled = row.try_get(7)?;
            identity.never_current_keys = row.try_get::<_, i16>(10)?.try_into()?;
            KeyState::Live(identity)
        }
        _ => return Err("a state of another release".into()),
    };
    Ok((Idk::from_bytes(key(0)?), state))
}
