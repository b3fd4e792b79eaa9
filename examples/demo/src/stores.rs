//! From the command line to stores: the one place that names them.

use std::path::Path;
use std::sync::Arc;

use tower_sqrl::identity::{IdentityStore, MemoryIdentityStore};
use tower_sqrl::store::{MemoryNutStore, NutStore};
use tower_sqrl_sqlite::{SqliteIdentityStore, SqliteNutStore};

use crate::accounts::{Accounts, MemoryAccounts, SqliteAccounts};
use crate::args::Store;
use crate::problem::Problem;

/// Identities, and the accounts beside them.
pub(crate) type Kept = (Arc<dyn IdentityStore>, Arc<dyn Accounts>);

pub(crate) fn nuts(store: &Store) -> Result<Arc<dyn NutStore>, Problem> {
    Ok(match store {
        Store::Memory => Arc::new(MemoryNutStore::new()),
        Store::Sqlite(file) => {
            Arc::new(SqliteNutStore::open(file).map_err(|error| opening(file, &error))?)
        }
        Store::Redis(_) => return Err(not_yet("--nuts", "Redis")),
        Store::Postgres(_) => return Err(not_yet("--nuts", "PostgreSQL")),
    })
}

pub(crate) fn identities(store: &Store) -> Result<Kept, Problem> {
    Ok(match store {
        Store::Memory => {
            (Arc::new(MemoryIdentityStore::new()), Arc::new(MemoryAccounts::default()))
        }
        Store::Sqlite(file) => (
            Arc::new(SqliteIdentityStore::open(file).map_err(|error| opening(file, &error))?),
            Arc::new(SqliteAccounts::open(file).map_err(|error| opening(file, &error))?),
        ),
        Store::Redis(_) => {
            let sentence = "identities are kept for ever, which is not what Redis is for: \
                            use --identities sqlite:FILE or memory";
            return Err(Problem::Usage(sentence.to_owned()));
        }
        Store::Postgres(_) => return Err(not_yet("--identities", "PostgreSQL")),
    })
}

fn not_yet(flag: &str, what: &str) -> Problem {
    Problem::Usage(format!("this demo has no {what} store yet: use {flag} memory or sqlite:FILE"))
}

fn opening(file: &Path, error: &dyn std::error::Error) -> Problem {
    Problem::failed(&file.display().to_string(), error)
}
