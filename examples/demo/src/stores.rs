//! From the command line to stores: the one place that names them.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tower_sqrl::identities::IdentityStore;
use tower_sqrl::memory::MemoryIdentityStore;
use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::nuts::NutStore;
use tower_sqrl_postgres::{Database, PostgresIdentityStore, PostgresNutStore};
use tower_sqrl_redis::RedisNutStore;
use tower_sqrl_sqlite::{SqliteIdentityStore, SqliteNutStore};

use crate::accounts::{Accounts, MemoryAccounts, PostgresAccounts, SqliteAccounts};
use crate::args::Store;
use crate::problem::{Chain, Problem};
use crate::session::{PostgresSessions, Sessions};
use crate::steps::Steps;
use crate::tables::Tables;

/// How long a store may take to open: whoever starts the demo is watching.
const PATIENCE: Duration = Duration::from_secs(5);

/// Identities, and what lives beside them.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) identities: Arc<dyn IdentityStore>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) sessions: Sessions,
    pub(crate) steps: Steps,
}

pub(crate) async fn nuts(store: &Store, direct: bool) -> Result<Arc<dyn NutStore>, Problem> {
    Ok(match store {
        Store::Memory => Arc::new(MemoryNutStore::new()),
        Store::Sqlite(file) => {
            Arc::new(SqliteNutStore::open(file).map_err(|error| opening(file, &error))?)
        }
        Store::Redis(url) => {
            let wrong = |error| Problem::Usage(format!("--nuts: {}", Chain(&error)));
            let _: RedisNutStore = RedisNutStore::builder(url).build().map_err(wrong)?;
            Arc::new(in_time("Redis", RedisNutStore::connect(url)).await?)
        }
        Store::Postgres(url) => {
            let database = database("--nuts", url, direct)?;
            Arc::new(in_time("Postgres", PostgresNutStore::open(&database)).await?)
        }
    })
}

pub(crate) async fn identities(store: &Store, direct: bool) -> Result<Kept, Problem> {
    Ok(match store {
        Store::Memory => Kept {
            identities: Arc::new(MemoryIdentityStore::new()),
            accounts: Arc::new(MemoryAccounts::default()),
            sessions: Sessions::default(),
            steps: Steps::in_memory(),
        },
        Store::Sqlite(file) => {
            let identities = SqliteIdentityStore::open(file).map_err(|e| opening(file, &e))?;
            Kept {
                identities: Arc::new(identities),
                accounts: Arc::new(SqliteAccounts::open(file).map_err(|e| opening(file, &e))?),
                sessions: Sessions::default(),
                steps: Steps::in_memory(),
            }
        }
        Store::Redis(_) => {
            let sentence = "identities are kept for ever, which is not what Redis is for: \
                            use --identities sqlite:FILE or memory";
            return Err(Problem::Usage(sentence.to_owned()));
        }
        Store::Postgres(url) => {
            let database = database("--identities", url, direct)?;
            let identities = in_time("Postgres", PostgresIdentityStore::open(&database)).await?;
            let tables = in_time("Postgres", Tables::open(url)).await?;
            Kept {
                identities: Arc::new(identities),
                accounts: Arc::new(PostgresAccounts(tables.clone())),
                sessions: Sessions::new(PostgresSessions::new(tables.clone())),
                steps: Steps::in_postgres(tables),
            }
        }
    })
}

fn database(flag: &str, url: &str, direct: bool) -> Result<Database, Problem> {
    let database = Database::connect_no_tls(url)
        .map_err(|error| Problem::Usage(format!("{flag}: {}", Chain(&error))))?;
    Ok(if direct { database.prepared_statements_on_direct_connections() } else { database })
}

/// Opens a store that is elsewhere, and does not wait for ever if there is none.
async fn in_time<T, E: Into<Box<dyn Error + Send + Sync>>>(
    what: &str,
    opening: impl Future<Output = Result<T, E>>,
) -> Result<T, Problem> {
    match tokio::time::timeout(PATIENCE, opening).await {
        Ok(opened) => opened.map_err(|error| Problem::failed(what, &*error.into())),
        Err(_) => Err(Problem::Failed(format!("{what}: no answer within {PATIENCE:?}"))),
    }
}

fn opening(file: &Path, error: &dyn Error) -> Problem {
    Problem::failed(&file.display().to_string(), error)
}
