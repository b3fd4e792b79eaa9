//! The demo's accounts: an id and a name. Which identity signs in to an account is in the
//! identity store.

pub(crate) mod memory;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use tower_sqrl::identities::UserId;

/// Characters of a name.
pub(crate) const MAX_NAME_LENGTH: usize = 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Empty until the user chooses one.
    pub(crate) name: String,
    /// The id of the last sign-in.
    pub(crate) last_sign_in: String,
}

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A store of accounts.
#[async_trait]
pub(crate) trait Accounts: Debug + Send + Sync + 'static {
    /// Records a sign-in, and creates the account if it is new.
    async fn record_sign_in(&self, id: &str, sign_in: &str) -> Result<()>;

    /// Returns `None` if nobody has signed in to the account.
    async fn find(&self, id: &str) -> Result<Option<Account>>;

    async fn rename(&self, id: &str, name: &str) -> Result<()>;

    /// Replaces the last sign-in if it is still `from`, in one atomic step. Returns whether it was.
    async fn replace_sign_in(&self, id: &str, from: &str, to: &str) -> Result<bool>;
}

/// Returns what SQRL's confirmation page calls an account. The id is part of it, because
/// everybody can choose any name.
pub(crate) async fn display_name(accounts: Arc<dyn Accounts>, id: UserId) -> Option<String> {
    let account = accounts.find(id.as_str()).await.ok()??;
    Some(if account.name.is_empty() { id.to_string() } else { format!("{} ({id})", account.name) })
}

/// Returns a random id for a new account.
pub(crate) fn new_id() -> String {
    format!("account-{:032x}", rand::random::<u128>())
}

/// Removes control characters, characters that reorder text, and what is too long.
pub(crate) fn clean_name(name: &str) -> String {
    let reorders = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept = name.chars().filter(|c| !c.is_control() && !reorders(*c));
    kept.take(MAX_NAME_LENGTH).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_name_is_one_readable_line() {
        assert_eq!(clean_name("  <Ada> \u{202e}Lovelace\r\n "), "<Ada> Lovelace");
        assert_eq!(clean_name(&"é".repeat(100)), "é".repeat(MAX_NAME_LENGTH));
    }
}
