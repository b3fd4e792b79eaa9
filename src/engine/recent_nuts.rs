use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tower_sqrl_core::nuts::NutInfo;
use tower_sqrl_core::protocol::Nut;

/// Copies of the records of nuts that this process has just stored, for stores that are reached over
/// a network or a file.
///
/// A record never changes, so its copy is as good for verifying a request. Whether the nut is still
/// live, only the store's take decides: another server may have consumed the nut. A copy serves one
/// request, and only a request that goes on to the take.
///
/// The memory is bounded: a copy takes the place of another one now and then, whose nut is then
/// looked up in the store. The bytes of a nut are random and chosen by the server, so that no client
/// can aim at a place.
pub(super) struct RecentNuts(Box<[Mutex<Option<Box<Recent>>>]>);

struct Recent {
    nut: Nut,
    info: NutInfo,
}

/// 64 KiB; with a copy in each, 1.5 MiB, or 3 MiB with the longest data.
const PLACES: usize = 4096;

/// Records with more data from the application, in octets, are not copied.
const MAX_DATA: usize = 256;

impl RecentNuts {
    pub(super) fn new() -> Self {
        Self((0..PLACES).map(|_| Mutex::default()).collect())
    }

    /// Keeps a copy of a record that the store has accepted.
    pub(super) fn insert(&self, nut: Nut, info: NutInfo) {
        let data = info.attached.data.as_ref().map_or(0, |data| data.len());
        if info.ask.is_none() && data <= MAX_DATA {
            *self.place(&nut) = Some(Box::new(Recent { nut, info }));
        }
    }

    /// Takes the copy out.
    pub(super) fn remove(&self, nut: &Nut) -> Option<NutInfo> {
        let recent = self.place(nut).take_if(|recent| recent.nut == *nut)?;
        Some(recent.info)
    }

    fn place(&self, nut: &Nut) -> MutexGuard<'_, Option<Box<Recent>>> {
        let [a, b, ..] = *nut.as_bytes();
        let place = &self.0[usize::from(u16::from_le_bytes([a, b])) % PLACES];
        place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the nuts.
impl fmt::Debug for RecentNuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecentNuts(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_sqrl_core::nuts::{Digest, Timestamp, WaitId};
    use tower_sqrl_core::protocol::Ask;

    fn nut() -> Nut {
        Nut::from_bytes(rand::random())
    }

    fn record() -> NutInfo {
        let (wait, now) = (WaitId::from_bytes(rand::random()), Timestamp::from_millis(1));
        NutInfo::first(nut(), wait, [192, 0, 2, 1].into(), now, Digest::of([]))
    }

    fn with_data(octets: usize) -> NutInfo {
        let mut record = record();
        record.attached.data = Some(vec![0; octets].into());
        record
    }

    #[test]
    fn copies_are_few_and_short() {
        let recent_nuts = RecentNuts::new();
        let nuts: Vec<_> = (0..3 * PLACES).map(|_| nut()).collect();
        for nut in &nuts {
            recent_nuts.insert(*nut, record());
        }
        let kept = nuts.iter().filter(|nut| recent_nuts.remove(nut).is_some()).count();
        assert!((PLACES / 2..=PLACES).contains(&kept), "{kept}");
        assert!(nuts.iter().all(|nut| recent_nuts.remove(nut).is_none()), "each serves once");

        let mut ask = record();
        ask.ask = Ask::new("?").ok().map(Box::new);
        for (info, is_kept) in [(with_data(256), true), (with_data(257), false), (ask, false)] {
            recent_nuts.insert(nuts[0], info.clone());
            assert_eq!(recent_nuts.remove(&nuts[0]), is_kept.then_some(info));
        }
    }

    #[test]
    fn a_nut_gets_its_own_record_alone() {
        let recent_nuts = RecentNuts::new();
        let [one, other] =
            [1, 2].map(|last| Nut::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]));
        recent_nuts.insert(one, record());
        assert_eq!(recent_nuts.remove(&other), None);
        assert!(recent_nuts.remove(&one).is_some());
    }
}
