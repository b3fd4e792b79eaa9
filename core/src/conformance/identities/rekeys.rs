use super::Suite;
use super::rows::{any_key, any_row, rekey, remove, version};
use crate::conformance::clause::Clause;
use crate::identities::{Change, Identity, KeyState, Swap};

impl Suite {
    /// After a rekey the new key is live and the old one superseded. If the rekey also removes the
    /// identity, the new key is unknown.
    pub async fn rekeys_supersede(&self) {
        let clause = Clause("rekeys supersede");
        let (old, current) = self.created(clause).await;
        let new = any_key();
        let next = Identity { user: Some(self.users[0].clone()), ..any_row() };
        let change = rekey(new, old, &current, Some(next.clone()));
        self.done(clause, "a rekey", &change).await;
        self.is(clause, "the new key", &new, &KeyState::Live(next.clone())).await;
        self.is(clause, "the old key", &old, &KeyState::Superseded).await;
        let look = self.look(clause, &new, Some(&old)).await;
        clause.equal("the new key", &look.idk, &KeyState::Live(next.clone()));
        clause.equal("the old key", &look.pidk, &Some(KeyState::Superseded));

        let last = any_key();
        let change = rekey(last, new, &next, None);
        self.done(clause, "a rekey with a removal", &change).await;
        self.is(clause, "the key of a rekey with a removal", &last, &KeyState::Unknown).await;
        self.is(clause, "the old key", &new, &KeyState::Superseded).await;
    }

    /// A superseded key stays superseded, whether it was live before or not, and whatever happens
    /// to its successors.
    pub async fn superseded_keys_stay_superseded(&self) {
        let clause = Clause("superseded keys stay superseded");
        let (mut key, mut current) = self.created(clause).await;
        let mut left_behind = Vec::new();
        for _ in 0..4 {
            // A rekey, then a change that supersedes a stranger.
            let new = any_key();
            let next = any_row();
            let change = rekey(new, key, &current, Some(next.clone()));
            self.done(clause, "a rekey", &change).await;
            left_behind.push(key);
            let stranger = any_key();
            let after = Identity { version: version(), never_current_keys: 1, ..next.clone() };
            let change = Change::set(new, &next, after.clone()).supersede(stranger);
            self.done(clause, "a change that supersedes a stranger", &change).await;
            left_behind.push(stranger);
            (key, current) = (new, after);
        }
        // Superseding one once more loses; a removal of the last does not touch them.
        let again = Change::create(any_key(), any_row()).supersede(left_behind[0]);
        let swap = self.apply(clause, &again).await;
        clause.equal("superseding a superseded key", &swap, &Swap::Lost);
        self.done(clause, "a removal", &remove(key, &current)).await;
        self.is(clause, "the last key", &key, &KeyState::Unknown).await;
        for key in &left_behind {
            self.is(clause, "a key left behind", key, &KeyState::Superseded).await;
        }
        // And nothing that expects less than a superseded row gets by.
        for key in left_behind {
            for change in [Change::create(key, any_row()), remove(key, &current)] {
                self.apply(clause, &change).await;
                self.is(clause, "a key left behind", &key, &KeyState::Superseded).await;
            }
        }
    }
}
