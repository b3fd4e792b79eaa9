//! Section 3: the table of situations, and the rules behind it.

use super::client::{CLIENT, DISABLED, FAILED, ID, PREVIOUS, Request, SUPERSEDED};
use super::{Identity, STRANGERS, Spec, State};
use crate::history::Command;
use crate::words::{Epoch, Key, Lock};

/// What is answered, without the flag for the addresses.
pub(super) struct Decision {
    pub(super) tif: u16,
    pub(super) suk: Option<Lock>,
    pub(super) verdict: Verdict,
    /// The row by which an ident was refused, if the page that waits learns it.
    pub(super) refusal: Option<u8>,
}

/// What it means for the chain.
pub(super) enum Verdict {
    Refused,
    Answered,
    Done,
    SignedIn(Epoch),
}

/// Which identity is meant, first that applies.
#[derive(Clone, Copy)]
enum Meant {
    Superseded,
    /// The idk is live: then no 2, and `suk` is its own.
    Own(Identity),
    /// The pidk is live.
    Previous(Key, Identity),
    Nobody,
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

/// 8 for a disabled identity.
fn disabled(identity: &Identity) -> u16 {
    if identity.disabled { DISABLED } else { 0 }
}

impl Spec {
    fn meant(&self, request: &Request) -> Meant {
        match self.key(request.idk) {
            Some(State::Superseded) => return Meant::Superseded,
            Some(State::Live(identity)) => return Meant::Own(identity),
            None => {}
        }
        match request.proved_pidk().map(|pidk| (pidk, self.key(pidk))) {
            Some((pidk, Some(State::Live(identity)))) => Meant::Previous(pidk, identity),
            _ => Meant::Nobody,
        }
    }

    /// Whether an identity is meant that is enabled.
    pub(super) fn enabled(&self, request: &Request) -> bool {
        match self.meant(request) {
            Meant::Own(identity) | Meant::Previous(_, identity) => !identity.disabled,
            Meant::Superseded | Meant::Nobody => false,
        }
    }

    /// Finds the row, does what it says, and answers.
    /// A link may take new identities where the site takes none.
    pub(super) fn decide(&mut self, request: &Request, linking: bool) -> Decision {
        let meant = self.meant(request);
        if request.command == Command::Query {
            return self.query(request, meant);
        }
        if let Meant::Superseded = meant {
            self.row(8);
            let refusal = (request.command == Command::Ident).then_some(8);
            return Decision { refusal, ..refused(SUPERSEDED | FAILED, None) };
        }
        // New `suk` and `vuk`, and `urs` valid for the *stored* vuk: a rekey, whatever else.
        if let (Meant::Previous(pidk, identity), Some(lock)) = (meant, request.new_lock())
            && request.urs == Some(identity.lock)
        {
            if request.command == Command::Ident && self.is_new_here(&identity, linking) {
                return self.not_accepted();
            }
            return self.rekey(request, pidk, Identity { lock, ..identity });
        }
        match request.command {
            Command::Ident => self.ident(request, meant, linking),
            Command::Disable => self.disable(request, meant),
            _ => self.unlock(request, meant),
        }
    }

    fn query(&mut self, request: &Request, meant: Meant) -> Decision {
        match meant {
            Meant::Nobody => {
                self.row(1);
                answered(0, None)
            }
            Meant::Own(identity) if identity.disabled => {
                self.row(3);
                answered(ID | DISABLED, Some(identity.lock))
            }
            Meant::Own(identity) => {
                self.row(2);
                answered(ID, request.options.suk.then_some(identity.lock))
            }
            Meant::Previous(_, identity) => {
                self.row(4);
                answered(PREVIOUS | disabled(&identity), Some(identity.lock))
            }
            Meant::Superseded => {
                self.row(7);
                answered(SUPERSEDED, None)
            }
        }
    }

    fn ident(&mut self, request: &Request, meant: Meant, linking: bool) -> Decision {
        match meant {
            Meant::Nobody => match request.new_lock() {
                None => {
                    self.row(10);
                    refused(CLIENT | FAILED, None)
                }
                Some(_) if self.site.closed && !linking => self.not_accepted(),
                Some(lock) => {
                    self.row(9);
                    if self.site.closed {
                        self.event("a new identity by a link that takes it");
                    }
                    let epoch = self.new_epoch();
                    let identity = Identity {
                        lock,
                        user: None,
                        sqrlonly: false,
                        hardlock: false,
                        disabled: false,
                        epoch,
                        strangers: 0,
                    };
                    self.succeed(request, Some(identity));
                    let suk = request.options.suk.then_some(lock);
                    signed_in(suk, epoch)
                }
            },
            Meant::Own(identity) if identity.disabled => {
                self.row(13);
                let refused = refused(ID | DISABLED | FAILED, Some(identity.lock));
                Decision { refusal: Some(13), ..refused }
            }
            Meant::Own(identity) if self.is_new_here(&identity, linking) => {
                self.event("an identity without an account is new");
                self.not_accepted()
            }
            Meant::Own(identity) => {
                self.row(12);
                self.succeed(request, Some(identity));
                let suk = request.options.suk.then_some(identity.lock);
                signed_in(suk, identity.epoch)
            }
            Meant::Previous(_, identity) => {
                self.row(15);
                refused(CLIENT | FAILED | PREVIOUS | disabled(&identity), Some(identity.lock))
            }
            Meant::Superseded => unreachable!("row 8"),
        }
    }

    /// A site that takes no new ones knows an identity once it has an account.
    fn is_new_here(&self, identity: &Identity, linking: bool) -> bool {
        self.site.closed && !linking && identity.user.is_none()
    }

    fn not_accepted(&mut self) -> Decision {
        self.row(11);
        Decision { refusal: Some(11), ..refused(FAILED, None) }
    }

    fn disable(&mut self, request: &Request, meant: Meant) -> Decision {
        match meant {
            Meant::Nobody => {
                self.row(20);
                refused(FAILED, None)
            }
            Meant::Own(identity) => {
                self.row(16);
                let identity = self.turned(identity, true);
                self.succeed(request, Some(identity));
                done(ID | DISABLED, Some(identity.lock))
            }
            // In place: no `urs`, and new keys are not looked at.
            Meant::Previous(pidk, identity) => {
                self.row(22);
                let identity = self.turned(identity, true);
                self.in_place(request, pidk, Some(identity));
                done(PREVIOUS | DISABLED, Some(identity.lock))
            }
            Meant::Superseded => unreachable!("row 8"),
        }
    }

    /// Enable and remove.
    fn unlock(&mut self, request: &Request, meant: Meant) -> Decision {
        let remove = request.command == Command::Remove;
        match meant {
            Meant::Nobody => {
                self.row(20);
                refused(FAILED, None)
            }
            Meant::Own(identity) if request.urs != Some(identity.lock) => {
                self.row(18);
                refused(CLIENT | FAILED | ID | disabled(&identity), Some(identity.lock))
            }
            Meant::Own(_) if remove => {
                self.row(19);
                self.succeed(request, None);
                done(0, None)
            }
            Meant::Own(identity) => {
                self.row(17);
                let identity = self.turned(identity, false);
                self.succeed(request, Some(identity));
                done(ID, request.options.suk.then_some(identity.lock))
            }
            Meant::Previous(pidk, identity) => {
                self.row(22);
                if request.new_lock().is_some() || request.urs != Some(identity.lock) {
                    let tif = CLIENT | FAILED | PREVIOUS | disabled(&identity);
                    return refused(tif, Some(identity.lock));
                }
                if remove {
                    self.in_place(request, pidk, None);
                    return done(0, None);
                }
                let identity = self.turned(identity, false);
                self.in_place(request, pidk, Some(identity));
                done(PREVIOUS, Some(identity.lock))
            }
            Meant::Superseded => unreachable!("row 8"),
        }
    }

    /// The identity disabled or enabled; the epoch changes where that is a change.
    fn turned(&mut self, identity: Identity, disabled: bool) -> Identity {
        let turns = identity.disabled != disabled;
        let epoch = if turns { self.new_epoch() } else { identity.epoch };
        Identity { disabled, epoch, ..identity }
    }

    /// 14, 21: the pidk is superseded for ever, the identity goes on with the idk and the new
    /// keys, enabled; then the command.
    fn rekey(&mut self, request: &Request, pidk: Key, identity: Identity) -> Decision {
        self.event("a rekey");
        self.row(if request.command == Command::Ident { 14 } else { 21 });
        self.keys.insert(pidk, State::Superseded);
        let epoch = self.new_epoch();
        let identity = Identity { epoch, disabled: false, ..identity };
        let lock = identity.lock;
        let asked_suk = request.options.suk.then_some(lock);
        match request.command {
            Command::Remove => {
                self.succeed(request, None);
                done(0, None)
            }
            Command::Disable => {
                self.succeed(request, Some(Identity { disabled: true, ..identity }));
                done(ID | DISABLED, Some(lock))
            }
            Command::Enable => {
                self.succeed(request, Some(identity));
                done(ID, asked_suk)
            }
            _ => {
                self.succeed(request, Some(identity));
                signed_in(asked_suk, epoch)
            }
        }
    }

    /// The write of a command that succeeded with the request's own key.
    fn succeed(&mut self, request: &Request, identity: Option<Identity>) {
        let known = match self.key(request.idk) {
            Some(State::Live(before)) => before.strangers,
            _ => identity.map_or(0, |identity| identity.strangers),
        };
        // A verified pidk joins the superseded, unless it is live: only a rekey may that.
        let stranger = request.proved_pidk().filter(|&pidk| self.key(pidk).is_none());
        let stranger = stranger.filter(|_| known < STRANGERS);
        if let Some(pidk) = stranger {
            self.event("a stranger is superseded");
            self.keys.insert(pidk, State::Superseded);
        }
        let strangers = known + u8::from(stranger.is_some());
        match identity {
            Some(identity) => {
                let identity = with_flags(request, Identity { strangers, ..identity });
                self.keys.insert(request.idk, State::Live(identity));
            }
            None => {
                self.keys.remove(&request.idk);
            }
        }
    }

    /// The write of a command that acted on the previous key's identity.
    fn in_place(&mut self, request: &Request, pidk: Key, identity: Option<Identity>) {
        match identity {
            Some(identity) => {
                self.keys.insert(pidk, State::Live(with_flags(request, identity)));
            }
            None => {
                self.keys.remove(&pidk);
            }
        }
    }
}

/// `sqrlonly` and `hardlock` are kept from every successful non-query command; absent means
/// off.
fn with_flags(request: &Request, identity: Identity) -> Identity {
    let (sqrlonly, hardlock) = (request.options.sqrlonly, request.options.hardlock);
    Identity { sqrlonly, hardlock, ..identity }
}
