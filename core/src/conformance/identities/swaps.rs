use super::Suite;
use super::rows::{any_key, any_row, rekey, remove, unlock, version};
use crate::conformance::clause::Clause;
use crate::identities::{Change, Identity, KeyState, Swap};
use crate::protocol::Idk;

impl Suite {
    /// A change that was made for another state of its key fails and changes nothing.
    pub async fn a_wrong_expectation_loses(&self) {
        let clause = Clause("a wrong expectation loses");
        for (key, state) in self.one_of_each(clause).await {
            let stranger = any_row();
            let next = Identity { version: version(), ..stranger.clone() };
            let mut wrong = vec![
                ("a removal", remove(key, &stranger)),
                ("a set", Change::set(key, &stranger, next.clone())),
                ("an unlock", unlock(key, &stranger, next)),
            ];
            if state != KeyState::Unknown {
                wrong.push(("a create", Change::create(key, any_row())));
            }
            for (what, change) in wrong {
                let swap = self.apply(clause, &change).await;
                clause.equal(&format!("{what} over {state:?}"), &swap, &Swap::Lost);
                self.is(clause, "a key after a lost write", &key, &state).await;
            }
        }
    }

    /// If the expectation of one of two keys is wrong, neither is written, even if that key is only
    /// compared.
    pub async fn both_keys_or_none(&self) {
        let clause = Clause("both keys are written, or none");
        for (key, state) in self.one_of_each(clause).await {
            // As the previous key, beside a new one.
            let new = any_key();
            let mut wrong = vec![rekey(new, key, &any_row(), Some(any_row()))];
            if state != KeyState::Unknown {
                wrong.push(Change::create(new, any_row()).supersede(key));
            }
            for change in wrong {
                let lost = self.apply(clause, &change).await;
                clause.equal("a change with a wrong previous key", &lost, &Swap::Lost);
                self.is(clause, "the other key", &new, &KeyState::Unknown).await;
                self.is(clause, "the previous key", &key, &state).await;
            }
            if state == KeyState::Unknown {
                continue;
            }

            // As the key, beside one that is left behind.
            let (old, current) = self.created(clause).await;
            let live = KeyState::Live(current.clone());
            let change = rekey(key, old, &current, Some(any_row()));
            let lost = self.apply(clause, &change).await;
            clause.equal("a rekey with a wrong new key", &lost, &Swap::Lost);
            self.is(clause, "the new key", &key, &state).await;
            self.is(clause, "the old key", &old, &live).await;

            // As a key that is only compared.
            let next = Identity { version: version(), disabled: true, ..current.clone() };
            let change = Change::set(old, &current, next).for_previous_key_of(key);
            let lost = self.apply(clause, &change).await;
            clause.equal("a change beside a wrong key", &lost, &Swap::Lost);
            self.is(clause, "the key to be changed", &old, &live).await;
        }
    }

    /// A row that was removed and created again is not mistaken for the old one (ABA).
    pub async fn a_row_created_again_is_another(&self) {
        let clause = Clause("a row created again is another");
        let (key, old) = self.created(clause).await;
        let removal = remove(key, &old);
        self.done(clause, "a removal", &removal).await;
        let new = Identity { version: version(), ..old.clone() };
        let create = Change::create(key, new.clone());
        self.done(clause, "a create after a removal", &create).await;
        let late = Identity { version: version(), disabled: true, ..old.clone() };
        let late = Change::set(key, &old, late);
        for stale in [&late, &removal] {
            let lost = self.apply(clause, stale).await;
            clause.equal("a change of the row before", &lost, &Swap::Lost);
        }
        self.is(clause, "the new row", &key, &KeyState::Live(new)).await;
    }

    /// Returns an unknown, a live and a superseded key.
    async fn one_of_each(&self, clause: Clause) -> [(Idk, KeyState); 3] {
        let (key, identity) = self.created(clause).await;
        [
            (any_key(), KeyState::Unknown),
            (key, KeyState::Live(identity)),
            (self.superseded(clause).await, KeyState::Superseded),
        ]
    }
}
