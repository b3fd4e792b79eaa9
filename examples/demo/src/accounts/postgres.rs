//! Accounts in a table of Postgres, which all servers share.

use async_trait::async_trait;
use tower_sqrl_postgres::tokio_postgres::Row;
use tower_sqrl_postgres::tokio_postgres::types::Type;

use crate::accounts::{Account, Accounts, Result};
use crate::tables::{Parameter, Tables};

#[derive(Debug)]
pub(crate) struct PostgresAccounts(pub(crate) Tables);

#[async_trait]
impl Accounts for PostgresAccounts {
    async fn record_sign_in(&self, id: &str, sign_in: &str) -> Result<()> {
        const SQL: &str = "insert into demo_accounts (id, last_sign_in) values ($1, $2)
                           on conflict (id) do update set last_sign_in = excluded.last_sign_in";
        self.0.query(SQL, &[(&id, Type::TEXT), (&sign_in, Type::TEXT)]).await?;
        Ok(())
    }

    async fn find(&self, id: &str) -> Result<Option<Account>> {
        const SQL: &str = "select name, last_sign_in from demo_accounts where id = $1";
        self.0.query(SQL, &[(&id, Type::TEXT)]).await?.first().map(account).transpose()
    }

    async fn rename(&self, id: &str, name: &str) -> Result<()> {
        const SQL: &str = "update demo_accounts set name = $2 where id = $1";
        self.0.query(SQL, &[(&id, Type::TEXT), (&name, Type::TEXT)]).await?;
        Ok(())
    }

    async fn replace_sign_in(&self, id: &str, from: &str, to: &str) -> Result<bool> {
        const SQL: &str = "update demo_accounts set last_sign_in = $3
                           where id = $1 and last_sign_in = $2 returning true";
        let parameters: [Parameter<'_>; 3] =
            [(&id, Type::TEXT), (&from, Type::TEXT), (&to, Type::TEXT)];
        let rows = self.0.query(SQL, &parameters).await?;
        Ok(!rows.is_empty())
    }
}

fn account(row: &Row) -> Result<Account> {
    Ok(Account { name: row.try_get(0)?, last_sign_in: row.try_get(1)? })
}
