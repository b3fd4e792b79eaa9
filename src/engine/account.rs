//! The account that an identity signs in to. The application sets it, by the same compare-and-swap as
//! the commands of clients.

use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{Change, Identity, KeyState, Swap, UserId};
use tower_sqrl_core::protocol::Idk;

use super::{Engine, random};

/// Maximum attempts to write an account: another change of the identity may come first. A client's
/// command has as many.
const MAX_ATTEMPTS: usize = 4;

/// The reason why an identity and an account were not linked, or not unlinked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The identity is unknown, removed or superseded.
    #[error("the identity is not known here any more")]
    NotLive,
    /// The identity is linked with another account. Unlink it first.
    #[error("the identity is linked with `{0}`: unlink it first")]
    Linked(UserId),
    /// The identity kept changing. Try again.
    #[error("the identity kept changing: try again")]
    Busy,
    /// A store failed. The account may or may not be linked, or unlinked. Trying again does no harm.
    #[error("the identity's account could not be read or written: try again")]
    Store(#[from] StoreError),
}

impl Engine {
    /// Returns the state of a key now.
    pub(super) async fn key_state(&self, idk: &Idk) -> Result<KeyState, StoreError> {
        let lookup = self.identities.look_up(idk, None).await;
        let lookup =
            lookup.inspect_err(|error| self.store_failed("looking up an identity", error))?;
        Ok(lookup.idk)
    }

    /// Returns the identity of a key as it is now, or `None` if it is unknown, removed or superseded.
    pub(crate) async fn identity(&self, idk: &Idk) -> Result<Option<Identity>, StoreError> {
        Ok(match self.key_state(idk).await? {
            KeyState::Live(identity) => Some(identity),
            KeyState::Unknown | KeyState::Superseded => None,
        })
    }

    /// Links an identity with an account, or unlinks it from its account.
    pub(crate) async fn set_user(&self, idk: &Idk, user: Option<UserId>) -> Result<(), LinkError> {
        for _ in 0..MAX_ATTEMPTS {
            let identity = self.identity(idk).await?.ok_or(LinkError::NotLive)?;
            if !is_to_be_written(identity.user.as_ref(), user.as_ref())? {
                return Ok(());
            }
            let change = Change::link(*idk, &identity, user.clone(), random::version());
            let swap = self.identities.apply(&change).await;
            match swap.inspect_err(|error| self.store_failed("writing an account", error))? {
                Swap::Done => return Ok(()),
                Swap::Lost => {}
            }
        }
        Err(LinkError::Busy)
    }
}

/// Returns whether the account has to be written. An account is never written over another one: the
/// application unlinks that first, and so knows whose it is.
fn is_to_be_written(current: Option<&UserId>, wanted: Option<&UserId>) -> Result<bool, LinkError> {
    match (current, wanted) {
        (current, wanted) if current == wanted => Ok(false),
        (Some(other), Some(_)) => Err(LinkError::Linked(other.clone())),
        (None, _) | (_, None) => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_never_written_over_another() {
        let (ada, bob) = (UserId::from("ada"), UserId::from("bob"));
        let decided = |current, wanted| is_to_be_written(current, wanted).ok();
        assert_eq!(decided(None, Some(&ada)), Some(true));
        assert_eq!(decided(Some(&ada), None), Some(true));
        assert_eq!(decided(Some(&ada), Some(&ada)), Some(false));
        assert_eq!(decided(None, None), Some(false));
        let refused = is_to_be_written(Some(&ada), Some(&bob));
        assert!(matches!(refused, Err(LinkError::Linked(whose)) if whose == ada));
    }
}
