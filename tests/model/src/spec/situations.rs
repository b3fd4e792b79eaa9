//! Section 3: the table of situations and its rules.

use super::site::Spec;
use super::state::{Identity, KeyState};
use super::wire::{CLIENT, DISABLED, FAILED, ID, PREVIOUS, Request, SUPERSEDED};
use crate::history::Command;
use crate::values::{Epoch, Key, Lock};

/// Maximum superseded keys of an identity that were never current at this site.
const MAX_NEVER_CURRENT_KEYS: u8 = 16;

/// The reply, without the flag for the same address.
pub(super) struct Decision {
    pub(super) tif: u16,
    pub(super) suk: Option<Lock>,
    pub(super) verdict: Verdict,
    /// The row that refused an `ident`, if the waiting page receives it.
    pub(super) refusal: Option<u8>,
}

/// What follows for the chain.
pub(super) enum Verdict {
    /// The command failed.
    Refused,
    /// A query.
    Answered,
    /// The command succeeded.
    Done,
    /// The command succeeded and signs in.
    SignedIn(Epoch),
}

/// The identity that a request means: the first case that applies.
#[derive(Clone, Copy)]
enum Target {
    /// The idk is superseded.
    Superseded,
    /// The idk is live.
    Own(Identity),
    /// The pidk is live.
    Previous(Key, Identity),
    /// Neither is known.
    Unknown,
}

fn refused(tif: u16, suk: Option<Lock>) -> Decision {
    Decision { tif, suk, verdict: Verdict::Refused, refusal: None }
}

fn answered(tif: u16, suk: Option<Lock>) -> Decision {
    Decision { tif, suk, verdict: Verdict::Answered, refusal: None }
}

fn signed_in(suk: Option<Lock>, epoch: Epoch) -> Decision {
    Decision { tif: ID, suk, verdict: Verdict::SignedIn(epoch), refusal: None }
}

fn done(tif: u16, suk: Option<Lock>) -> Decision {
    Decision { tif, suk, verdict: Verdict::Done, refusal: None }
}

/// The flag of a disabled identity.
fn disabled(identity: &Identity) -> u16 {
    if identity.disabled { DISABLED } else { 0 }
}

impl Spec {
    fn target(&self, request: &Request) -> Target {
        match self.key(request.idk) {
            Some(KeyState::Superseded) => return Target::Superseded,
            Some(KeyState::Live(identity)) => return Target::Own(identity),
            None => {}
        }
        match request.proved_pidk().map(|pidk| (pidk, self.key(pidk))) {
            Some((pidk, Some(KeyState::Live(identity)))) => Target::Previous(pidk, identity),
            _ => Target::Unknown,
        }
    }

    /// Whether the request means an enabled identity.
    pub(super) fn means_enabled(&self, request: &Request) -> bool {
        match self.target(request) {
            Target::Own(identity) | Target::Previous(_, identity) => !identity.disabled,
            Target::Superseded | Target::Unknown => false,
        }
    }

    /// Finds the row and writes what it requires. With `linking`, the SQRL URL accepts a new identity
    /// even if the site accepts none.
    pub(super) fn decide(&mut self, request: &Request, linking: bool) -> Decision {
        let target = self.target(request);
        if request.command == Command::Query {
            return self.query(request, target);
        }
        if let Target::Superseded = target {
            self.count_row(8);
            let refusal = (request.command == Command::Ident).then_some(8);
            return Decision { refusal, ..refused(SUPERSEDED | FAILED, None) };
        }
        // New `suk` and `vuk`, and `urs` that is valid for the *stored* vuk: a rekey.
        if let (Target::Previous(pidk, identity), Some(lock)) = (target, request.new_lock())
            && request.urs == Some(identity.lock)
        {
            if request.command == Command::Ident && self.is_new_here(&identity, linking) {
                return self.not_accepted();
            }
            return self.rekey(request, pidk, Identity { lock, ..identity });
        }
        match request.command {
            Command::Ident => self.ident(request, target, linking),
            Command::Disable => self.disable(request, target),
            _ => self.unlock(request, target),
        }
    }

    fn query(&mut self, request: &Request, target: Target) -> Decision {
        match target {
            Target::Unknown => {
                self.count_row(1);
                answered(0, None)
            }
            Target::Own(identity) if identity.disabled => {
                self.count_row(3);
                answered(ID | DISABLED, Some(identity.lock))
            }
            Target::Own(identity) => {
                self.count_row(2);
                answered(ID, request.options.suk.then_some(identity.lock))
            }
            Target::Previous(_, identity) => {
                self.count_row(4);
                answered(PREVIOUS | disabled(&identity), Some(identity.lock))
            }
            Target::Superseded => {
                self.count_row(7);
                answered(SUPERSEDED, None)
            }
        }
    }

    fn ident(&mut self, request: &Request, target: Target, linking: bool) -> Decision {
        match target {
            Target::Unknown => match request.new_lock() {
                None => {
                    self.count_row(10);
                    refused(CLIENT | FAILED, None)
                }
                Some(_) if self.site.known_only && !linking => self.not_accepted(),
                Some(lock) => {
                    self.count_row(9);
                    if self.site.known_only {
                        self.count_event("a new identity by linking");
                    }
                    let epoch = self.new_epoch();
                    let identity = Identity {
                        lock,
                        user: None,
                        sqrlonly: false,
                        hardlock: false,
                        disabled: false,
                        epoch,
                        never_current_keys: 0,
                    };
                    self.write_own_key(request, Some(identity));
                    let suk = request.options.suk.then_some(lock);
                    signed_in(suk, epoch)
                }
            },
            Target::Own(identity) if identity.disabled => {
                self.count_row(13);
                let refused = refused(ID | DISABLED | FAILED, Some(identity.lock));
                Decision { refusal: Some(13), ..refused }
            }
            Target::Own(identity) if self.is_new_here(&identity, linking) => {
                self.count_event("an identity without an account is new");
                self.not_accepted()
            }
            Target::Own(identity) => {
                self.count_row(12);
                self.write_own_key(request, Some(identity));
                let suk = request.options.suk.then_some(identity.lock);
                signed_in(suk, identity.epoch)
            }
            Target::Previous(_, identity) => {
                self.count_row(15);
                refused(CLIENT | FAILED | PREVIOUS | disabled(&identity), Some(identity.lock))
            }
            Target::Superseded => unreachable!("row 8"),
        }
    }

    /// For a site that accepts no new identities, an identity without an account is new.
    fn is_new_here(&self, identity: &Identity, linking: bool) -> bool {
        self.site.known_only && !linking && identity.user.is_none()
    }

    fn not_accepted(&mut self) -> Decision {
        self.count_row(11);
        Decision { refusal: Some(11), ..refused(FAILED, None) }
    }

    fn disable(&mut self, request: &Request, target: Target) -> Decision {
        match target {
            Target::Unknown => {
                self.count_row(20);
                refused(FAILED, None)
            }
            Target::Own(identity) => {
                self.count_row(16);
                let identity = self.set_disabled(identity, true);
                self.write_own_key(request, Some(identity));
                done(ID | DISABLED, Some(identity.lock))
            }
            // The previous key's identity is disabled without `urs`. New keys are ignored.
            Target::Previous(pidk, identity) => {
                self.count_row(22);
                let identity = self.set_disabled(identity, true);
                self.write_previous_key(request, pidk, Some(identity));
                done(PREVIOUS | DISABLED, Some(identity.lock))
            }
            Target::Superseded => unreachable!("row 8"),
        }
    }

    /// Enable and remove.
    fn unlock(&mut self, request: &Request, target: Target) -> Decision {
        let remove = request.command == Command::Remove;
        match target {
            Target::Unknown => {
                self.count_row(20);
                refused(FAILED, None)
            }
            Target::Own(identity) if request.urs != Some(identity.lock) => {
                self.count_row(18);
                refused(CLIENT | FAILED | ID | disabled(&identity), Some(identity.lock))
            }
            Target::Own(_) if remove => {
                self.count_row(19);
                self.write_own_key(request, None);
                done(0, None)
            }
            Target::Own(identity) => {
                self.count_row(17);
                let identity = self.set_disabled(identity, false);
                self.write_own_key(request, Some(identity));
                done(ID, request.options.suk.then_some(identity.lock))
            }
            Target::Previous(pidk, identity) => {
                self.count_row(22);
                if request.new_lock().is_some() || request.urs != Some(identity.lock) {
                    let tif = CLIENT | FAILED | PREVIOUS | disabled(&identity);
                    return refused(tif, Some(identity.lock));
                }
                if remove {
                    self.write_previous_key(request, pidk, None);
                    return done(0, None);
                }
                let identity = self.set_disabled(identity, false);
                self.write_previous_key(request, pidk, Some(identity));
                done(PREVIOUS, Some(identity.lock))
            }
            Target::Superseded => unreachable!("row 8"),
        }
    }

    /// The identity, disabled or enabled. A change of this flag changes the epoch.
    fn set_disabled(&mut self, identity: Identity, disabled: bool) -> Identity {
        let yields = identity.disabled != disabled;
        let epoch = if yields { self.new_epoch() } else { identity.epoch };
        Identity { disabled, epoch, ..identity }
    }

    /// 14, 21: the pidk is superseded permanently. The identity moves to the idk and the new keys and
    /// is enabled. Then the command runs.
    fn rekey(&mut self, request: &Request, pidk: Key, identity: Identity) -> Decision {
        self.count_event("a rekey");
        self.count_row(if request.command == Command::Ident { 14 } else { 21 });
        self.keys.insert(pidk, KeyState::Superseded);
        let epoch = self.new_epoch();
        let identity = Identity { epoch, disabled: false, ..identity };
        let lock = identity.lock;
        let asked_suk = request.options.suk.then_some(lock);
        match request.command {
            Command::Remove => {
                self.write_own_key(request, None);
                done(0, None)
            }
            Command::Disable => {
                self.write_own_key(request, Some(Identity { disabled: true, ..identity }));
                done(ID | DISABLED, Some(lock))
            }
            Command::Enable => {
                self.write_own_key(request, Some(identity));
                done(ID, asked_suk)
            }
            _ => {
                self.write_own_key(request, Some(identity));
                signed_in(asked_suk, epoch)
            }
        }
    }

    /// Writes the identity of the idk after a successful command.
    fn write_own_key(&mut self, request: &Request, identity: Option<Identity>) {
        let known = match self.key(request.idk) {
            Some(KeyState::Live(before)) => before.never_current_keys,
            _ => identity.map_or(0, |identity| identity.never_current_keys),
        };
        // A verified pidk is superseded, unless it is live. Only a rekey supersedes a live key.
        let pidk = request.proved_pidk().filter(|&pidk| self.key(pidk).is_none());
        let pidk = pidk.filter(|_| known < MAX_NEVER_CURRENT_KEYS);
        if let Some(pidk) = pidk {
            self.count_event("a key that was never current is superseded");
            self.keys.insert(pidk, KeyState::Superseded);
        }
        let never_current_keys = known + u8::from(pidk.is_some());
        match identity {
            Some(identity) => {
                let identity = with_flags(request, Identity { never_current_keys, ..identity });
                self.keys.insert(request.idk, KeyState::Live(identity));
            }
            None => {
                self.keys.remove(&request.idk);
            }
        }
    }

    /// Writes the identity of the pidk after a successful command.
    fn write_previous_key(&mut self, request: &Request, pidk: Key, identity: Option<Identity>) {
        match identity {
            Some(identity) => {
                self.keys.insert(pidk, KeyState::Live(with_flags(request, identity)));
            }
            None => {
                self.keys.remove(&pidk);
            }
        }
    }
}

/// Stores `sqrlonly` and `hardlock` as every successful command but `query` sets or omits them.
fn with_flags(request: &Request, identity: Identity) -> Identity {
    let (sqrlonly, hardlock) = (request.options.sqrlonly, request.options.hardlock);
    Identity { sqrlonly, hardlock, ..identity }
}
