//! Accounts in a table of the SQLite file of the identities.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::accounts::{Account, Accounts, Result};

#[derive(Debug)]
pub(crate) struct SqliteAccounts(Arc<Mutex<Connection>>);

impl SqliteAccounts {
    pub(crate) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(2))?;
        connection.execute_batch(
            "create table if not exists demo_accounts (
                 id text primary key, name text not null default '', last_sign_in text not null
             ) strict",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs on a thread that may block on the disk.
    async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = Arc::clone(&self.0);
        let query = move || query(&connection.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(tokio::task::spawn_blocking(query).await??)
    }
}

#[async_trait]
impl Accounts for SqliteAccounts {
    async fn record_sign_in(&self, id: &str, sign_in: &str) -> Result<()> {
        const SQL: &str = "insert into demo_accounts (id, last_sign_in) values (?1, ?2)
                           on conflict (id) do update set last_sign_in = excluded.last_sign_in";
        let row = (id.to_owned(), sign_in.to_owned());
        self.run(move |connection| connection.execute(SQL, row)).await?;
        Ok(())
    }

    async fn find(&self, id: &str) -> Result<Option<Account>> {
        const SQL: &str = "select name, last_sign_in from demo_accounts where id = ?1";
        let id = id.to_owned();
        self.run(move |connection| connection.query_row(SQL, [id], account).optional()).await
    }

    async fn rename(&self, id: &str, name: &str) -> Result<()> {
        const SQL: &str = "update demo_accounts set name = ?2 where id = ?1";
        let row = (id.to_owned(), name.to_owned());
        self.run(move |connection| connection.execute(SQL, row)).await?;
        Ok(())
    }

    async fn replace_sign_in(&self, id: &str, from: &str, to: &str) -> Result<bool> {
        const SQL: &str =
            "update demo_accounts set last_sign_in = ?3 where id = ?1 and last_sign_in = ?2";
        let row = (id.to_owned(), from.to_owned(), to.to_owned());
        Ok(self.run(move |connection| connection.execute(SQL, row)).await? == 1)
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account { name: row.get(0)?, last_sign_in: row.get(1)? })
}
