use std::sync::Arc;

use super::Suite;
use super::records::{LONG, cps, link, nut};
use crate::conformance::clause::{Clause, in_parallel};
use crate::error::StoreError;
use crate::nuts::{CpsId, CpsInfo, NutInfo, NutState, NutStore};
use crate::protocol::{Command, Nut};

/// How many callers take part in one race.
const CALLERS: usize = 8;

/// The three kinds of records, by round.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Nut(NutState),
    Cps,
}

const KINDS: [Kind; 3] = [Kind::Nut(NutState::Pending), Kind::Nut(NutState::Authorized), Kind::Cps];

/// A record of one of them.
#[derive(Clone, Debug, PartialEq)]
enum Record {
    Nut(NutInfo),
    Cps(CpsInfo),
}

impl Kind {
    fn record(self) -> Record {
        match self {
            Self::Nut(_) => Record::Nut(link()),
            Self::Cps => Record::Cps(cps(Command::Ident)),
        }
    }

    async fn create(
        self,
        store: Arc<dyn NutStore>,
        key: Nut,
        record: Record,
    ) -> Result<(), StoreError> {
        match (self, record) {
            (Self::Nut(state), Record::Nut(info)) => {
                store.store_nut(&key, &info, state, LONG).await
            }
            (_, Record::Cps(info)) => {
                store.store_cps_session_id(&CpsId::from_bytes(*key.as_bytes()), &info, LONG).await
            }
            (Self::Cps, Record::Nut(_)) => unreachable!("a record is of its kind"),
        }
    }

    async fn take(self, store: Arc<dyn NutStore>, key: Nut) -> Result<Option<Record>, StoreError> {
        match self {
            Self::Nut(state) => Ok(store.remove_nut(&key, state).await?.map(Record::Nut)),
            Self::Cps => {
                let id = CpsId::from_bytes(*key.as_bytes());
                Ok(store.remove_cps_session_id(&id).await?.map(Record::Cps))
            }
        }
    }
}

impl Suite {
    /// Of many who take at once, exactly one gets the record.
    pub async fn exactly_one_taker(&self) {
        let clause = Clause("exactly one taker gets the record");
        for (_, kind) in (0..self.rounds).zip(KINDS.into_iter().cycle()) {
            let (key, record) = (nut(), kind.record());
            let created = kind.create(Arc::clone(self.server(0)), key, record.clone()).await;
            clause.ok("a create", created);
            let takers = (0..CALLERS).map(|turn| kind.take(Arc::clone(self.server(turn)), key));
            let taken = in_parallel(clause, takers).await;
            let winners: Vec<_> =
                taken.into_iter().filter_map(|taken| clause.ok("a take", taken)).collect();
            clause.holds(
                winners.len() == 1,
                &format!("{} of {CALLERS} took one record of {kind:?}", winners.len()),
            );
            clause.equal("the record", &winners[0], &record);
        }
    }

    /// Of many who create under one key at once, exactly one succeeds, the others are in
    /// conflict, and it is the winner's record that is kept.
    pub async fn exactly_one_creator(&self) {
        let clause = Clause("exactly one creator wins");
        for (_, kind) in (0..self.rounds).zip(KINDS.into_iter().cycle()) {
            let key = nut();
            let creators = (0..CALLERS).map(|turn| {
                let (store, record) = (Arc::clone(self.server(turn)), kind.record());
                async move { (kind.create(store, key, record.clone()).await, record) }
            });
            let mut winner = None;
            for (created, record) in in_parallel(clause, creators).await {
                match created {
                    Err(error) if error.is_conflict() => {}
                    created => {
                        clause.ok("a create", created);
                        let other = winner.replace(record);
                        clause.holds(other.is_none(), &format!("two created one {kind:?}"));
                    }
                }
            }
            clause.holds(winner.is_some(), &format!("nobody could create a free {kind:?}"));
            let kept = clause.ok("a take", kind.take(Arc::clone(self.server(0)), key).await);
            clause.equal("the winner's record", &kept, &winner);
        }
    }

    /// Whoever takes and creates under one key at the same time: as many takes succeed as
    /// creates, but for what is left at the end.
    pub async fn takes_and_creates_alternate(&self) {
        let clause = Clause("no record is taken twice or lost between takes and creates");
        for (_, kind) in (0..self.rounds).zip(KINDS.into_iter().cycle()) {
            let key = nut();
            let callers = (0..CALLERS).map(|turn| {
                let store = Arc::clone(self.server(turn / 2));
                async move {
                    if turn % 2 == 0 {
                        match kind.create(store, key, kind.record()).await {
                            Err(error) if error.is_conflict() => 0,
                            created => {
                                clause.ok("a create", created);
                                1
                            }
                        }
                    } else {
                        let taken = clause.ok("a take", kind.take(store, key).await);
                        -i32::from(taken.is_some())
                    }
                }
            });
            let left: i32 = in_parallel(clause, callers).await.into_iter().sum();
            let kept = clause.ok("a take", kind.take(Arc::clone(self.server(0)), key).await);
            clause.equal("the number of records left", &left, &i32::from(kept.is_some()));
        }
    }
}
