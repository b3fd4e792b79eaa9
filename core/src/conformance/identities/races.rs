use std::sync::Arc;

use super::Suite;
use super::rows::{any_key, any_row, rekey, version};
use crate::conformance::clause::{Clause, in_parallel};
use crate::identities::{Change, Identity, KeyState, Swap};
use crate::protocol::Idk;

/// The number of callers in a race.
const CALLERS: usize = 8;

impl Suite {
    /// Of several concurrent changes of one row, exactly one succeeds. The row is the winner's.
    pub async fn exactly_one_writer(&self) {
        let clause = Clause("exactly one writer wins");
        let (key, mut current) = self.created(clause).await;
        for _ in 0..self.rounds {
            let changes = (0..CALLERS).map(|caller| {
                let (sqrlonly, hardlock) = (caller % 2 == 0, caller % 3 == 0);
                let next = Identity { version: version(), sqrlonly, hardlock, ..current.clone() };
                Change::set(key, &current, next)
            });
            let winner = self.one_wins(clause, changes.collect()).await;
            current = winner.resulting_identity().cloned().expect("a set leaves a row");
            let kept = self.state(clause, &key).await;
            clause.equal("the winner's row", &kept, &KeyState::Live(current.clone()));
        }
    }

    /// Of several concurrent creates of one identity, exactly one succeeds, even if others
    /// supersede its key at the same time.
    pub async fn exactly_one_creator(&self) {
        let clause = Clause("exactly one creator wins");
        for _ in 0..self.rounds {
            let key = any_key();
            let changes = (0..CALLERS).map(|caller| {
                if caller % 2 == 0 {
                    Change::create(key, any_row())
                } else {
                    Change::create(any_key(), any_row()).supersede(key)
                }
            });
            let winner = self.one_wins(clause, changes.collect()).await;
            let kept = self.state(clause, &key).await;
            clause.equal("the key", &kept, &written(&winner, &key));
        }
    }

    /// Of several concurrent rekeys of one identity, exactly one succeeds. The others change
    /// nothing.
    pub async fn exactly_one_rekey(&self) {
        let clause = Clause("exactly one rekey wins");
        for _ in 0..self.rounds {
            let (old, current) = self.created(clause).await;
            let successors: Vec<_> = (0..CALLERS).map(|_| any_key()).collect();
            let changes = successors.iter().map(|&new| rekey(new, old, &current, Some(any_row())));
            let winner = self.one_wins(clause, changes.collect()).await;
            let kept = self.state(clause, &old).await;
            clause.equal("the old key", &kept, &KeyState::Superseded);
            for new in &successors {
                let kept = self.state(clause, new).await;
                clause.equal("a new key", &kept, &written(&winner, new));
            }
        }
    }

    /// If several identities rekey at once, every old key is superseded.
    pub async fn no_mark_is_lost(&self) {
        let clause = Clause("no superseded mark is lost");
        // Each round has as many rekeys as there are callers.
        for _ in (0..self.rounds).step_by(CALLERS) {
            let mut owners = Vec::new();
            for _ in 0..CALLERS {
                owners.push(self.created(clause).await);
            }
            let rekeys: Vec<_> = owners
                .iter()
                .map(|(old, current)| rekey(any_key(), *old, current, Some(any_row())))
                .collect();
            for (swap, _) in self.at_once(clause, rekeys).await {
                clause.equal("a rekey that meets no other", &swap, &Swap::Done);
            }
            for (old, _) in &owners {
                let kept = self.state(clause, old).await;
                clause.equal("the old key", &kept, &KeyState::Superseded);
            }
        }
    }

    /// Of two concurrent changes of the same two keys, in opposite orders, both return and one
    /// succeeds.
    pub async fn opposite_orders_do_not_deadlock(&self) {
        let clause = Clause("opposite orders do not deadlock");
        for _ in 0..self.rounds {
            let pair = [any_key(), any_key()];
            let changes = (0..CALLERS).map(|caller| {
                let (key, other) = (pair[caller % 2], pair[(caller + 1) % 2]);
                Change::create(key, any_row()).supersede(other)
            });
            let winner = self.one_wins(clause, changes.collect()).await;
            for key in &pair {
                let kept = self.state(clause, key).await;
                clause.equal("one of the two keys", &kept, &written(&winner, key));
            }
        }
    }

    /// A look-up of two keys during a rekey returns the states before it or those after it.
    pub async fn a_look_sees_one_moment(&self) {
        let clause = Clause("a look-up sees one moment");
        for round in 0..self.rounds {
            let (old, current) = self.created(clause).await;
            let new = any_key();
            let next = any_row();
            let (before, after) = (KeyState::Live(current.clone()), KeyState::Live(next.clone()));
            let change = rekey(new, old, &current, Some(next));
            let (first, second) = if round % 2 == 0 { (new, old) } else { (old, new) };
            let callers = (0..4).map(|caller| {
                let store = Arc::clone(self.server(caller));
                let change = (caller == 0).then(|| change.clone());
                async move {
                    if let Some(change) = change {
                        let swap = clause.ok("apply", store.apply(&change).await);
                        clause.equal("a rekey that meets no other", &swap, &Swap::Done);
                        return None;
                    }
                    Some(clause.ok("look_up", store.look_up(&first, Some(&second)).await))
                }
            });
            for look in in_parallel(clause, callers).await.into_iter().flatten() {
                let (new, old) = if round % 2 == 0 {
                    (Some(look.idk), look.pidk)
                } else {
                    (look.pidk, Some(look.idk))
                };
                let is_before = new == Some(KeyState::Unknown) && old.as_ref() == Some(&before);
                let is_after = new.as_ref() == Some(&after) && old == Some(KeyState::Superseded);
                clause.holds(is_before || is_after, &format!("new key {new:?}, old key {old:?}"));
            }
        }
    }

    /// Applies all changes at once. Returns the one that succeeds, which must be exactly one.
    async fn one_wins(&self, clause: Clause, changes: Vec<Change>) -> Change {
        let mut winner = None;
        for (swap, change) in self.at_once(clause, changes).await {
            if swap == Swap::Done {
                clause.holds(winner.is_none(), "two changes of one row were done");
                winner = Some(change);
            }
        }
        winner.unwrap_or_else(|| clause.broken("of several right changes none was done"))
    }

    async fn at_once(&self, clause: Clause, changes: Vec<Change>) -> Vec<(Swap, Change)> {
        let calls = changes.into_iter().enumerate().map(|(turn, change)| {
            let store = Arc::clone(self.server(turn));
            async move { (clause.ok("apply", store.apply(&change).await), change) }
        });
        in_parallel(clause, calls).await
    }
}

/// The state of a key after a change, if it was unknown before.
fn written(change: &Change, key: &Idk) -> KeyState {
    let write = change.key_writes().find(|write| write.key == key);
    write.and_then(|write| write.write).cloned().unwrap_or(KeyState::Unknown)
}
