//! The application's display names of accounts.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::completion::to_completion;
use tower_sqrl_core::identities::UserId;

/// Time limit of a call.
const NAME_TIME: Duration = Duration::from_secs(2);

type Name = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

/// The function that the builder's `account_name` received.
pub(crate) struct AccountNames(Arc<dyn Fn(UserId) -> Name + Send + Sync>);

impl AccountNames {
    pub(crate) fn new<F>(name: impl Fn(UserId) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<String>> + Send + 'static,
    {
        Self(Arc::new(move |user| Box::pin(name(user))))
    }

    /// Returns the account's name, or `None` if the application has none, panics or takes too long.
    pub(super) async fn of(&self, user: UserId) -> Option<String> {
        let name = Arc::clone(&self.0);
        // The call is inside the future, so that its panic is caught as well.
        let name = to_completion(async move { name(user).await });
        let name = tokio::time::timeout(NAME_TIME, name).await.ok().flatten().flatten();
        if name.is_none() {
            tracing::debug!("`account_name` returned no name");
        }
        name
    }
}

impl fmt::Debug for AccountNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountNames")
    }
}
