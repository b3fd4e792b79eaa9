//! Sessions in Postgres, which all servers share.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sqrl_postgres::tokio_postgres::Row;
use tower_sqrl_postgres::tokio_postgres::types::Type;

use crate::tables::{Parameter, Tables};

/// A server deletes expired sessions at most this often.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct PostgresSessions {
    tables: Tables,
    last_sweep: Mutex<Instant>,
}

#[async_trait]
impl SessionStore for PostgresSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // Fails on the one random id in 2^128 that exists already.
        const SQL: &str = "insert into demo_sessions (id, data, expires_at)
                           values ($1, $2, to_timestamp($3))";
        self.sweep().await?;
        self.write(SQL, record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        const SQL: &str = "insert into demo_sessions (id, data, expires_at)
                           values ($1, $2, to_timestamp($3)) on conflict (id)
                           do update set data = excluded.data, expires_at = excluded.expires_at";
        self.write(SQL, record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        const SQL: &str = "select data from demo_sessions where id = $1 and expires_at > now()";
        let rows = self.query(SQL, &[(&id.to_string(), Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let data: String = row.try_get(0).map_err(|error| Error::Decode(error.to_string()))?;
        serde_json::from_str(&data).map(Some).map_err(|error| Error::Decode(error.to_string()))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        const SQL: &str = "delete from demo_sessions where id = $1";
        self.query(SQL, &[(&id.to_string(), Type::TEXT)]).await.map(drop)
    }
}

impl PostgresSessions {
    pub(crate) fn new(tables: Tables) -> Self {
        Self { tables, last_sweep: Mutex::new(Instant::now()) }
    }

    /// Deletes expired sessions. Not at every sign-in, because it takes a commit.
    async fn sweep(&self) -> Result<()> {
        const SQL: &str = "delete from demo_sessions where expires_at <= now()";
        {
            let mut last = self.last_sweep.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() < SWEEP_INTERVAL {
                return Ok(());
            }
            *last = Instant::now();
        }
        self.query(SQL, &[]).await.map(drop)
    }

    /// Runs a statement with the record's id, data and expiry as its parameters.
    async fn write(&self, sql: &str, record: &Record) -> Result<()> {
        let data = serde_json::to_string(record).map_err(|e| Error::Encode(e.to_string()))?;
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in a double")]
        let expiry = record.expiry_date.unix_timestamp() as f64;
        let id = record.id.to_string();
        let parameters: [Parameter<'_>; 3] =
            [(&id, Type::TEXT), (&data, Type::TEXT), (&expiry, Type::FLOAT8)];
        self.query(sql, &parameters).await.map(drop)
    }

    async fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        let rows = self.tables.query(sql, parameters).await;
        rows.map_err(|error| Error::Backend(error.to_string()))
    }
}
