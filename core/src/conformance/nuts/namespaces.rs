use super::Suite;
use super::records::{LONG, cps, link, nut, signed_in};
use crate::conformance::clause::Clause;
use crate::nuts::{CpsId, NutState};
use crate::protocol::Command;

impl Suite {
    /// The same 16 bytes are three keys, so a client's nut can take neither an outcome nor a CPS
    /// id.
    pub async fn namespaces_are_apart(&self) {
        let clause = Clause("the namespaces are apart");
        let (nut, pending, outcome) = (nut(), link(), signed_in());
        let (id, landing) = (CpsId::from_bytes(*nut.as_bytes()), cps(Command::Ident));
        let store = self.server(0);

        let stored = store.store_nut(&nut, &pending, NutState::Pending, LONG).await;
        clause.ok("store_nut", stored);
        let look = self.server(1).get_nut(&nut, NutState::Authorized).await;
        clause.equal("an outcome under a nut", &clause.ok("get_nut", look), &None);
        let taken = self.server(1).remove_nut(&nut, NutState::Authorized).await;
        clause.equal("an outcome under a nut", &clause.ok("remove_nut", taken), &None);
        let look = store.get_user_id_by_cps_session_id(&id).await;
        clause.equal("a CPS id under a nut", &clause.ok("a look", look), &None);

        let stored = store.store_nut(&nut, &outcome, NutState::Authorized, LONG).await;
        clause.ok("store_nut with the key of a pending nut", stored);
        let stored = store.store_cps_session_id(&id, &landing, LONG).await;
        clause.ok("store_cps_session_id with the key of a nut", stored);

        let taken = self.server(1).remove_cps_session_id(&id).await;
        clause.equal("the CPS id", &clause.ok("a take", taken), &Some(landing));
        let taken = self.server(1).remove_nut(&nut, NutState::Pending).await;
        clause.equal("the pending nut", &clause.ok("remove_nut", taken), &Some(pending));
        let taken = self.server(1).remove_nut(&nut, NutState::Authorized).await;
        clause.equal("the outcome", &clause.ok("remove_nut", taken), &Some(outcome));
    }
}
