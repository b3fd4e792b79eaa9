//! The status of a session's identity now. It may have changed since the sign-in.

use tower_sqrl::StoreError;
use tower_sqrl::identities::{Identity, KeyState, UserId};

use crate::accounts::Account;
use crate::app::App;
use crate::session::SignedIn;

#[derive(Debug)]
pub(crate) enum Status {
    /// The identity signs in to the account.
    Active(Identity),
    /// The identity is disabled. The user can look at the account and change nothing.
    Disabled(Identity),
    /// The identity was removed or unlinked. This session can link another one.
    NoIdentity,
    /// The session has ended: the identity was replaced, or disabled and enabled, or the account
    /// has another identity.
    Ended,
}

impl Status {
    pub(crate) async fn of(
        signed_in: &SignedIn,
        account: &Account,
        app: &App,
    ) -> Result<Self, StoreError> {
        let user = UserId::from(signed_in.account.as_str());
        let is_last_sign_in = account.last_sign_in == signed_in.version();
        let is_same_epoch = |identity: &Identity| identity.epoch == signed_in.epoch();
        Ok(match app.identities.look_up(&signed_in.idk(), None).await?.idk {
            KeyState::Live(identity) if identity.user.as_ref() == Some(&user) => {
                if identity.disabled {
                    Self::Disabled(identity)
                } else if is_same_epoch(&identity) {
                    Self::Active(identity)
                } else {
                    Self::Ended
                }
            }
            KeyState::Live(identity) if is_last_sign_in && is_same_epoch(&identity) => {
                Self::NoIdentity
            }
            KeyState::Unknown if is_last_sign_in => Self::NoIdentity,
            KeyState::Live(_) | KeyState::Unknown | KeyState::Superseded => Self::Ended,
        })
    }
}
