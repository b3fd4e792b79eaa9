use super::Suite;
use super::rows::{any_key, remove, unlock, version};
use crate::conformance::clause::Clause;
use crate::identities::{Change, Epoch, Identity, KeyState, Lookup, Version};
use crate::protocol::{Suk, Vuk};

/// Makes the next change from the current row.
type Step<'a> = &'a (dyn Fn(&Identity) -> Change + Sync);

impl Suite {
    /// A key without a row is unknown. A look-up returns the state of the previous key if it was
    /// asked for.
    pub async fn nothing_is_known_of_a_new_key(&self) {
        let clause = Clause("nothing is known of a new key");
        let (key, previous) = (any_key(), any_key());
        let alone = self.look(clause, &key, None).await;
        clause.equal("a look-up", &alone, &Lookup { idk: KeyState::Unknown, pidk: None });
        let right = Lookup { idk: KeyState::Unknown, pidk: Some(KeyState::Unknown) };
        clause.equal("a look-up", &self.look(clause, &key, Some(&previous)).await, &right);
    }

    /// Look-ups return what was written, to the last bit.
    pub async fn identities_come_back_whole(&self) {
        let clause = Clause("identities come back whole");
        let [user, _] = &self.users;
        let extremes = [(0, 0), (u64::MAX, u64::MAX), (1 << 63, (1 << 63) - 1)];
        for (bits, (epoch, number)) in (0..8).zip(extremes.into_iter().cycle()) {
            let key = any_key();
            let identity = Identity {
                suk: Suk::from_bytes([u8::MAX * (bits & 1); 32]),
                vuk: Vuk::from_bytes([bits; 32]),
                user: (bits & 2 != 0).then(|| user.clone()),
                sqrlonly: bits & 1 != 0,
                hardlock: bits & 2 != 0,
                disabled: bits & 4 != 0,
                epoch: Epoch::new(epoch),
                version: Version::new(number),
                never_current_keys: 2 * bits,
            };
            let change = Change::create(key, identity.clone());
            self.done(clause, "a create", &change).await;
            self.is(clause, "the identity", &key, &KeyState::Live(identity.clone())).await;
            let next = Identity { version: version(), ..identity.clone() };
            let change = Change::set(key, &identity, next.clone());
            self.done(clause, "a change of such an identity", &change).await;
            self.is(clause, "the identity", &key, &KeyState::Live(next)).await;
        }
    }

    /// The next look-up sees each change: flags, user, disable, enable and removal.
    pub async fn every_change_is_seen(&self) {
        let clause = Clause("every change is seen");
        let (key, mut current) = self.created(clause).await;
        let [first, second] = &self.users;

        let steps: [(&str, Step<'_>); 5] = [
            ("setting flags", &|now| {
                let next = Identity { sqrlonly: true, hardlock: true, ..now.clone() };
                Change::set(key, now, Identity { version: version(), ..next })
            }),
            ("a link", &|now| Change::link(key, now, Some(first.clone()), version())),
            ("another user's link", &|now| Change::link(key, now, Some(second.clone()), version())),
            ("an unlink", &|now| Change::link(key, now, None, version())),
            ("a disable", &|now| {
                let next = Identity { disabled: true, sqrlonly: false, ..now.clone() };
                let epoch = Epoch::new(rand::random());
                Change::set(key, now, Identity { epoch, version: version(), ..next })
            }),
        ];
        for (what, step) in steps {
            let change = step(&current);
            self.done(clause, what, &change).await;
            current = change.resulting_identity().cloned().unwrap_or(current);
            self.is(clause, what, &key, &KeyState::Live(current.clone())).await;
        }

        let next = Identity { disabled: false, version: version(), ..current.clone() };
        let change = unlock(key, &current, next.clone());
        self.done(clause, "an enable", &change).await;
        self.is(clause, "an enable", &key, &KeyState::Live(next.clone())).await;

        let change = remove(key, &next);
        self.done(clause, "a removal", &change).await;
        self.is(clause, "a removed key", &key, &KeyState::Unknown).await;

        // A change to the identity that the previous key names, beside a key that is only
        // compared.
        let (key, now) = self.created(clause).await;
        let stranger = any_key();
        let next = Identity { disabled: true, version: version(), ..now.clone() };
        let change = Change::set(key, &now, next.clone()).for_previous_key_of(stranger);
        self.done(clause, "a disable in place", &change).await;
        self.is(clause, "a disable in place", &key, &KeyState::Live(next.clone())).await;
        self.is(clause, "a key that is only compared", &stranger, &KeyState::Unknown).await;
        let change = remove(key, &next);
        self.done(clause, "a removal in place", &change.for_previous_key_of(stranger)).await;
        self.is(clause, "a removed key", &key, &KeyState::Unknown).await;
    }
}
