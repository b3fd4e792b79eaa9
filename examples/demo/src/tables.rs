//! The demo's own tables in Postgres, beside the identities: accounts, sessions, steps.

use std::time::Duration;

use tokio::time::timeout;
use tower_sqrl_postgres::deadpool_postgres::{
    Manager, ManagerConfig, Pool, PoolConfig, RecyclingMethod,
};
use tower_sqrl_postgres::tokio_postgres::types::ToSql;
use tower_sqrl_postgres::tokio_postgres::{Config, NoTls, Row};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The lock makes one server after the other look whether they are there: two that make the
/// same table at the same time fail, `if not exists` or not.
const CREATE: &str = "
    begin;
    select pg_advisory_xact_lock(hashtextextended('tower-sqrl demo', 0));
    create table if not exists demo_accounts (
        id text primary key, name text not null default '', idk text not null
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

/// Access to them.
#[derive(Debug, Clone)]
pub(crate) struct Tables(Pool);

impl Tables {
    pub(crate) async fn open(url: &str) -> Result<Self, Error> {
        let config: Config = url.parse()?;
        // Asks a connection whether it lives before it lends it, so that nothing has to be
        // repeated after a restart of the database.
        let verified = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager = Manager::from_config(config, NoTls, verified);
        let tables = Self(Pool::builder(manager).config(PoolConfig::new(8)).build()?);
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
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let answer = async {
            let client = self.0.get().await?;
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query(&statement, parameters).await?)
        };
        timeout(PATIENCE, answer).await?
    }
}
