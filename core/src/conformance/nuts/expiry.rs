use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::Suite;
use super::records::{LONG, STATES, cps, cps_id, link, nut, signed_in};
use crate::conformance::clause::Clause;
use crate::nuts::NutState;
use crate::protocol::Command;

/// How much earlier or later than its TTL a record may expire: 50 ms, for coarse clocks. It does
/// not allow for periodic sweeps.
pub const TOLERANCE: Duration = Duration::from_millis(50);

const TTL: Duration = Duration::from_secs(1);

impl Suite {
    /// A record past its TTL is absent for every hook, from the first call on.
    pub async fn a_record_past_its_ttl_is_absent(&self) {
        let clause = Clause("a record past its TTL is absent");
        let store = self.server(0);
        // One each for a look, a take, `get_nut_idk`, `check_nut_authorized`, a create.
        let (nuts, ids) = ([(); 5].map(|()| nut()), [(); 3].map(|()| cps_id()));
        let (info, landing) = (signed_in(), cps(Command::Ident));
        for nut in &nuts {
            for state in STATES {
                clause.ok("store_nut", store.store_nut(nut, &info, state, TTL).await);
            }
        }
        for id in &ids {
            let stored = store.store_cps_session_id(id, &landing, TTL).await;
            clause.ok("store_cps_session_id", stored);
        }
        sleep_until(Instant::now() + TTL + TOLERANCE).await;

        let store = self.server(1);
        let idk = clause.ok("get_nut_idk", store.get_nut_idk(&nuts[2]).await);
        clause.equal("get_nut_idk", &idk, &None);
        let authorized = store.check_nut_authorized(&nuts[3]).await;
        let authorized = clause.ok("check_nut_authorized", authorized);
        clause.equal("check_nut_authorized", &authorized, &false);
        for state in STATES {
            let look = clause.ok("get_nut", store.get_nut(&nuts[0], state).await);
            clause.equal("what get_nut finds", &look, &None);
            let taken = clause.ok("remove_nut", store.remove_nut(&nuts[1], state).await);
            clause.equal("what remove_nut takes", &taken, &None);
            let anew = store.store_nut(&nuts[4], &link(), state, LONG).await;
            clause.ok("a create over a record past its TTL", anew);
        }
        let look = store.get_user_id_by_cps_session_id(&ids[0]).await;
        clause.equal("a look at a CPS id", &clause.ok("a look", look), &None);
        let taken = store.remove_cps_session_id(&ids[1]).await;
        clause.equal("a take of a CPS id", &clause.ok("a take", taken), &None);
        let anew = store.store_cps_session_id(&ids[2], &landing, LONG).await;
        clause.ok("a create over a CPS id past its TTL", anew);
    }

    /// A record lives for its TTL, neither shorter nor longer, and reading it does not prolong its
    /// life.
    pub async fn a_record_lives_for_its_ttl(&self) {
        let clause = Clause("a record lives for its TTL");
        let nut = nut();
        let before = Instant::now();
        let stored = self.server(0).store_nut(&nut, &link(), NutState::Pending, TTL).await;
        clause.ok("store_nut", stored);
        let after = Instant::now();
        for turn in 1.. {
            let looked = Instant::now();
            let look = self.server(turn).get_nut(&nut, NutState::Pending).await;
            if clause.ok("get_nut", look).is_none() {
                break;
            }
            let late = looked.saturating_duration_since(after + TTL);
            clause.holds(late <= TOLERANCE, &format!("seen {late:?} past its TTL"));
            sleep(Duration::from_millis(10)).await;
        }
        let early = (before + TTL).saturating_duration_since(Instant::now());
        clause.holds(early <= TOLERANCE, &format!("gone {early:?} before its TTL was over"));
    }

    /// After a take, the rest of the old record's TTL does not end the next record of the same key.
    pub async fn a_ttl_ends_with_its_record(&self) {
        let clause = Clause("a TTL ends with its record");
        let (nut, id, store) = (nut(), cps_id(), self.server(0));
        for ttl in [TTL, LONG] {
            for state in STATES {
                clause.ok("store_nut", store.store_nut(&nut, &link(), state, ttl).await);
            }
            let stored = store.store_cps_session_id(&id, &cps(Command::Ident), ttl).await;
            clause.ok("store_cps_session_id", stored);
            if ttl == TTL {
                for state in STATES {
                    clause.ok("remove_nut", store.remove_nut(&nut, state).await);
                }
                clause.ok("a take", store.remove_cps_session_id(&id).await);
            }
        }
        sleep(TTL + TOLERANCE).await;
        for state in STATES {
            let left = clause.ok("get_nut", store.get_nut(&nut, state).await);
            clause.holds(left.is_some(), "the earlier record's TTL has ended the later one");
        }
        let left = clause.ok("a look", store.get_user_id_by_cps_session_id(&id).await);
        clause.holds(left.is_some(), "the earlier CPS id's TTL has ended the later one");
    }

    /// A TTL below the resolution of the store's clock is valid, and so is a year.
    pub async fn any_ttl_will_do(&self) {
        let clause = Clause("any TTL will do");
        let day = Duration::from_secs(24 * 3600);
        for (ttl, lasts) in [
            (Duration::ZERO, false),
            (Duration::from_nanos(1), false),
            (Duration::from_micros(1500), false),
            (366 * day, true),
        ] {
            let nut = nut();
            let stored = self.server(0).store_nut(&nut, &link(), NutState::Pending, ttl).await;
            clause.ok(&format!("store_nut for {ttl:?}"), stored);
            sleep(Duration::from_millis(2) + TOLERANCE).await;
            let left = clause.ok("get_nut", self.server(1).get_nut(&nut, NutState::Pending).await);
            clause.equal(&format!("being there after {ttl:?}"), &left.is_some(), &lasts);
            clause.ok("remove_nut", self.server(0).remove_nut(&nut, NutState::Pending).await);
        }
    }
}
