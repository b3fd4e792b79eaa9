//! The final state: what the stores hold when a history is over, against the model's.

use tower_sqrl::identities::KeyState;
use tower_sqrl::nuts::{CpsId, NutState, Outcome as RealOutcome, Refusal};
use tower_sqrl::protocol::{self, Nut as RealNut};
use tower_sqrl_client::keys::Suk;

use super::World;
use super::read::user_named;
use crate::spec::{Identity, Spec, State, What};
use crate::words::{Cps, Epoch, Key, Nut, Wait};

impl World {
    /// The first thing that is not as the model has it: what it says, and what there is.
    pub(crate) async fn last_difference(&mut self, spec: &Spec) -> Option<(String, String)> {
        for (key, idk) in self.ring.clone().idks() {
            let idk = protocol::Idk::from_bytes(*idk.as_bytes());
            let lookup = self.stores.of(0).1.look_up(&idk, None).await;
            let expected = spec.key(key);
            let found = self.state(lookup.expect("a store that works").idk, expected);
            if found != Ok(expected) {
                return Some((format!("{key:?} {expected:?}"), format!("{key:?} {found:?}")));
            }
        }
        for number in 0..self.waits.len() {
            let wait = self.wait(Wait(number)).as_nut();
            let info = self.stores.of(0).0.get_nut(wait, NutState::Authorized).await;
            let info = info.expect("a store that works");
            let expected = spec.outcome(Wait(number)).map(|it| (Some(it.key), it.what));
            let found = info.map(|info| {
                let key = info.idk.and_then(|idk| self.ring.key_of(idk.as_bytes()));
                let hint = match expected {
                    Some((_, What::SignedIn(epoch))) => Some(epoch),
                    _ => None,
                };
                let what = info.outcome.and_then(|outcome| match outcome {
                    RealOutcome::SignedIn { epoch } => {
                        Some(What::SignedIn(self.epoch(epoch.get(), hint)))
                    }
                    RealOutcome::TakenOver => Some(What::TakenOver),
                    RealOutcome::Collected => Some(What::Collected),
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
            let row = info.expect("a store that works").and_then(|info| match info.outcome? {
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
        for number in 0..self.urls.len() {
            let id = CpsId::parse(&self.urls[number]).expect("an id");
            let url = self.stores.of(0).0.get_user_id_by_cps_session_id(&id).await;
            let found = url.expect("a store that works").is_some();
            if found != spec.is_open(Cps(number)) {
                let say = |open| format!("CPS URL {number} is open: {open}");
                return Some((say(!found), say(found)));
            }
        }
        None
    }

    /// Whose a nut's chain is.
    async fn owner(&self, number: usize) -> Option<Key> {
        let nut = self.nuts[number].parse::<RealNut>().ok()?;
        let info = self.stores.of(0).0.get_nut(&nut, NutState::Pending).await;
        self.ring.key_of(info.expect("a store that works")?.idk?.as_bytes())
    }

    fn state(&mut self, state: KeyState, expected: Option<State>) -> Result<Option<State>, String> {
        let it = match state {
            KeyState::Unknown => return Ok(None),
            KeyState::Superseded => return Ok(Some(State::Superseded)),
            KeyState::Live(it) => it,
        };
        let hint: Option<Epoch> = match expected {
            Some(State::Live(identity)) => Some(identity.epoch),
            _ => None,
        };
        let suk = Suk::from_bytes(*it.suk.as_bytes());
        let lock = self.ring.lock_of(suk.as_bytes());
        let lock = lock.filter(|&lock| self.ring.is_pair(lock, &suk, it.vuk.as_bytes()));
        Ok(Some(State::Live(Identity {
            lock: lock.ok_or_else(|| format!("an unknown pair in {it:?}"))?,
            user: it.user.as_ref().and_then(|user| user_named(user.as_str())),
            sqrlonly: it.sqrlonly,
            hardlock: it.hardlock,
            disabled: it.disabled,
            epoch: self.epoch(it.epoch.get(), hint),
            strangers: it.strangers,
        })))
    }
}
