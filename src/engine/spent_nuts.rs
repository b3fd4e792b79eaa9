use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use tower_sqrl_core::protocol::Nut;

/// Nuts that the store does not have, so that they need no further look-up.
///
/// The size is fixed: sometimes a nut takes the place of another one, which is then looked up once more.
/// Insert only nuts of this site. The server chooses their bytes at random, so a client cannot aim at a
/// place.
pub(super) struct SpentNuts(Box<[AtomicU64]>);

/// 128 KiB.
const PLACES: usize = 16 * 1024;

impl SpentNuts {
    pub(super) fn new() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }

    pub(super) fn insert(&self, nut: &Nut) {
        let (place, mark) = self.place(nut);
        place.store(mark, Ordering::Relaxed);
    }

    pub(super) fn contains(&self, nut: &Nut) -> bool {
        let (place, mark) = self.place(nut);
        place.load(Ordering::Relaxed) == mark
    }

    /// Returns the place of a nut and its mark, 64 of its random bits. Another nut with the same place and
    /// mark is as unlikely as a guessed nut.
    fn place(&self, nut: &Nut) -> (&AtomicU64, u64) {
        let [mark @ .., a, b, _, _, _, _, _, _] = *nut.as_bytes();
        (&self.0[usize::from(u16::from_le_bytes([a, b])) % PLACES], u64::from_le_bytes(mark))
    }
}

impl fmt::Debug for SpentNuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpentNuts(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::nut_issuer::NutIssuer;

    #[test]
    fn the_newest_nuts_are_found() {
        let (spent, issuer) = (SpentNuts::new(), NutIssuer::default());
        let nuts: Vec<_> = (0..1000).map(|_| issuer.issue()).collect();
        for nut in &nuts {
            spent.insert(nut);
        }
        assert!(spent.contains(&nuts[999]));
        // Some have taken the places of others.
        assert!(nuts.iter().filter(|nut| spent.contains(nut)).count() > 900);
        assert!(!(0..1000).any(|_| spent.contains(&issuer.issue())));
    }
}
