//! How the identity of a session stands now: it may have been disabled, replaced or removed
//! since it signed in.

use tower_sqrl::identities::{Identity, KeyState, UserId};

use crate::accounts::Account;
use crate::app::App;
use crate::failure::Failure;
use crate::session::SignedIn;

#[derive(Debug)]
pub(crate) enum Standing {
    /// It signs in to the account.
    Current(Identity),
    /// It is disabled: the account may be looked at, nothing more.
    Disabled(Identity),
    /// It is removed, or unlinked: nobody can sign in to the account until its owner, who is
    /// signed in still, gives it another identity.
    Without,
    /// The session is over: the identity was replaced, or disabled and enabled, or the
    /// account has another identity. Whoever it was had better sign in anew.
    Over,
}

pub(crate) async fn of(
    app: &App,
    signed_in: &SignedIn,
    account: &Account,
) -> Result<Standing, Failure> {
    let idk = signed_in.idk();
    let is_last = account.last_sign_in == signed_in.mark();
    let user = UserId::from(signed_in.account.as_str());
    Ok(match app.identities.look_up(&idk, None).await?.idk {
        KeyState::Live(identity) if identity.user.as_ref() == Some(&user) => {
            if identity.disabled {
                Standing::Disabled(identity)
            } else if identity.epoch == signed_in.epoch() {
                Standing::Current(identity)
            } else {
                Standing::Over
            }
        }
        KeyState::Live(identity) if is_last && identity.epoch == signed_in.epoch() => {
            Standing::Without
        }
        KeyState::Unknown if is_last => Standing::Without,
        KeyState::Live(_) | KeyState::Unknown | KeyState::Superseded => Standing::Over,
    })
}
