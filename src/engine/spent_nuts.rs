use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use tower_sqrl_core::protocol::Nut;

/// Nuts that the store was asked for in vain, so that it need not be asked again.
///
/// Of fixed size: a nut takes the place of another one now and then, which is then looked up once
/// more. Only nuts that this site has issued belong here. Their bytes are random and chosen by the
/// server, so nobody can aim at a place.
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

    /// Where a nut is noted, and by what: 64 of its random bits. That another nut has the same
    /// place and mark is as unlikely as guessing one.
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
    fn it_remembers_the_newest() {
        let (spent, issuer) = (SpentNuts::new(), NutIssuer::default());
        let nuts: Vec<_> = (0..1000).map(|_| issuer.issue()).collect();
        for nut in &nuts {
            spent.insert(nut);
        }
        assert!(spent.contains(&nuts[999]));
        // Some have taken each other's places.
        assert!(nuts.iter().filter(|nut| spent.contains(nut)).count() > 900);
        assert!(!(0..1000).any(|_| spent.contains(&issuer.issue())));
    }
}
