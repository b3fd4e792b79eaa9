use std::time::Duration;

use deadpool_postgres::Object;
use tokio::time::timeout;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, GenericClient, IsolationLevel};

use crate::database::Database;
use crate::error::{CallError, OpenError};
use crate::pooler::is_pooled;
use crate::rights::Rights;

/// How long everything may take that is done when a store is opened.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The tables of one store, which have a version of their own because the other store may
/// be elsewhere.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// The statements that lead from each version to the next, from an empty database on.
    pub(crate) steps: &'static [&'static str],
}

/// Takes the missing steps, all or none, one server at a time.
///
/// Where none are missing nothing is written, so that a role without the right to make
/// tables can work with those that another role has made.
pub(crate) async fn migrate(
    database: &Database,
    part: &Part,
    unlogged: bool,
) -> Result<(), OpenError> {
    database.names.check()?;
    timeout(TIMEOUT, take_missing_steps(database, part, unlogged))
        .await
        .map_err(|_| CallError::Timeout)?
}

async fn take_missing_steps(
    database: &Database,
    part: &Part,
    unlogged: bool,
) -> Result<(), OpenError> {
    let names = &database.names;
    let client = database.connections.pool.get().await.map_err(CallError::from)?;
    // It does not go back to the pool: should this be given up, nobody gets a connection that
    // still waits for the lock.
    let mut client = Object::take(client);
    let client: &mut Client = &mut client;
    if database.connections.prepared && is_pooled(client).await? {
        return Err(OpenError::Pooler);
    }
    let rights = Rights::of(client, names).await?;
    rights.check_reading_versions(client).await?;
    if missing(part, found(client, database, part).await?)?.is_empty() {
        return rights.check_using(client, part.name).await;
    }
    rights.check_creating_tables(client).await?;
    // So that after the lock all is seen that its last holder did.
    let read_committed = IsolationLevel::ReadCommitted;
    let transaction = client.build_transaction().isolation_level(read_committed).start().await?;
    transaction.batch_execute("set local statement_timeout = 0").await?;
    let lock = "select pg_advisory_xact_lock(hashtextextended($1, 0))";
    let name = names.fill_in("tower-sqrl {schema}.{prefix}");
    transaction.query_typed(lock, &[(&name, Type::TEXT)]).await?;

    let schema = "select from pg_namespace where nspname = $1";
    if transaction.query_typed_opt(schema, &[(&names.schema, Type::TEXT)]).await?.is_none() {
        transaction.batch_execute(&names.fill_in("create schema {schema}")).await?;
    }
    let versions = "create table if not exists {schema}.{prefix}schema (
        part    text    primary key,
        version integer not null
    )";
    transaction.batch_execute(&names.fill_in(versions)).await?;
    let found = found(&transaction, database, part).await?;
    for step in missing(part, found)? {
        let step = step.replace("{unlogged}", if unlogged { "unlogged" } else { "" });
        transaction.batch_execute(&names.fill_in(&step)).await?;
    }
    let version = "insert into {schema}.{prefix}schema (part, version) values ($1, $2)
        on conflict (part) do update set version = excluded.version";
    let known = i32::try_from(part.steps.len()).unwrap_or(i32::MAX);
    transaction
        .execute_typed(&names.fill_in(version), &[(&part.name, Type::TEXT), (&known, Type::INT4)])
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// The version of the tables that are there; 0 where there are none.
async fn found(
    client: &impl GenericClient,
    database: &Database,
    part: &Part,
) -> Result<u32, Error> {
    let names = &database.names;
    let table = names.fill_in("{schema}.{prefix}schema");
    let exists = "select to_regclass($1) is not null";
    let exists = client.query_typed_one(exists, &[(&table, Type::TEXT)]).await?;
    if !exists.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let version = format!("select version from {table} where part = $1");
    let version = client.query_typed_opt(&version, &[(&part.name, Type::TEXT)]).await?;
    let version = version.map(|row| row.try_get::<_, i32>(0)).transpose()?;
    Ok(version.map_or(0, |version| version.try_into().unwrap_or(u32::MAX)))
}

fn missing(part: &Part, found: u32) -> Result<&'static [&'static str], OpenError> {
    let taken = usize::try_from(found).unwrap_or(usize::MAX);
    let known = u32::try_from(part.steps.len()).unwrap_or(u32::MAX);
    part.steps.get(taken..).ok_or(OpenError::Newer { part: part.name, found, known })
}
