//! The demo's own tables in Postgres, beside the identities: accounts, sessions, steps.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use tower_sqrl_postgres::deadpool_postgres::{Manager, Object, Pool, PoolConfig, QueueMode};
use tower_sqrl_postgres::tokio_postgres::config::TargetSessionAttrs;
use tower_sqrl_postgres::tokio_postgres::types::{ToSql, Type};
use tower_sqrl_postgres::tokio_postgres::{Config, NoTls, Row};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A value, and its type in Postgres.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// The lock makes one server after the other look whether they are there: two that make the
/// same table at the same time fail, `if not exists` or not.
const CREATE: &str = "
    begin;
    select pg_advisory_xact_lock(hashtextextended('tower-sqrl demo', 0));
    create table if not exists demo_accounts (
        id text primary key, name text not null default '', last_sign_in text not null
    );
    create table if not exists demo_sessions (
        id text primary key, data text not null, expires_at timestamptz not null
    );
    create index if not exists demo_sessions_expiry on demo_sessions (expires_at);
    create table if not exists demo_steps (
        number bigserial primary key, at timestamptz not null default now(),
        server text not null, step text not null, label text not null, leads_to text[] not null
    );
    commit";

/// No page waits longer for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// Access to them. Each statement is unnamed and a transaction of its own, so that a pooler may
/// lend every one another connection.
#[derive(Debug, Clone)]
pub(crate) struct Tables(Pool);

impl Tables {
    pub(crate) async fn open(url: &str) -> Result<Self, Error> {
        let mut config: Config = url.parse()?;
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let size = PoolConfig { queue_mode: QueueMode::Lifo, ..PoolConfig::new(8) };
        let tables = Self(Pool::builder(Manager::new(config, NoTls)).config(size).build()?);
        timeout(PATIENCE, async {
            Ok::<_, Error>(tables.0.get().await?.batch_execute(CREATE).await?)
        })
        .await??;
        Ok(tables)
    }

    /// Runs one statement.
    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        let deadline = Instant::now() + PATIENCE;
        let client = timeout_at(deadline, self.0.get()).await??;
        match timeout_at(deadline, client.query_typed(sql, parameters)).await {
            Ok(Ok(rows)) => Ok(rows),
            failed => {
                // Whatever it was, the next call begins with a new connection.
                drop(Object::take(client));
                let _ = self.0.retain(|_, _| false);
                Ok(failed??)
            }
        }
    }
}
