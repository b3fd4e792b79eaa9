use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sqrl_postgres::tokio_postgres::Row;
use tower_sqrl_postgres::tokio_postgres::types::Type;

use crate::tables::{Parameter, Tables};

/// How often a server removes what is over.
const SWEEP_TIME: Duration = Duration::from_secs(60);

/// Sessions that every server reads.
#[derive(Debug)]
pub(crate) struct PostgresSessions {
    tables: Tables,
    last_sweep: Mutex<Instant>,
}

#[async_trait]
impl SessionStore for PostgresSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        const SQL: &str = "insert into demo_sessions (id, data, expires_at)
                           values ($1, $2, to_timestamp($3)) on conflict do nothing returning true";
        self.sweep().await?;
        loop {
            let rows = self.write(SQL, record).await?;
            if !rows.is_empty() {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        const SQL: &str = "insert into demo_sessions (id, data, expires_at)
                           values ($1, $2, to_timestamp($3)) on conflict (id)
                           do update set data = excluded.data, expires_at = excluded.expires_at";
        self.write(SQL, record).await.map(drop)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        const SQL: &str = "select data from demo_sessions where id = $1 and expires_at > now()";
        let rows =
            self.tables.query(SQL, &[(&id.to_string(), Type::TEXT)]).await.map_err(backend)?;
        let Some(row) = rows.first() else { return Ok(None) };
        let data: String = row.try_get(0).map_err(|error| Error::Decode(error.to_string()))?;
        serde_json::from_str(&data).map(Some).map_err(|error| Error::Decode(error.to_string()))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        const SQL: &str = "delete from demo_sessions where id = $1";
        self.tables.query(SQL, &[(&id.to_string(), Type::TEXT)]).await.map_err(backend)?;
        Ok(())
    }
}

impl PostgresSessions {
    pub(crate) fn new(tables: Tables) -> Self {
        Self { tables, last_sweep: Mutex::new(Instant::now()) }
    }

    /// Removes the sessions that are over, now and then: not at every sign-in, since it is a commit
    /// of its own.
    async fn sweep(&self) -> Result<()> {
        const SQL: &str = "delete from demo_sessions where expires_at <= now()";
        {
            let mut last = self.last_sweep.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() < SWEEP_TIME {
                return Ok(());
            }
            *last = Instant::now();
        }
        self.tables.query(SQL, &[]).await.map_err(backend).map(drop)
    }

    /// Runs a statement with the columns of a row as its parameters.
    async fn write(&self, sql: &str, record: &Record) -> Result<Vec<Row>> {
        let (id, data, expiry) = row(record)?;
        let parameters: [Parameter<'_>; 3] =
            [(&id, Type::TEXT), (&data, Type::TEXT), (&expiry, Type::FLOAT8)];
        self.tables.query(sql, &parameters).await.map_err(backend)
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in a double")]
fn row(record: &Record) -> Result<(String, String, f64)> {
    let data = serde_json::to_string(record).map_err(|error| Error::Encode(error.to_string()))?;
    Ok((record.id.to_string(), data, record.expiry_date.unix_timestamp() as f64))
}

fn backend(error: impl std::fmt::Display) -> Error {
    Error::Backend(error.to_string())
}
