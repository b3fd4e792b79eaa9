//! The demo's own tables in Postgres: accounts and sessions.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use tower_sqrl_postgres::deadpool_postgres::{Manager, Object, Pool, PoolConfig, QueueMode};
use tower_sqrl_postgres::tokio_postgres::config::TargetSessionAttrs;
use tower_sqrl_postgres::tokio_postgres::types::{ToSql, Type};
use tower_sqrl_postgres::tokio_postgres::{Config, NoTls, Row};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A value and its type in Postgres.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// The lock lets one server at a time create the tables. Without it, two servers that start at
/// the same time can fail, in spite of `if not exists`.
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
    commit";

const POOL_SIZE: usize = 8;

/// For a connection and a statement together.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A connection pool. Each statement is unnamed and a transaction of its own, so it works
/// through a transaction pooler such as PgBouncer.
#[derive(Debug, Clone)]
pub(crate) struct Tables(Pool);

impl Tables {
    pub(crate) async fn open(url: &str) -> Result<Self, Error> {
        let mut config: Config = url.parse()?;
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let size = PoolConfig { queue_mode: QueueMode::Lifo, ..PoolConfig::new(POOL_SIZE) };
        let pool = Pool::builder(Manager::new(config, NoTls)).config(size).build()?;
        let create = async { Ok::<_, Error>(pool.get().await?.batch_execute(CREATE).await?) };
        timeout(TIMEOUT, create).await??;
        Ok(Self(pool))
    }

    /// Runs one statement.
    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        let deadline = Instant::now() + TIMEOUT;
        let client = timeout_at(deadline, self.0.get()).await??;
        match timeout_at(deadline, client.query_typed(sql, parameters)).await {
            Ok(Ok(rows)) => Ok(rows),
            failed => {
                // The server may have restarted or become a standby: start with new connections.
                drop(Object::take(client));
                let _ = self.0.retain(|_, _| false);
                Ok(failed??)
            }
        }
    }
}
