//! Which account an identity signs in to. The application says so, and it is written by the
//! same compare-and-swap as what a client commands.

use super::{Engine, random};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{Change, Identity, KeyState, Swap, UserId};
use tower_sqrl_core::protocol::Idk;

/// How often to look and write at most: each swap that is lost is somebody else's change of the
/// row in between. As often as a client's command is decided.
const TRIES: usize = 4;

/// Why an identity and an account are not linked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The identity is unknown, removed or superseded.
    #[error("the identity is not known here any more")]
    NotLive,
    /// It signs in to another account: unlink it first.
    #[error("the identity is linked with `{0}`: unlink it first")]
    Linked(UserId),
    /// The identity kept changing: try again.
    #[error("the identity kept changing: try again")]
    Busy,
    /// A store failed. Nobody knows whether the account is linked, or unlinked; trying again
    /// does no harm.
    #[error("the identity's account could not be read or written: try again")]
    Store(#[from] StoreError),
}

impl Engine {
    /// The identity of a key as it is now; none if it is unknown, removed or superseded.
    pub(crate) async fn identity(&self, idk: &Idk) -> Result<Option<Identity>, StoreError> {
        let lookup = self.identities.look_up(idk, None).await;
        let lookup =
            lookup.inspect_err(|error| self.store_failed("looking up an identity", error))?;
        Ok(match lookup.idk {
            KeyState::Live(identity) => Some(identity),
            KeyState::Unknown | KeyState::Superseded => None,
        })
    }

    /// Links an identity with an account, or takes its account away from it.
    pub(crate) async fn set_user(&self, idk: &Idk, user: Option<UserId>) -> Result<(), LinkError> {
        for _ in 0..TRIES {
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

/// Whether an account has to be written over the one that is there. Never over another one:
/// the application takes that away first, knowing whose it is.
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
