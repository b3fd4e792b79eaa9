//! The demo's own data: accounts with a name. They are kept beside the identities, so that
//! both live equally long.

mod memory;
mod postgres;
mod sqlite;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
pub(crate) use memory::MemoryAccounts;
pub(crate) use postgres::PostgresAccounts;
pub(crate) use sqlite::SqliteAccounts;
use tower_sqrl::identities::UserId;

/// What the application itself knows of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// What its owner calls it; empty until then.
    pub(crate) name: String,
    /// Which sign-in was the last: [`SignedIn::mark`](crate::session::SignedIn::mark).
    pub(crate) last_sign_in: String,
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Where accounts are kept. Which identity signs in to which account the identity store
/// knows; here stands what only the application knows.
#[async_trait]
pub(crate) trait Accounts: Debug + Send + Sync + 'static {
    /// Opens the account that somebody has just signed in to if it is new, and remembers the
    /// sign-in. Writes nothing where both are as they were.
    async fn enter(&self, id: &str, sign_in: &str) -> Result<()>;

    /// `None`: nobody has signed in to it here.
    async fn find(&self, id: &str) -> Result<Option<Account>>;

    /// Gives it a name.
    async fn rename(&self, id: &str, name: &str) -> Result<()>;

    /// Passes it on from its last sign-in to another identity's, if nobody else did: of all
    /// callers one gets true.
    async fn pass_on(&self, id: &str, from: &str, to: &str) -> Result<bool>;
}

/// What SQRL's page calls an account where it asks before it signs in. The id stands beside the
/// name, since everybody may choose anybody's name.
pub(crate) async fn name(accounts: Arc<dyn Accounts>, id: UserId) -> Option<String> {
    let account = accounts.find(id.as_str()).await.ok()??;
    Some(if account.name.is_empty() { id.to_string() } else { format!("{} ({id})", account.name) })
}

/// A new account's id. People may read it where SQRL asks whom it is to sign in.
pub(crate) fn new_id() -> String {
    format!("account-{:010x}", rand::random::<u64>() >> 24)
}
