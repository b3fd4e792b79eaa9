//! The decision about a verified request, given what is known of its keys.
//!
//! It is pure. The numbers in the comments are the rows of the table of situations in
//! `docs/protocol.md`. The table test names each of them.

#[cfg(test)]
mod tests;

use tower_sqrl_core::identities::{Change, Epoch, Identity, KeyState, Lookup, Version};
use tower_sqrl_core::protocol::{Command, Idk, Request, Suk, Tif};

/// Maximum number of superseded keys of one identity that were never current here.
const MAX_NEVER_CURRENT_KEYS: u8 = 16;

/// The site's policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Whether `ident` may create an identity, or sign in one that is linked with no account.
    pub(crate) accepts_new: bool,
}

/// Random numbers for the identity that a change may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fresh {
    pub(crate) epoch: Epoch,
    pub(crate) version: Version,
}

/// A reply and a change to write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) tif: Tif,
    pub(crate) suk: Option<Suk>,
    pub(crate) change: Option<Change>,
    pub(crate) verdict: Verdict,
}

impl Decision {
    /// Returns whether the decision disables an enabled identity. A neighbour's use of the limit must not
    /// prevent that. It is limited nevertheless: to do it again, the owner has to enable the identity
    /// first, or create another one.
    pub(crate) fn stops_an_identity(&self, lookup: &Lookup) -> bool {
        let mut live = [Some(&lookup.idk), lookup.pidk.as_ref()].into_iter().flatten();
        let current = live.find_map(|state| match state {
            KeyState::Live(identity) => Some(identity),
            KeyState::Unknown | KeyState::Superseded => None,
        });
        let next = self.change.as_ref().and_then(Change::resulting_identity);
        current.zip(next).is_some_and(|(current, next)| !current.disabled && next.disabled)
    }
}

/// The result for the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing happened.
    Refused,
    /// A query was answered.
    Answered,
    /// A disable, enable or remove was done.
    Done,
    /// The request's own identity is signed in.
    SignedIn { epoch: Epoch },
}

/// Decides about a request. `lookup` has exactly the keys that the request proved.
pub(crate) fn decide(
    request: &Request,
    lookup: &Lookup,
    ips_match: bool,
    policy: Policy,
    fresh: Fresh,
) -> Decision {
    let case = Case { request, lookup, ips: Tif::IPS_MATCH.when(ips_match), policy, fresh };
    if request.command() == Command::Unknown {
        return unsupported(case.ips);
    }
    match (&lookup.idk, &lookup.pidk) {
        (KeyState::Superseded, _) => case.superseded(),
        (KeyState::Live(identity), _) => case.current(identity),
        (KeyState::Unknown, Some(KeyState::Live(identity))) => match request.pidk() {
            Some(pidk) => case.previous(*pidk, identity),
            None => case.unknown(),
        },
        (KeyState::Unknown, _) => case.unknown(),
    }
}

/// 23: a command that version 1 does not have. It needs no look-up.
pub(crate) fn unsupported(ips: Tif) -> Decision {
    refused(Tif::NOT_SUPPORTED | Tif::FAILED | ips, None)
}

struct Case<'a> {
    request: &'a Request,
    lookup: &'a Lookup,
    ips: Tif,
    policy: Policy,
    fresh: Fresh,
}

impl Case<'_> {
    /// 7, 8: the request's key is superseded.
    fn superseded(&self) -> Decision {
        let tif = Tif::SUPERSEDED | self.ips;
        match self.request.command() {
            Command::Query => answered(tif, None),
            _ => refused(tif | Tif::FAILED, None),
        }
    }

    /// The request's key is live.
    fn current(&self, identity: &Identity) -> Decision {
        let tif = state(Tif::ID_MATCH, identity) | self.ips;
        let asked_suk = self.request.options().suk.then_some(identity.suk);
        match self.request.command() {
            // 2, 3
            Command::Query if identity.disabled => answered(tif, Some(identity.suk)),
            Command::Query => answered(tif, asked_suk),
            // 13
            Command::Ident if identity.disabled => refused(tif | Tif::FAILED, Some(identity.suk)),
            // 11
            Command::Ident if self.is_new_here(identity) => self.not_accepted(),
            // 12
            Command::Ident => Decision {
                tif,
                suk: asked_suk,
                change: self.set(identity, self.with_flags(identity)),
                verdict: Verdict::SignedIn { epoch: identity.epoch },
            },
            // 16
            Command::Disable => Decision {
                tif: Tif::ID_MATCH | Tif::DISABLED | self.ips,
                suk: Some(identity.suk),
                change: self.set(identity, self.disabled(identity)),
                verdict: Verdict::Done,
            },
            Command::Enable | Command::Remove => self.unlock(identity, tif, asked_suk),
            Command::Unknown => unsupported(self.ips),
        }
    }

    /// 17, 18, 19: enable and remove, for a live key.
    fn unlock(&self, identity: &Identity, tif: Tif, asked_suk: Option<Suk>) -> Decision {
        let refusal = || refused(Tif::REFUSED | tif, Some(identity.suk));
        let Some(proof) = self.request.prove_unlock(&identity.vuk) else { return refusal() };
        let idk = *self.request.idk();
        if self.request.command() == Command::Remove {
            let Some(change) = Change::remove(idk, identity, &proof) else { return refusal() };
            let change = supersede(change, self.never_current_pidk(identity));
            return done(self.ips, None, Some(change));
        }
        let next = self.count(identity, self.enabled(identity));
        if !differs(identity, &next) {
            return done(Tif::ID_MATCH | self.ips, asked_suk, None);
        }
        let Some(change) = Change::unlock(idk, identity, next, &proof) else { return refusal() };
        let change = supersede(change, self.never_current_pidk(identity));
        done(Tif::ID_MATCH | self.ips, asked_suk, Some(change))
    }

    /// The request's key is unknown, and its previous key is live.
    fn previous(&self, pidk: Idk, identity: &Identity) -> Decision {
        let tif = state(Tif::PREVIOUS_ID_MATCH, identity) | self.ips;
        let command = self.request.command();
        // 4
        if command == Command::Query {
            return answered(tif, Some(identity.suk));
        }
        // 14, 21
        if let Some(decision) = self.rekey(pidk, identity) {
            return decision;
        }
        let refusal = || refused(Tif::REFUSED | tif, Some(identity.suk));
        // 22: disable needs no proof, even if the request brings new keys that nothing authorises. So it
        // protects the owner.
        if command == Command::Disable {
            let next = self.disabled(identity);
            let change = differs(identity, &next).then(|| {
                Change::set(pidk, identity, next).for_previous_key_of(*self.request.idk())
            });
            let tif = Tif::PREVIOUS_ID_MATCH | Tif::DISABLED | self.ips;
            return done(tif, Some(identity.suk), change);
        }
        // 15; 21 and 22 without what they need
        if command == Command::Ident || self.request.unlock_keys().is_some() {
            return refusal();
        }
        let Some(proof) = self.request.prove_unlock(&identity.vuk) else { return refusal() };
        let (change, tif, suk) = if command == Command::Remove {
            (Change::remove(pidk, identity, &proof), self.ips, None)
        } else {
            let next = self.enabled(identity);
            let tif = Tif::PREVIOUS_ID_MATCH | self.ips;
            if !differs(identity, &next) {
                return done(tif, Some(identity.suk), None);
            }
            (Change::unlock(pidk, identity, next, &proof), tif, Some(identity.suk))
        };
        let Some(change) = change else { return refusal() };
        done(tif, suk, Some(change.for_previous_key_of(*self.request.idk())))
    }

    /// 14, 21: the owner moves to the request's key, and then the command is carried out. Returns `None`
    /// without new keys and the unlock request signature of the stored key.
    fn rekey(&self, pidk: Idk, identity: &Identity) -> Option<Decision> {
        let (suk, vuk) = self.request.unlock_keys()?;
        let proof = self.request.prove_unlock(&identity.vuk)?;
        let command = self.request.command();
        // 11
        if command == Command::Ident && self.is_new_here(identity) {
            return Some(self.not_accepted());
        }
        let mut next = self.with_flags(identity);
        (next.suk, next.vuk) = (suk, vuk);
        next.disabled = command == Command::Disable;
        next.epoch = self.fresh.epoch;
        let (tif, suk, next) = match command {
            Command::Disable => (Tif::ID_MATCH | Tif::DISABLED, Some(suk), Some(next)),
            Command::Remove => (Tif::NONE, None, None),
            _ => (Tif::ID_MATCH, self.request.options().suk.then_some(suk), Some(next)),
        };
        let change = Change::rekey(*self.request.idk(), pidk, identity, next, &proof)?;
        let verdict = match command {
            Command::Ident => Verdict::SignedIn { epoch: self.fresh.epoch },
            _ => Verdict::Done,
        };
        Some(Decision { tif: tif | self.ips, suk, change: Some(change), verdict })
    }

    /// Neither key is known.
    fn unknown(&self) -> Decision {
        match (self.request.command(), self.request.unlock_keys()) {
            // 1
            (Command::Query, _) => answered(self.ips, None),
            // 10
            (Command::Ident, None) => refused(Tif::REFUSED | self.ips, None),
            // 11
            (Command::Ident, Some(_)) if !self.policy.accepts_new => self.not_accepted(),
            // 9
            (Command::Ident, Some((suk, vuk))) => {
                let options = self.request.options();
                let pidk = self.unknown_pidk();
                let Fresh { epoch, version } = self.fresh;
                let mut identity = Identity::new(suk, vuk, epoch, version);
                identity.sqrlonly = options.sqrlonly;
                identity.hardlock = options.hardlock;
                identity.never_current_keys = pidk.is_some().into();
                let change = Change::create(*self.request.idk(), identity);
                Decision {
                    tif: Tif::ID_MATCH | self.ips,
                    suk: options.suk.then_some(suk),
                    change: Some(supersede(change, pidk)),
                    verdict: Verdict::SignedIn { epoch: self.fresh.epoch },
                }
            }
            // 20
            _ => refused(Tif::FAILED | self.ips, None),
        }
    }

    /// Returns whether the site accepts known identities only, and this one is linked with no account.
    /// Anybody who sees a URL that accepts new identities can create one.
    fn is_new_here(&self, identity: &Identity) -> bool {
        !self.policy.accepts_new && identity.user.is_none()
    }

    /// 11
    fn not_accepted(&self) -> Decision {
        refused(Tif::FAILED | self.ips, None)
    }

    /// Returns the identity with the flags of this request and a new version. An absent flag is off.
    fn with_flags(&self, identity: &Identity) -> Identity {
        let options = self.request.options();
        let mut next = identity.clone();
        next.sqrlonly = options.sqrlonly;
        next.hardlock = options.hardlock;
        next.version = self.fresh.version;
        next
    }

    fn disabled(&self, identity: &Identity) -> Identity {
        self.turned(identity, true)
    }

    fn enabled(&self, identity: &Identity) -> Identity {
        self.turned(identity, false)
    }

    /// Sets whether the identity is disabled. If that changes, the epoch does, so that no pending sign-in
    /// outlives it.
    fn turned(&self, identity: &Identity, disabled: bool) -> Identity {
        let turns = identity.disabled != disabled;
        let epoch = if turns { self.fresh.epoch } else { identity.epoch };
        let mut next = self.with_flags(identity);
        (next.disabled, next.epoch) = (disabled, epoch);
        next
    }

    /// Returns the change of the request's own live identity, or `None` if nothing changes.
    fn set(&self, identity: &Identity, next: Identity) -> Option<Change> {
        let next = self.count(identity, next);
        if !differs(identity, &next) {
            return None;
        }
        let change = Change::set(*self.request.idk(), identity, next);
        Some(supersede(change, self.never_current_pidk(identity)))
    }

    /// Returns the proved previous key if it is unknown here.
    fn unknown_pidk(&self) -> Option<Idk> {
        let unknown = self.lookup.pidk == Some(KeyState::Unknown);
        self.request.pidk().copied().filter(|_| unknown)
    }

    /// Returns the same while this identity has room for another key that was never current.
    fn never_current_pidk(&self, identity: &Identity) -> Option<Idk> {
        self.unknown_pidk().filter(|_| identity.never_current_keys < MAX_NEVER_CURRENT_KEYS)
    }

    /// Returns `next`, counting the key that is superseded with it, if there is one.
    fn count(&self, identity: &Identity, mut next: Identity) -> Identity {
        next.never_current_keys =
            identity.never_current_keys + u8::from(self.never_current_pidk(identity).is_some());
        next
    }
}

fn supersede(change: Change, pidk: Option<Idk>) -> Change {
    match pidk {
        Some(pidk) => change.supersede(pidk),
        None => change,
    }
}

fn state(matched: Tif, identity: &Identity) -> Tif {
    matched | Tif::DISABLED.when(identity.disabled)
}

/// Returns whether anything but the version changes, so that a write is needed.
fn differs(current: &Identity, next: &Identity) -> bool {
    let mut next = next.clone();
    next.version = current.version;
    *current != next
}

fn refused(tif: Tif, suk: Option<Suk>) -> Decision {
    Decision { tif, suk, change: None, verdict: Verdict::Refused }
}

fn answered(tif: Tif, suk: Option<Suk>) -> Decision {
    Decision { tif, suk, change: None, verdict: Verdict::Answered }
}

fn done(tif: Tif, suk: Option<Suk>, change: Option<Change>) -> Decision {
    Decision { tif, suk, change, verdict: Verdict::Done }
}
