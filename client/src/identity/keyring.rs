//! The keys of an identity and of its previous ones.

use zeroize::Zeroizing;

use super::rescue_code::RescueCode;
use super::sealed::{Sealed, UnlockError};
use crate::keys::{AuthDomain, Ilk, Imk, Iuk, SiteKey};

/// Maximum number of previous identities, as in the specification's reference client.
pub(super) const MAX_PREVIOUS: usize = 4;

/// An identity and up to four previous ones.
///
/// A *locked* identity can sign in and disable itself. An *unlocked* one has its unlock
/// keys too, so that it can also enable, remove and replace a previous identity.
///
/// A test makes an identity in one line:
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
    /// The current keys, then the previous ones, newest first. Never empty.
    pub(super) keys: Vec<Keys>,
    pub(super) sealed: Option<Sealed>,
}

/// The keys of one identity. `iuk` is present while the identity is unlocked.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) imk: Imk,
    pub(super) ilk: Ilk,
    pub(super) iuk: Option<Iuk>,
}

impl Keys {
    fn new(iuk: Iuk) -> Self {
        Self { imk: iuk.imk(), ilk: iuk.ilk(), iuk: Some(iuk) }
    }
}

impl Identity {
    /// Returns the identity whose unlock key is this seed. It is unlocked.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self::from_iuk(Iuk::from_bytes(seed))
    }

    /// Returns a new random identity. It is unlocked.
    pub fn generate() -> Self {
        Self::from_iuk(Iuk::generate())
    }

    /// Returns the identity of an unlock key. It is unlocked.
    pub fn from_iuk(iuk: Iuk) -> Self {
        Self { keys: vec![Keys::new(iuk)], sealed: None }
    }

    /// Sets the previous identities, newest first. Those after the fourth are dropped.
    pub fn with_previous(mut self, previous: impl IntoIterator<Item = Iuk>) -> Self {
        self.keys.truncate(1);
        self.keys.extend(previous.into_iter().take(MAX_PREVIOUS).map(Keys::new));
        self.sealed = None;
        self
    }

    /// Returns a new random identity with this one as its newest previous identity. Seal
    /// it before you save it.
    ///
    /// # Errors
    /// Returns [`UnlockError::Locked`] if this identity is locked.
    pub fn rekey(&self) -> Result<Self, UnlockError> {
        self.rekey_to(Iuk::generate())
    }

    /// Returns the identity of an unlock key with this one as its newest previous identity.
    /// Seal it before you save it.
    ///
    /// # Errors
    /// Returns [`UnlockError::Locked`] if this identity is locked.
    pub fn rekey_to(&self, iuk: Iuk) -> Result<Self, UnlockError> {
        if !self.is_unlocked() {
            return Err(UnlockError::Locked);
        }
        let mut keys = vec![Keys::new(iuk)];
        keys.extend(self.keys.iter().take(MAX_PREVIOUS).cloned());
        Ok(Self { keys, sealed: None })
    }

    /// Returns this identity as it was `n` rekeys ago, to test how a site treats an old
    /// identity. Returns `None` if it has fewer previous identities.
    pub fn rewind(&self, n: usize) -> Option<Self> {
        if n == 0 {
            return Some(self.clone());
        }
        let keys = self.keys.get(n..).filter(|keys| !keys.is_empty())?;
        Some(Self { keys: keys.to_vec(), sealed: None })
    }

    /// Returns the number of previous identities.
    pub fn previous_count(&self) -> usize {
        self.keys.len() - 1
    }

    /// Returns whether the identity is unlocked.
    pub fn is_unlocked(&self) -> bool {
        self.keys.iter().all(|keys| keys.iuk.is_some())
    }

    /// Returns the key at a site of the current identity (`age` 0) or of a previous one.
    /// Returns `None` if there is no identity of that age.
    pub fn site_key(&self, age: usize, domain: &AuthDomain) -> Option<SiteKey> {
        let keys = self.keys.get(age)?;
        Some(SiteKey::derive(&keys.imk, domain))
    }

    /// Returns the unlock key of the current identity (`age` 0) or of a previous one.
    /// Returns `None` if the identity is locked, or if there is none of that age.
    pub fn iuk(&self, age: usize) -> Option<&Iuk> {
        self.keys.get(age)?.iuk.as_ref()
    }

    /// Returns the lock key of the current identity.
    pub fn ilk(&self) -> &Ilk {
        &self.keys[0].ilk
    }

    /// Encrypts the unlock keys under a rescue code, so that the identity can be saved.
    ///
    /// # Errors
    /// Returns [`UnlockError::Locked`] if the identity is locked.
    pub fn seal(&mut self, code: &RescueCode) -> Result<(), UnlockError> {
        let mut iuks = Zeroizing::new(Vec::with_capacity(32 * self.keys.len()));
        for keys in &self.keys {
            iuks.extend_from_slice(keys.iuk.as_ref().ok_or(UnlockError::Locked)?.as_bytes());
        }
        self.sealed = Some(Sealed::encrypt(code, &iuks, &self.clear_keys()));
        Ok(())
    }

    /// Decrypts the unlock keys. Does nothing if the identity is unlocked.
    ///
    /// # Errors
    /// Returns [`UnlockError::WrongCode`] or [`UnlockError::NotSealed`].
    pub fn unlock(&mut self, code: &RescueCode) -> Result<(), UnlockError> {
        if self.is_unlocked() {
            return Ok(());
        }
        let sealed = self.sealed.as_ref().ok_or(UnlockError::NotSealed)?;
        let plain = sealed.decrypt(code, &self.clear_keys())?;
        let (iuks, rest) = plain.as_chunks::<32>();
        if iuks.len() != self.keys.len() || !rest.is_empty() {
            return Err(UnlockError::WrongCode);
        }
        for (keys, iuk) in self.keys.iter_mut().zip(iuks) {
            keys.iuk = Some(Iuk::from_bytes(*iuk));
        }
        Ok(())
    }

    /// Removes the unlock keys from memory. Without a preceding [`Identity::seal`], they
    /// are lost.
    pub fn lock(&mut self) {
        for keys in &mut self.keys {
            keys.iuk = None;
        }
    }

    /// Returns the keys that are stored in the clear, which are authenticated together
    /// with the unlock keys.
    fn clear_keys(&self) -> Zeroizing<Vec<u8>> {
        let mut clear = Zeroizing::new(Vec::with_capacity(64 * self.keys.len()));
        for keys in &self.keys {
            clear.extend_from_slice(keys.imk.as_bytes());
            clear.extend_from_slice(keys.ilk.as_bytes());
        }
        clear
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
    fn rekeying_keeps_four_previous_identities() {
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
    fn debug_hides_keys() {
        let text = format!("{:?}", Identity::from_seed([1; 32]));
        assert_eq!(text, "Identity { previous: 0, unlocked: true, .. }");
    }
}
