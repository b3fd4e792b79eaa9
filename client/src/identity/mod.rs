//! Who signs in: a current identity and up to four previous ones.

mod enscrypt;
mod file;
mod rescue;
mod seal;

use crate::keys::{AuthDomain, Ilk, Imk, Iuk, SiteKey};

pub use enscrypt::enscrypt;
pub use file::FileError;
pub use rescue::{RescueCode, RescueCodeError};
pub use seal::UnlockError;

use seal::Sealed;

/// How many previous identities are kept, as the specification's reference client does.
pub const MAX_PREVIOUS: usize = 4;

/// An identity: what signing in takes, and, while it is unlocked, what enable, remove
/// and the move from a previous identity take as well.
///
/// For tests, one line makes a whole identity:
///
/// ```
/// use tower_sqrl_client::Identity;
///
/// let alice = Identity::from_seed([7; 32]);
/// let newer = alice.rekey()?; // keeps alice as its previous identity
/// assert_eq!(newer.previous_count(), 1);
/// # Ok::<(), tower_sqrl_client::UnlockError>(())
/// ```
///
/// *Cryptography*, "SQRL’s Keying Hierarchy" and "Identity Re-Keying".
#[derive(Clone)]
pub struct Identity {
    /// The current keys first, then the previous ones, the newest first.
    keys: Vec<Keys>,
    sealed: Option<Sealed>,
}

/// What belongs to one identity unlock key, which itself is there only while unlocked.
#[derive(Clone)]
struct Keys {
    imk: Imk,
    ilk: Ilk,
    iuk: Option<Iuk>,
}

impl Keys {
    fn new(iuk: Iuk) -> Self {
        Self { imk: iuk.imk(), ilk: iuk.ilk(), iuk: Some(iuk) }
    }
}

impl Identity {
    /// The identity whose unlock key is this seed. Unlocked.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self::from_iuk(Iuk::from_bytes(seed))
    }

    /// A new random identity. Unlocked.
    pub fn generate() -> Self {
        Self::from_iuk(Iuk::generate())
    }

    /// The identity of an unlock key. Unlocked.
    pub fn from_iuk(iuk: Iuk) -> Self {
        Self { keys: vec![Keys::new(iuk)], sealed: None }
    }

    /// With these as its previous identities, the newest first, four at most.
    pub fn with_previous(mut self, previous: impl IntoIterator<Item = Iuk>) -> Self {
        self.keys.truncate(1);
        self.keys.extend(previous.into_iter().take(MAX_PREVIOUS).map(Keys::new));
        self.sealed = None;
        self
    }

    /// A new random identity that has this one as its newest previous one. It has to be
    /// sealed again before it can be saved.
    ///
    /// # Errors
    /// [`UnlockError::Locked`].
    pub fn rekey(&self) -> Result<Self, UnlockError> {
        self.rekey_to(Iuk::generate())
    }

    /// The same with a chosen unlock key.
    ///
    /// # Errors
    /// [`UnlockError::Locked`].
    pub fn rekey_to(&self, iuk: Iuk) -> Result<Self, UnlockError> {
        if !self.is_unlocked() {
            return Err(UnlockError::Locked);
        }
        let mut keys = vec![Keys::new(iuk)];
        keys.extend(self.keys.iter().take(MAX_PREVIOUS).cloned());
        Ok(Self { keys, sealed: None })
    }

    /// This identity as it was `n` rekeyings ago, to see what a site says to an old one.
    /// `None` where it has none that old.
    pub fn rewind(&self, n: usize) -> Option<Self> {
        if n == 0 {
            return Some(self.clone());
        }
        let keys = self.keys.get(n..).filter(|keys| !keys.is_empty())?;
        Some(Self { keys: keys.to_vec(), sealed: None })
    }

    /// How many previous identities it has.
    pub fn previous_count(&self) -> usize {
        self.keys.len() - 1
    }

    /// Whether the unlock keys are there, so that a `urs` can be signed.
    pub fn is_unlocked(&self) -> bool {
        self.keys.iter().all(|keys| keys.iuk.is_some())
    }

    /// The key at a site, of the current identity (`age` 0) or an older one.
    pub fn site_key(&self, age: usize, domain: &AuthDomain) -> Option<SiteKey> {
        let keys = self.keys.get(age)?;
        Some(SiteKey::derive(&keys.imk, domain))
    }

    /// The unlock key of the current identity (`age` 0) or an older one, while unlocked.
    pub fn iuk(&self, age: usize) -> Option<&Iuk> {
        self.keys.get(age)?.iuk.as_ref()
    }

    /// The current identity lock key.
    pub fn ilk(&self) -> &Ilk {
        &self.keys[0].ilk
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("previous", &self.previous_count())
            .field("unlocked", &self.is_unlocked())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rekeying_keeps_four_and_rewinding_goes_back() {
        let mut identity = Identity::from_seed([0; 32]);
        for n in 1..=5 {
            identity = identity.rekey_to(Iuk::from_bytes([n; 32])).unwrap();
        }
        assert_eq!(identity.previous_count(), 4);
        assert_eq!(identity.iuk(4), Some(&Iuk::from_bytes([1; 32])));
        let old = identity.rewind(2).unwrap();
        assert_eq!((old.iuk(0), old.previous_count()), (Some(&Iuk::from_bytes([3; 32])), 2));
        assert!(identity.rewind(5).is_none());
    }

    #[test]
    fn debug_prints_no_key() {
        let text = format!("{:?}", Identity::from_seed([1; 32]));
        assert_eq!(text, "Identity { previous: 0, unlocked: true, .. }");
    }
}
