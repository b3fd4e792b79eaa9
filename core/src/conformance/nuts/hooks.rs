use super::Suite;
use super::records::{LONG, NOBODY, STATES, cps, cps_id, ended, full, link, nut, signed_in};
use crate::conformance::clause::Clause;
use crate::error::StoreError;
use crate::nuts::{NutInfo, NutState};
use crate::protocol::{Command, Idk, Nut};

impl Suite {
    /// Reads and takes return what was stored, to the last byte.
    pub async fn records_come_back_whole(&self) {
        let clause = Clause("records come back whole");
        let outcomes = NOBODY.map(ended);
        for info in [link(), full(), signed_in()].into_iter().chain(outcomes) {
            for state in STATES {
                let nut = nut();
                let stored = self.server(0).store_nut(&nut, &info, state, LONG).await;
                clause.ok("store_nut", stored);
                let found = clause.ok("get_nut", self.server(1).get_nut(&nut, state).await);
                clause.equal("what get_nut finds", &found.as_ref(), &Some(&info));
                let found = clause.ok("remove_nut", self.server(2).remove_nut(&nut, state).await);
                clause.equal("what remove_nut takes", &found.as_ref(), &Some(&info));
            }
        }
        for command in [Command::Ident, Command::Disable, Command::Enable, Command::Remove] {
            let (id, info) = (cps_id(), cps(command));
            let stored = self.server(0).store_cps_session_id(&id, &info, LONG).await;
            clause.ok("store_cps_session_id", stored);
            let found = self.server(1).get_user_id_by_cps_session_id(&id).await;
            let found = clause.ok("get_user_id_by_cps_session_id", found);
            clause.equal("what a look at a CPS id finds", &found.as_ref(), &Some(&info));
            let found = self.server(2).remove_cps_session_id(&id).await;
            let found = clause.ok("remove_cps_session_id", found);
            clause.equal("what remove_cps_session_id takes", &found.as_ref(), &Some(&info));
        }
    }

    /// A create over a live record is a conflict and changes nothing.
    pub async fn creates_refuse_to_overwrite(&self) {
        let clause = Clause("creates refuse to overwrite");
        for state in STATES {
            let (nut, first) = (nut(), link());
            clause.ok("store_nut", self.server(0).store_nut(&nut, &first, state, LONG).await);
            // Not even with the same record.
            for info in [signed_in(), first.clone()] {
                let second = self.server(1).store_nut(&nut, &info, state, LONG).await;
                conflicts(clause, second);
            }
            let kept = clause.ok("get_nut", self.server(0).get_nut(&nut, state).await);
            clause.equal("the first record", &kept, &Some(first));
        }
        let (id, first) = (cps_id(), cps(Command::Ident));
        let stored = self.server(0).store_cps_session_id(&id, &first, LONG).await;
        clause.ok("store_cps_session_id", stored);
        let other = cps(Command::Remove);
        conflicts(clause, self.server(1).store_cps_session_id(&id, &other, LONG).await);
        let kept = self.server(0).get_user_id_by_cps_session_id(&id).await;
        clause.equal("the first record", &clause.ok("a look", kept), &Some(first));
    }

    /// A record that was taken is absent for every hook, and its key is free.
    pub async fn takes_remove(&self) {
        let clause = Clause("takes remove");
        for state in STATES {
            let nut = nut();
            for turn in 0..2 {
                let info = signed_in();
                let stored = self.server(turn).store_nut(&nut, &info, state, LONG).await;
                clause.ok("a create after a take", stored);
                let taken = clause.ok("remove_nut", self.server(0).remove_nut(&nut, state).await);
                clause.equal("what is taken", &taken, &Some(info));
                let again = clause.ok("remove_nut", self.server(1).remove_nut(&nut, state).await);
                clause.equal("what a second remove_nut takes", &again, &None);
                let look = clause.ok("get_nut", self.server(2).get_nut(&nut, state).await);
                clause.equal("what get_nut finds after a take", &look, &None);
            }
        }
        let id = cps_id();
        for turn in 0..2 {
            let info = cps(Command::Ident);
            let stored = self.server(turn).store_cps_session_id(&id, &info, LONG).await;
            clause.ok("a create after a take", stored);
            let taken = self.server(0).remove_cps_session_id(&id).await;
            clause.equal("what is taken", &clause.ok("a take", taken), &Some(info));
            let again = self.server(1).remove_cps_session_id(&id).await;
            clause.equal("what a second take takes", &clause.ok("a take", again), &None);
            let look = self.server(2).get_user_id_by_cps_session_id(&id).await;
            clause.equal("what is found after a take", &clause.ok("a look", look), &None);
        }
    }

    /// Reads leave the record to be taken, however often they are repeated.
    pub async fn looks_change_nothing(&self) {
        let clause = Clause("looks change nothing");
        let (nut, info) = (nut(), signed_in());
        let (id, landing) = (cps_id(), cps(Command::Ident));
        let state = NutState::Authorized;
        clause.ok("store_nut", self.server(0).store_nut(&nut, &info, state, LONG).await);
        let stored = self.server(0).store_cps_session_id(&id, &landing, LONG).await;
        clause.ok("store_cps_session_id", stored);
        for turn in 0..10 {
            let server = self.server(turn);
            let look = clause.ok("get_nut", server.get_nut(&nut, state).await);
            clause.equal("a look", &look.as_ref(), &Some(&info));
            let idk = clause.ok("get_nut_idk", server.get_nut_idk(&nut).await);
            clause.equal("get_nut_idk", &idk, &info.idk);
            let authorized = server.check_nut_authorized(&nut).await;
            let authorized = clause.ok("check_nut_authorized", authorized);
            clause.equal("check_nut_authorized", &authorized, &true);
            let look = server.get_user_id_by_cps_session_id(&id).await;
            clause.equal("a look", &clause.ok("a look", look).as_ref(), &Some(&landing));
        }
        let taken = clause.ok("remove_nut", self.server(0).remove_nut(&nut, state).await);
        clause.equal("what is taken", &taken, &Some(info));
        let taken = self.server(0).remove_cps_session_id(&id).await;
        clause.equal("what is taken", &clause.ok("a take", taken), &Some(landing));
    }

    /// `get_nut_idk` and `check_nut_authorized` recognise an outcome that is a sign-in, and no
    /// other.
    pub async fn only_a_sign_in_names_somebody(&self) {
        let clause = Clause("only an outcome that says signed in names somebody");
        let pending = (NutState::Pending, signed_in());
        let others = NOBODY.map(ended);
        let no_outcome = NutInfo { outcome: None, ..signed_in() };
        let records =
            others.into_iter().chain([no_outcome]).map(|info| (NutState::Authorized, info));
        for (state, info) in records.chain([pending]) {
            let nut = nut();
            clause.ok("store_nut", self.server(0).store_nut(&nut, &info, state, LONG).await);
            self.names(clause, &nut, None).await;
        }
        let (nut, info) = (nut(), signed_in());
        self.names(clause, &nut, None).await;
        let state = NutState::Authorized;
        clause.ok("store_nut", self.server(0).store_nut(&nut, &info, state, LONG).await);
        self.names(clause, &nut, info.idk).await;
    }

    async fn names(&self, clause: Clause, nut: &Nut, right: Option<Idk>) {
        let idk = clause.ok("get_nut_idk", self.server(1).get_nut_idk(nut).await);
        clause.equal("get_nut_idk", &idk, &right);
        let authorized = self.server(1).check_nut_authorized(nut).await;
        let authorized = clause.ok("check_nut_authorized", authorized);
        clause.equal("check_nut_authorized", &authorized, &right.is_some());
    }
}

#[track_caller]
fn conflicts(clause: Clause, result: Result<(), StoreError>) {
    match result {
        Err(error) if error.is_conflict() => {}
        other => clause.broken(format!("a create over a live record came to {other:?}")),
    }
}
