//! Opens the stores that the command line names.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tower_sqrl::identities::IdentityStore;
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::nuts::NutStore;
use tower_sqrl_postgres::{Database, PostgresIdentityStore, PostgresNutStore};
use tower_sqrl_redis::RedisNutStore;
use tower_sqrl_sqlite::{SqliteIdentityStore, SqliteNutStore};

use crate::accounts::Accounts;
use crate::accounts::memory::MemoryAccounts;
use crate::accounts::postgres::PostgresAccounts;
use crate::accounts::sqlite::SqliteAccounts;
use crate::args::Store;
use crate::error::{ErrorChain, StartError};
use crate::session::postgres::PostgresSessions;
use crate::session::store::AnySessionStore;
use crate::tables::Tables;

/// Opening a store takes no longer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The identities, and the stores of the demo itself.
#[derive(Debug)]
pub(crate) struct AppStores {
    pub(crate) identities: Arc<dyn IdentityStore>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) sessions: AnySessionStore,
}

pub(crate) async fn nut_store(
    store: &Store,
    direct: bool,
) -> Result<Arc<dyn NutStore>, StartError> {
    Ok(match store {
        Store::Memory => Arc::new(MemoryNutStore::new()),
        Store::Sqlite(file) => {
            let failed = |error| StartError::failed("--nuts", &error);
            Arc::new(SqliteNutStore::open(file).map_err(failed)?)
        }
        Store::Redis(url) => {
            let wrong = |error| StartError::Usage(format!("--nuts: {}", ErrorChain(&error)));
            let _: RedisNutStore = RedisNutStore::builder(url).build().map_err(wrong)?;
            Arc::new(in_time("Redis", RedisNutStore::connect(url)).await?)
        }
        Store::Postgres(url) => {
            let database = database("--nuts", url, direct)?;
            Arc::new(in_time("Postgres", PostgresNutStore::open(&database)).await?)
        }
    })
}

pub(crate) async fn app_stores(store: &Store, direct: bool) -> Result<AppStores, StartError> {
    Ok(match store {
        Store::Memory => AppStores {
            identities: Arc::new(MemoryIdentityStore::new()),
            accounts: Arc::new(MemoryAccounts::default()),
            sessions: AnySessionStore::default(),
        },
        Store::Sqlite(file) => {
            let identities = SqliteIdentityStore::open(file)
                .map_err(|error| StartError::failed("--identities", &error))?;
            let accounts = SqliteAccounts::open(file)
                .map_err(|error| StartError::failed("--identities", &error))?;
            AppStores {
                identities: Arc::new(identities),
                accounts: Arc::new(accounts),
                sessions: AnySessionStore::default(),
            }
        }
        Store::Redis(_) => {
            let text = "Redis does not store identities, because they must never be lost: use \
                        --identities sqlite:FILE, postgres://… or memory";
            return Err(StartError::Usage(text.to_owned()));
        }
        Store::Postgres(url) => {
            let database = database("--identities", url, direct)?;
            let identities = in_time("Postgres", PostgresIdentityStore::open(&database)).await?;
            let tables = in_time("Postgres", Tables::open(url)).await?;
            AppStores {
                identities: Arc::new(identities),
                accounts: Arc::new(PostgresAccounts(tables.clone())),
                sessions: AnySessionStore::new(PostgresSessions::new(tables)),
            }
        }
    })
}

fn database(flag: &str, url: &str, direct: bool) -> Result<Database, StartError> {
    let wrong = |error| StartError::Usage(format!("{flag}: {}", ErrorChain(&error)));
    let database = Database::connect_no_tls(url).map_err(wrong)?;
    Ok(if direct { database.prepared_statements_on_direct_connections() } else { database })
}

/// Opens a store on a server, unless that takes too long.
async fn in_time<T, E: Into<Box<dyn Error + Send + Sync>>>(
    server: &str,
    open: impl Future<Output = Result<T, E>>,
) -> Result<T, StartError> {
    match tokio::time::timeout(TIMEOUT, open).await {
        Ok(opened) => opened.map_err(|error| StartError::failed(server, &*error.into())),
        Err(_) => Err(StartError::Failed(format!("{server}: no answer within {TIMEOUT:?}"))),
    }
}
