use std::error::Error;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use tower_sqrl::identity::{
    Change, Epoch, Identity, IdentityStore, KeyState, Lookup, Swap, UserId, Version,
};
use tower_sqrl::protocol::{Idk, Suk, Vuk};
use tower_sqrl::store::StoreError;

use crate::database::Database;
use crate::error::OpenError;
use crate::migrate::{Part, migrate};
use crate::names::Names;
use crate::swap::{Plan, Statements};

const PART: Part =
    Part { name: "identity", steps: &[include_str!("../migrations/identity_1.sql")] };

const LOOK_UP: &str = "
    select idk, state, suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version, strangers
    from {schema}.{prefix}identity
    where ";

/// A standby's answer may be old, so there it is an error: this condition is no truth value. The
/// server asks itself first, whether or not there is a row.
///
/// Planning it takes the server as long as the rest, so it is left out where every connection
/// leads to the primary.
const ON_PRIMARY: &str = " and (select
    (case when pg_is_in_recovery() then 'this server is a standby' else 'true' end)::boolean)";

/// The look-ups of one key and of two.
#[derive(Debug)]
struct LookUp {
    one: String,
    two: String,
}

impl LookUp {
    fn new(names: &Names, condition: &str) -> Self {
        let of = |keys| names.fill_in(&[LOOK_UP, keys, condition].concat());
        Self { one: of("idk = $1"), two: of("idk in ($1, $2)") }
    }
}

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
    look_up: LookUp,
    look_up_on_primary: LookUp,
    statements: Statements,
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
            look_up: LookUp::new(&database.names, ""),
            look_up_on_primary: LookUp::new(&database.names, ON_PRIMARY),
            statements: Statements::new(&database.names),
            key_constraint: database.names.fill_in("{prefix}identity_key"),
        })
    }
}

#[async_trait]
impl IdentityStore for PostgresIdentityStore {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        let connections = &self.database.connections;
        let sure = !connections.may_reach_standby.load(Ordering::Relaxed);
        let statements = if sure { &self.look_up } else { &self.look_up_on_primary };
        let first = idk.as_bytes().as_slice();
        let first = (&first as &(dyn ToSql + Sync), Type::BYTEA);
        let rows = match pidk.map(|pidk| pidk.as_bytes().as_slice()) {
            None => connections.look(&statements.one, &[first]).await?,
            Some(second) => {
                connections.look(&statements.two, &[first, (&second, Type::BYTEA)]).await?
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
            Err(error) if error.is_undone() => Ok(Swap::Lost),
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
        "live" => KeyState::Live(Identity {
            suk: Suk::from_bytes(key(2)?),
            vuk: Vuk::from_bytes(key(3)?),
            user: row.try_get::<_, Option<Box<str>>>(4)?.map(UserId::from),
            sqrlonly: row.try_get(5)?,
            hardlock: row.try_get(6)?,
            disabled: row.try_get(7)?,
            epoch: Epoch::new(number(8)?),
            version: Version::new(number(9)?),
            strangers: row.try_get::<_, i16>(10)?.try_into()?,
        }),
        _ => return Err("a state of another release".into()),
    };
    Ok((Idk::from_bytes(key(0)?), state))
}
