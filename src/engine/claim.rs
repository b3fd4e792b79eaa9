//! A sign-in as an application's session remembers it, and whether it still holds.

use std::fmt;
use std::str::FromStr;

use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{Epoch, KeyState, UserId};
use tower_sqrl_core::protocol::Idk;

use super::Engine;

/// What a session keeps of a sign-in: the identity key, its epoch and the account.
///
/// Get one from [`SignIn::claim`](crate::SignIn::claim) or
/// [`Sqrl::link_if_unlinked`](crate::Sqrl::link_if_unlinked), and pass it to
/// [`Sqrl::check`](crate::Sqrl::check) whenever a request arrives with the session.
///
/// A claim contains no secret, but anybody who can write one can sign in as anybody: keep it in the
/// session on the server, or in a cookie that is signed. Its text form, which serde uses too (feature
/// `serde`), is the key in base64url, the epoch in hexadecimal and the account, separated by dots;
/// without an account the last part is absent.
///
/// ```
/// use tower_sqrl::Claim;
///
/// let text = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.00000000000000ff.ada";
/// let claim: Claim = text.parse()?;
/// assert_eq!(claim.user().map(|user| user.as_str()), Some("ada"));
/// assert_eq!(claim.to_string(), text);
/// # Ok::<(), tower_sqrl::InvalidClaim>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claim {
    idk: Idk,
    epoch: Epoch,
    user: Option<UserId>,
}

/// Whether a [`Claim`] still holds: the answer of [`Sqrl::check`](crate::Sqrl::check).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
#[non_exhaustive]
pub enum ClaimStatus {
    /// The identity signs in to the same account as then.
    Current,
    /// The owner removed the identity.
    Removed,
    /// The owner moved to a new key.
    Replaced,
    /// The owner disabled the identity.
    Disabled,
    /// The owner disabled or removed the identity in the meantime, and it is live again.
    Interrupted,
    /// The identity was unlinked from the account, linked with another account, or linked for the
    /// first time since the claim was made.
    OtherAccount,
}

/// The error of reading a [`Claim`] from text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a claim that this library wrote")]
pub struct InvalidClaim;

impl Claim {
    pub(super) fn new(idk: Idk, epoch: Epoch, user: Option<UserId>) -> Self {
        Self { idk, epoch, user }
    }

    /// Returns the key of the identity that signed in.
    pub fn idk(&self) -> &Idk {
        &self.idk
    }

    /// Returns the account that the identity signed in to, or `None` if it had none.
    pub fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// Returns the claim with this account.
    ///
    /// For a session that goes on after [`Sqrl::link`](crate::Sqrl::link) has linked the identity.
    #[must_use]
    pub fn with_user(self, user: impl Into<UserId>) -> Self {
        Self { user: Some(user.into()), ..self }
    }

    /// Compares the claim with the state of its key now.
    fn status(&self, key: &KeyState) -> ClaimStatus {
        match key {
            KeyState::Unknown => ClaimStatus::Removed,
            KeyState::Superseded => ClaimStatus::Replaced,
            // Only the owner of the account may still see it. A disable changes the epoch.
            KeyState::Live(identity) if identity.disabled && identity.user == self.user => {
                ClaimStatus::Disabled
            }
            KeyState::Live(identity) if identity.epoch != self.epoch => ClaimStatus::Interrupted,
            KeyState::Live(identity) if identity.user != self.user => ClaimStatus::OtherAccount,
            KeyState::Live(_) => ClaimStatus::Current,
        }
    }
}

impl ClaimStatus {
    /// Returns whether the session goes on.
    pub fn is_current(self) -> bool {
        self == Self::Current
    }
}

impl Engine {
    /// Compares a claim with the identity as the store holds it now.
    pub(crate) async fn check(&self, claim: &Claim) -> Result<ClaimStatus, StoreError> {
        Ok(claim.status(&self.key_state(&claim.idk).await?))
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:016x}", self.idk, self.epoch.get())?;
        match &self.user {
            Some(user) => write!(f, ".{user}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Claim {
    type Err = InvalidClaim;

    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        let mut parts = text.splitn(3, '.');
        let idk = parts.next().and_then(|idk| idk.parse().ok()).ok_or(InvalidClaim)?;
        let epoch = parts.next().filter(|epoch| {
            epoch.len() == 16 && epoch.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let epoch = epoch.and_then(|epoch| u64::from_str_radix(epoch, 16).ok());
        let epoch = epoch.map(Epoch::new).ok_or(InvalidClaim)?;
        Ok(Self { idk, epoch, user: parts.next().map(UserId::from) })
    }
}

#[cfg(feature = "serde")]
impl serde_core::Serialize for Claim {
    fn serialize<S: serde_core::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde_core::Deserialize<'de> for Claim {
    fn deserialize<D: serde_core::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <String as serde_core::Deserialize>::deserialize(from)?;
        text.parse().map_err(serde_core::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use tower_sqrl_core::identities::{Identity, Version};
    use tower_sqrl_core::protocol::{Suk, Vuk};

    use super::*;

    fn identity() -> Identity {
        let (suk, vuk) = (Suk::from_bytes([2; 32]), Vuk::from_bytes([3; 32]));
        let mut identity = Identity::new(suk, vuk, Epoch::new(4), Version::new(5));
        identity.user = Some("ada".into());
        identity
    }

    fn status_after(change: impl FnOnce(&mut Identity)) -> ClaimStatus {
        let mut identity = identity();
        change(&mut identity);
        claim().status(&KeyState::Live(identity))
    }

    fn claim() -> Claim {
        Claim::new(Idk::from_bytes([1; 32]), Epoch::new(4), Some("ada".into()))
    }

    #[test]
    fn a_claim_holds_until_anything_changes() {
        assert_eq!(claim().status(&KeyState::Live(identity())), ClaimStatus::Current);
        // What the owner's client writes at each sign-in changes the version and the flags alone.
        let flags = status_after(|it| (it.sqrlonly, it.version) = (true, Version::new(9)));
        assert_eq!(flags, ClaimStatus::Current);

        let linked = claim().with_user("bob");
        assert_eq!(linked.status(&KeyState::Live(identity())), ClaimStatus::OtherAccount);
        assert_eq!(linked.with_user("ada"), claim());

        assert_eq!(claim().status(&KeyState::Unknown), ClaimStatus::Removed);
        assert_eq!(claim().status(&KeyState::Superseded), ClaimStatus::Replaced);
        assert_eq!(status_after(|it| it.disabled = true), ClaimStatus::Disabled);
        assert_eq!(status_after(|it| it.epoch = Epoch::new(5)), ClaimStatus::Interrupted);
        assert_eq!(status_after(|it| it.user = None), ClaimStatus::OtherAccount);
        assert_eq!(status_after(|it| it.user = Some("bob".into())), ClaimStatus::OtherAccount);
        let both = status_after(|it| (it.epoch, it.user) = (Epoch::new(5), Some("bob".into())));
        assert_eq!(both, ClaimStatus::Interrupted);
        let all = status_after(|it| {
            (it.disabled, it.epoch, it.user) = (true, Epoch::new(5), Some("bob".into()));
        });
        assert_eq!(all, ClaimStatus::Interrupted);
        let before = Claim { user: None, ..claim() };
        assert_eq!(before.status(&KeyState::Live(identity())), ClaimStatus::OtherAccount);
    }

    #[test]
    fn the_text_of_a_claim_has_one_spelling() {
        for user in [None, Some(""), Some("ada"), Some("a.b.c"), Some("Straße\n")] {
            let claim = Claim { user: user.map(UserId::from), ..claim() };
            assert_eq!(claim.to_string().parse(), Ok(claim));
        }
        let key = Idk::from_bytes([1; 32]).to_string();
        for text in
            ["", ".", "ada", &key, &format!("{key}.4.ada"), &format!("{key}.+00000000000000f")]
        {
            assert_eq!(text.parse::<Claim>(), Err(InvalidClaim), "{text}");
        }
    }
}
