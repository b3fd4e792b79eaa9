//! Compares the content of the stores with the state of the model.

use tower_sqrl::identities::KeyState as RealKeyState;
use tower_sqrl::nuts::{CpsId, NutState, Outcome as RealOutcome, Refusal};
use tower_sqrl::protocol::{self, Nut as RealNut};
use tower_sqrl_client::keys::Suk;

use super::{System, account_named};
use crate::spec::{Identity, KeyState, OutcomeKind, Spec};
use crate::values::{CpsUrl, Epoch, Key, Nut, Wait};

impl System {
    /// Returns the first difference: what the model has and what the stores have.
    pub(crate) async fn final_difference(&mut self, spec: &Spec) -> Option<(String, String)> {
        for (key, idk) in self.key_ring.clone().idks() {
            let idk = protocol::Idk::from_bytes(*idk.as_bytes());
            let lookup = self.stores.of(0).1.look_up(&idk, None).await;
            let expected = spec.key(key);
            let found = self.key_state(lookup.expect("a working store").idk, expected);
            if found != Ok(expected) {
                return Some((format!("{key:?} {expected:?}"), format!("{key:?} {found:?}")));
            }
        }
        for number in 0..self.waits.len() {
            let wait = self.wait(Wait(number)).as_nut();
            let info = self.stores.of(0).0.get_nut(wait, NutState::Authorized).await;
            let info = info.expect("a working store");
            let expected = spec.outcome(Wait(number)).map(|it| (Some(it.key), it.kind));
            let found = info.map(|info| {
                let key = info.idk.and_then(|idk| self.key_ring.key_of(idk.as_bytes()));
                let expected_epoch = match expected {
                    Some((_, OutcomeKind::SignedIn(epoch))) => Some(epoch),
                    _ => None,
                };
                let what = info.outcome.and_then(|outcome| match outcome {
                    RealOutcome::SignedIn { epoch } => {
                        Some(OutcomeKind::SignedIn(self.epoch(epoch.get(), expected_epoch)))
                    }
                    RealOutcome::TakenOver => Some(OutcomeKind::TakenOver),
                    RealOutcome::Collected => Some(OutcomeKind::Collected),
                    RealOutcome::Refused(_) => None,
                });
                (key, what)
            });
            if found != expected.map(|(key, what)| (key, Some(what))) {
                let what = format!("wait {number} ended as ");
                return Some((format!("{what}{expected:?}"), format!("{what}{found:?}")));
            }
            let refusal = self.wait(Wait(number)).refusal();
            let info = self.stores.of(0).0.get_nut(refusal.as_nut(), NutState::Authorized).await;
            let row = info.expect("a working store").and_then(|info| match info.outcome? {
                RealOutcome::Refused(Refusal::New) => Some(11),
                RealOutcome::Refused(Refusal::Disabled) => Some(13),
                RealOutcome::Refused(Refusal::Superseded) => Some(8),
                _ => None,
            });
            if row != spec.refusal(Wait(number)) {
                let say = |row| format!("wait {number} was refused by row {row:?}");
                return Some((say(spec.refusal(Wait(number))), say(row)));
            }
        }
        for number in 0..self.nuts.len() {
            let (expected, found) =
                (spec.is_live(Nut(number)), self.is_live(&self.nuts[number]).await);
            let owner = self.owner(number).await;
            if expected != found || owner != spec.owner(Nut(number)) {
                let say = |live, owner: Option<Key>| {
                    format!("nut #{number} is live: {live}, of {owner:?}")
                };
                return Some((say(expected, spec.owner(Nut(number))), say(found, owner)));
            }
        }
        for number in 0..self.cps_urls.len() {
            let id = CpsId::parse(&self.cps_urls[number]).expect("an id");
            let record = self.stores.of(0).0.get_user_id_by_cps_session_id(&id).await;
            let found = record.expect("a working store").is_some();
            if found != spec.is_open(CpsUrl(number)) {
                let say = |open| format!("CPS URL {number} is open: {open}");
                return Some((say(!found), say(found)));
            }
        }
        None
    }

    /// The identity that a nut's chain belongs to.
    async fn owner(&self, number: usize) -> Option<Key> {
        let nut = self.nuts[number].parse::<RealNut>().ok()?;
        let info = self.stores.of(0).0.get_nut(&nut, NutState::Pending).await;
        self.key_ring.key_of(info.expect("a working store")?.idk?.as_bytes())
    }

    fn key_state(
        &mut self,
        state: RealKeyState,
        expected: Option<KeyState>,
    ) -> Result<Option<KeyState>, String> {
        let it = match state {
            RealKeyState::Unknown => return Ok(None),
            RealKeyState::Superseded => return Ok(Some(KeyState::Superseded)),
            RealKeyState::Live(it) => it,
        };
        let expected_epoch: Option<Epoch> = match expected {
            Some(KeyState::Live(identity)) => Some(identity.epoch),
            _ => None,
        };
        let suk = Suk::from_bytes(*it.suk.as_bytes());
        let lock = self.key_ring.lock_of(suk.as_bytes());
        let lock = lock.filter(|&lock| self.key_ring.is_pair(lock, &suk, it.vuk.as_bytes()));
        Ok(Some(KeyState::Live(Identity {
            lock: lock.ok_or_else(|| format!("an unknown pair in {it:?}"))?,
            user: it.user.as_ref().and_then(|user| account_named(user.as_str())),
            sqrlonly: it.sqrlonly,
            hardlock: it.hardlock,
            disabled: it.disabled,
            epoch: self.epoch(it.epoch.get(), expected_epoch),
            never_current_keys: it.never_current_keys,
        })))
    }
}
