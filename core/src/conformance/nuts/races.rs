use std::sync::Arc;

use super::Suite;
use super::records::{LONG, cps, link, nut};
use crate::conformance::clause::{Clause, in_parallel};
use crate::error::StoreError;
use crate::nuts::{CpsId, CpsInfo, NutInfo, NutState, NutStore, RecordKind};
use crate::protocol::{Command, Nut};

/// How many callers take part in one race.
const CALLERS: usize = 8;

/// A record of any kind.
#[derive(Clone, Debug, PartialEq)]
enum Record {
    Nut(NutState, NutInfo),
    Cps(CpsInfo),
}

impl Record {
    fn new(kind: RecordKind) -> Self {
        match kind {
            RecordKind::Pending => Self::Nut(NutState::Pending, link()),
            RecordKind::Authorized => Self::Nut(NutState::Authorized, link()),
            RecordKind::Cps => Self::Cps(cps(Command::Ident)),
        }
    }
}

async fn create(store: Arc<dyn NutStore>, key: Nut, record: Record) -> Result<(), StoreError> {
    match record {
        Record::Nut(state, info) => store.store_nut(&key, &info, state, LONG).await,
        Record::Cps(info) => {
            store.store_cps_session_id(&CpsId::from_bytes(*key.as_bytes()), &info, LONG).await
        }
    }
}

async fn take(
    store: Arc<dyn NutStore>,
    key: Nut,
    kind: RecordKind,
) -> Result<Option<Record>, StoreError> {
    let state = match kind {
        RecordKind::Pending => NutState::Pending,
        RecordKind::Authorized => NutState::Authorized,
        RecordKind::Cps => {
            let id = CpsId::from_bytes(*key.as_bytes());
            return Ok(store.remove_cps_session_id(&id).await?.map(Record::Cps));
        }
    };
    Ok(store.remove_nut(&key, state).await?.map(|info| Record::Nut(state, info)))
}

impl Suite {
    /// Of many who take at once, exactly one gets the record.
    pub async fn exactly_one_taker(&self) {
        let clause = Clause("exactly one taker gets the record");
        for (_, kind) in (0..self.rounds).zip(RecordKind::ALL.into_iter().cycle()) {
            let (key, record) = (nut(), Record::new(kind));
            let created = create(Arc::clone(self.server(0)), key, record.clone()).await;
            clause.ok("a create", created);
            let takers = (0..CALLERS).map(|turn| take(Arc::clone(self.server(turn)), key, kind));
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
        for (_, kind) in (0..self.rounds).zip(RecordKind::ALL.into_iter().cycle()) {
            let key = nut();
            let creators = (0..CALLERS).map(|turn| {
                let (store, record) = (Arc::clone(self.server(turn)), Record::new(kind));
                async move { (create(store, key, record.clone()).await, record) }
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
            let kept = clause.ok("a take", take(Arc::clone(self.server(0)), key, kind).await);
            clause.equal("the winner's record", &kept, &winner);
        }
    }

    /// Whoever takes and creates under one key at the same time: as many takes succeed as
    /// creates, but for what is left at the end.
    pub async fn takes_and_creates_alternate(&self) {
        let clause = Clause("no record is taken twice or lost between takes and creates");
        for (_, kind) in (0..self.rounds).zip(RecordKind::ALL.into_iter().cycle()) {
            let key = nut();
            let callers = (0..CALLERS).map(|turn| {
                let store = Arc::clone(self.server(turn / 2));
                async move {
                    if turn % 2 == 0 {
                        match create(store, key, Record::new(kind)).await {
                            Err(error) if error.is_conflict() => 0,
                            created => {
                                clause.ok("a create", created);
                                1
                            }
                        }
                    } else {
                        let taken = clause.ok("a take", take(store, key, kind).await);
                        -i32::from(taken.is_some())
                    }
                }
            });
            let left: i32 = in_parallel(clause, callers).await.into_iter().sum();
            let kept = clause.ok("a take", take(Arc::clone(self.server(0)), key, kind).await);
            clause.equal("the number of records left", &left, &i32::from(kept.is_some()));
        }
    }
}
