use async_trait::async_trait;
use tower_sqrl::protocol::Idk;
use tower_sqrl_postgres::tokio_postgres::Row;

use super::{Account, Accounts, Result};
use crate::tables::Tables;

/// A table beside the identities, for any number of servers.
#[derive(Debug)]
pub(crate) struct PostgresAccounts(pub(crate) Tables);

#[async_trait]
impl Accounts for PostgresAccounts {
    async fn enter(&self, id: &str, idk: &Idk) -> Result<Account> {
        const SQL: &str = "insert into demo_accounts (id, idk) values ($1, $2)
                           on conflict (id) do update set idk = excluded.idk
                           returning name, idk";
        let rows = self.0.query(SQL, &[&id, &idk.to_string()]).await?;
        account(rows.first().ok_or("no row of an account")?)
    }

    async fn find(&self, id: &str) -> Result<Option<Account>> {
        const SQL: &str = "select name, idk from demo_accounts where id = $1";
        self.0.query(SQL, &[&id]).await?.first().map(account).transpose()
    }

    async fn rename(&self, id: &str, name: &str) -> Result<()> {
        const SQL: &str = "update demo_accounts set name = $2 where id = $1";
        self.0.query(SQL, &[&id, &name]).await?;
        Ok(())
    }

    async fn pass_on(&self, id: &str, from: &Idk, to: &Idk) -> Result<bool> {
        const SQL: &str =
            "update demo_accounts set idk = $3 where id = $1 and idk = $2 returning true";
        let rows = self.0.query(SQL, &[&id, &from.to_string(), &to.to_string()]).await?;
        Ok(!rows.is_empty())
    }
}

fn account(row: &Row) -> Result<Account> {
    Ok(Account { name: row.try_get(0)?, idk: row.try_get(1)? })
}
