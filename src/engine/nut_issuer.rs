use std::fmt;

use sha2::{Digest as _, Sha256};

use super::random;
use tower_sqrl_core::protocol::Nut;

/// Issues nuts, and recognises those that servers with the same key have issued.
///
/// The last four bytes of a nut are a tag: a keyed hash of the twelve random ones. So a server detects
/// most made-up nuts without its store. The tag saves work and proves nothing: only the record decides
/// whether a nut is live.
pub(crate) struct NutIssuer {
    key: [u8; 32],
}

const RANDOM_LEN: usize = 12;
const TAG_LEN: usize = 4;

impl NutIssuer {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    pub(super) fn issue(&self) -> Nut {
        let mut bytes = random::bits();
        let (random, tag) = bytes.split_at_mut(RANDOM_LEN);
        tag.copy_from_slice(&self.tag(random));
        Nut::from_bytes(bytes)
    }

    /// Returns whether a nut has the tag of this key. One made-up nut in 2³² has it by chance.
    pub(super) fn has_issued(&self, nut: &Nut) -> bool {
        let (random, tag) = nut.as_bytes().split_at(RANDOM_LEN);
        tag == self.tag(random)
    }

    /// Returns the tag. A plain hash is a good keyed hash here, because the key and the message have fixed
    /// lengths and most of the output stays secret.
    fn tag(&self, random: &[u8]) -> [u8; TAG_LEN] {
        let hash: [u8; 32] =
            Sha256::new().chain_update(self.key).chain_update(random).finalize().into();
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(&hash[..TAG_LEN]);
        tag
    }
}

/// Has a random key, which no other process has.
impl Default for NutIssuer {
    fn default() -> Self {
        Self::new(rand::random())
    }
}

/// Hides the key.
impl fmt::Debug for NutIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NutIssuer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nuts_are_recognised_by_the_same_key_alone() {
        let (here, there) = (NutIssuer::new([1; 32]), NutIssuer::new([1; 32]));
        let nut = here.issue();
        assert!(here.has_issued(&nut) && there.has_issued(&nut));
        assert_ne!(nut, here.issue());
        assert!(!NutIssuer::new([2; 32]).has_issued(&nut));
        assert!(!NutIssuer::default().has_issued(&nut));
        for at in 0..16 {
            let mut bytes = *nut.as_bytes();
            bytes[at] ^= 1;
            assert!(!here.has_issued(&Nut::from_bytes(bytes)), "byte {at}");
        }
    }
}
