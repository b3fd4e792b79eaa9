use super::Suite;
use super::records::{LONG, STATES, cps, cps_id, nut, signed_in};
use crate::conformance::clause::Clause;
use crate::error::StoreErrorKind;
use crate::nuts::{NutState, RecordKind};
use crate::protocol::Command;

/// A field that no release has, with and without the mark that it must be understood.
const OPTIONAL: [u8; 5] = [0x7F, 3, 9, 9, 9];
const CRITICAL: [u8; 5] = [0xFF, 3, 9, 9, 9];

impl Suite {
    /// Two releases share a store: a record with a further field is read, and one with a
    /// further field that must be understood is
    /// [`Corrupt`](crate::StoreErrorKind::Corrupt). Does nothing without
    /// [`raw`](Self::raw).
    pub async fn other_releases_records_are_read(&self) {
        let clause = Clause("other releases' records are read, or corrupt");
        let Some(raw) = &self.raw else { return };
        let (info, landing) = (signed_in(), cps(Command::Ident));
        let corrupt = Some(StoreErrorKind::Corrupt);
        for state in STATES {
            let (known, unknown) = (nut(), nut());
            let store = self.server(0);
            raw(state.into(), *known.as_bytes(), with(info.encode(), OPTIONAL), LONG).await;
            let look = clause.ok("get_nut", store.get_nut(&known, state).await);
            clause.equal("a later release's record", &look.as_ref(), &Some(&info));
            let taken = clause.ok("remove_nut", store.remove_nut(&known, state).await);
            clause.equal("a later release's record", &taken.as_ref(), &Some(&info));

            raw(state.into(), *unknown.as_bytes(), with(info.encode(), CRITICAL), LONG).await;
            let error = store.get_nut(&unknown, state).await.err().map(|error| error.kind());
            clause.equal("a look at what cannot be read", &error, &corrupt);
            if state == NutState::Authorized {
                let error = store.get_nut_idk(&unknown).await.err().map(|error| error.kind());
                clause.equal("get_nut_idk of what cannot be read", &error, &corrupt);
                let error = store.check_nut_authorized(&unknown).await.err();
                let error = error.map(|error| error.kind());
                clause.equal("check_nut_authorized of what cannot be read", &error, &corrupt);
            }
            let error = store.remove_nut(&unknown, state).await.err().map(|error| error.kind());
            clause.equal("a take of what cannot be read", &error, &corrupt);
        }
        let id = cps_id();
        raw(RecordKind::Cps, *id.as_bytes(), with(landing.encode(), OPTIONAL), LONG).await;
        let taken = clause.ok("a take", self.server(0).remove_cps_session_id(&id).await);
        clause.equal("a later release's CPS id", &taken, &Some(landing.clone()));
        raw(RecordKind::Cps, *id.as_bytes(), with(landing.encode(), CRITICAL), LONG).await;
        let error = self.server(0).get_user_id_by_cps_session_id(&id).await.err();
        let error = error.map(|error| error.kind());
        clause.equal("a look at a CPS id that cannot be read", &error, &corrupt);
    }
}

fn with(mut record: Vec<u8>, field: [u8; 5]) -> Vec<u8> {
    record.extend(field);
    record
}
