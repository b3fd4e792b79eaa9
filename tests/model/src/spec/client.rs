//! Section 2: the order of work for one request of a client.

use super::situations::{Decision, Verdict};
use super::{Held, Outcome, Record, Spec, Url, What, held};
use crate::history::{Command, Options};
use crate::words::{Address, Cps, Key, Lock, Nut, Seconds, Server};

pub(super) const ID: u16 = 0x01;
pub(super) const PREVIOUS: u16 = 0x02;
const IP: u16 = 0x04;
pub(super) const DISABLED: u16 = 0x08;
const NOT_SUPPORTED: u16 = 0x10;
const TRANSIENT: u16 = 0x20;
pub(super) const FAILED: u16 = 0x40;
pub(super) const CLIENT: u16 = 0x80;
const BAD_ID: u16 = 0x100;
pub(super) const SUPERSEDED: u16 = 0x200;

/// What a client sends, as far as the specification looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The nut in the URL.
    pub nut: Asked,
    /// The field `server`.
    pub server: Said,
    /// What is malformed, one of several, if anything.
    pub malformed: Option<u8>,
    /// `cmd`.
    pub command: Command,
    /// `idk`.
    pub idk: Key,
    /// Who signed `ids`.
    pub ids: Key,
    /// `pidk`.
    pub pidk: Option<Key>,
    /// Who signed `pids`.
    pub pids: Option<Key>,
    /// `suk`.
    pub suk: Option<Lock>,
    /// `vuk`.
    pub vuk: Option<Lock>,
    /// For which pair `urs` was signed.
    pub urs: Option<Lock>,
    /// `opt`.
    pub options: Options,
    /// `btn`.
    pub button: Option<u8>,
}

/// The nut in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// One that a server gave out.
    Nut(Nut),
    /// One that nobody gave out.
    MadeUp,
    /// None, or what cannot be one.
    Nothing,
}

/// What `server` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// What came with that nut.
    Sent(Nut),
    /// The same with a `can` behind it.
    WithCan(Nut),
    /// The same with an empty `can` behind it.
    EmptyCan(Nut),
    /// The same and more.
    Longer(Nut),
}

/// What a client hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The flags.
    pub tif: u16,
    /// The next nut, dead or alive.
    pub nut: Nut,
    /// The stored `suk`.
    pub suk: Option<Lock>,
    /// The question is put.
    pub ask: bool,
    /// A CPS URL.
    pub url: Option<Cps>,
}

/// A request whose record was found.
struct Step<'a> {
    request: &'a Request,
    record: Record,
    /// The nut that is consumed: the request's, or the one that it is an alias of.
    original: Nut,
    /// Of that nut.
    lifetime: Seconds,
    server: Server,
    address: Address,
}

impl Step<'_> {
    fn ips_match(&self) -> bool {
        self.record.ip == self.address
    }

    fn ips(&self) -> u16 {
        if self.ips_match() { IP } else { 0 }
    }

    /// The answer counts where a question was put.
    fn button(&self) -> Option<u8> {
        self.request.button.filter(|_| self.record.asked).or(self.record.button)
    }
}

impl Request {
    /// A pidk counts only with a valid `pids`; pidk = idk counts as none.
    pub(super) fn proved_pidk(&self) -> Option<Key> {
        self.pidk.filter(|&pidk| self.pids == Some(pidk) && pidk != self.idk)
    }

    /// Both, or as if there were none.
    pub(super) fn new_lock(&self) -> Option<Lock> {
        self.suk.filter(|_| self.vuk.is_some())
    }
}

impl Spec {
    /// Answers a request of a client.
    pub fn client(&mut self, server: Server, address: Address, request: &Request) -> Reply {
        // 1. Parse; verify `ids`, and `pids` where there is one.
        if request.malformed.is_some() || request.ids != request.idk {
            self.row(24);
            return self.dead_end(server, address, CLIENT | FAILED);
        }
        match (request.pidk, request.pids) {
            (Some(_), None) | (None, Some(_)) => self.row(5),
            (pidk, pids) if pidk != pids => {
                self.row(6);
                return self.dead_end(server, address, CLIENT | FAILED);
            }
            _ => {}
        }

        // 2. Look at the nut's record. None: 60, or C0 for whoever is slowed down.
        let is_slow = self.is_slowed_down(server, address);
        let record = match request.nut {
            Asked::Nut(nut) => self.record(nut).cloned().map(|record| (nut, record)),
            Asked::MadeUp | Asked::Nothing => None,
        };
        // A chain ends with its lifetime.
        let record = record.filter(|(_, record)| self.left(server, record).is_some());
        let Some((nut, record)) = record else {
            self.row(26);
            if is_slow {
                self.event("slowed down without a nut");
            }
            let tif = if is_slow { CLIENT | FAILED } else { TRANSIENT | FAILED };
            return self.dead_end(server, address, tif);
        };
        let is_link = record.link == nut;
        let original = record.beside.unwrap_or(nut);
        let is_of_link = record.link == original;
        let lifetime = if is_of_link { self.lifetimes.link } else { self.lifetimes.later };
        let step = Step { request, record, original, lifetime, server, address };
        // 25b: too old, and from another address than the link's. Nothing is counted.
        let is_too_old = self.clock(server).saturating_sub(step.record.created) > lifetime;
        if is_too_old && !step.ips_match() {
            self.event("a code without a second life");
            let tif = if is_slow { CLIENT | FAILED } else { TRANSIENT | FAILED };
            let nut = self.give_out(None);
            return Reply { tif, ..Reply::plain(nut) };
        }
        let ips = step.ips();

        // 3. `server` is what was sent with this nut; for a link, or that with a `can`.
        let is_what_we_sent = match request.server {
            Said::Sent(with) => with == nut,
            Said::WithCan(with) => with == nut && is_link,
            Said::EmptyCan(_) | Said::Longer(_) => false,
        };
        if !is_what_we_sent {
            self.row(27);
            return self.refuse_before_take(&step, CLIENT | FAILED | ips, is_slow);
        }

        // 4. The client's IP against the IP that asked for the link.
        if !step.ips_match() {
            // A link for linking takes no other address, whatever the client says.
            if !request.options.noiptest || step.record.linking {
                if request.options.noiptest {
                    self.event("another address may not link");
                }
                self.row(28);
                return self.refuse_before_take(&step, FAILED, is_slow);
            }
            self.row(29);
        }

        // 5. The chain's idk must not change.
        if step.record.key.is_some_and(|key| key != request.idk) {
            self.row(30);
            return self.dead_end(server, address, BAD_ID | CLIENT | FAILED | ips);
        }

        if is_slow {
            self.event("slowed down and answered");
        }
        // 6. Take the nut.
        if !self.take(nut, step.original) {
            self.row(26);
            let tif = if is_slow { CLIENT | FAILED } else { TRANSIENT | FAILED };
            return self.dead_end(server, address, tif);
        }

        // 7. Older than its lifetime: the fresh nut continues the same chain.
        if is_too_old {
            self.row(25);
            let nut = self.again(&step);
            return Reply { tif: TRANSIENT | FAILED | ips, ..Reply::plain(nut) };
        }

        // 8. Look the identity up, decide, write, all or nothing.
        if request.command == Command::Other {
            self.row(23);
            self.count_failure(server, address);
            let nut = self.next(&step, false);
            return Reply { tif: NOT_SUPPORTED | FAILED | ips, ..Reply::plain(nut) };
        }
        let (keys, meant) = (self.keys.clone(), self.enabled(request));
        let decision = self.decide(request, step.record.linking);
        // Section 4: what outlasts the request is counted, whether it is a CPS URL or a write of
        // an identity. A disable of an enabled one is never refused.
        let is_success = matches!(decision.verdict, Verdict::Done | Verdict::SignedIn(_));
        let leaves_more = self.keys != keys || is_success && request.options.cps;
        let stops = request.command == Command::Disable && meant && self.keys != keys;
        if leaves_more && self.count_lasting(server, address).is_err() {
            if !stops {
                self.keys = keys;
                return self.refuse(&step, FAILED | ips);
            }
            self.event("a disable past the limit");
        }
        self.conclude(&step, decision)
    }

    /// Takes a nut, and with an alias the nut that it stands beside: that is what decides.
    fn take(&mut self, nut: Nut, original: Nut) -> bool {
        let is_taken = self.is_live(original);
        self.nuts[nut.0] = None;
        self.nuts[original.0] = None;
        if original != nut {
            self.event(if is_taken {
                "an alias is used"
            } else {
                "an alias of a nut that is gone"
            });
        }
        is_taken
    }

    /// Then the outcome, if there is one, and the next nut of the chain.
    fn conclude(&mut self, step: &Step<'_>, decision: Decision) -> Reply {
        let Decision { tif, suk, verdict, refusal } = decision;
        let tif = tif | step.ips();
        let epoch = match verdict {
            Verdict::Refused => {
                self.count_failure(step.server, step.address);
                if let Some(row) = refusal {
                    self.file_refusal(step, row);
                }
                let nut = self.next(step, false);
                return Reply { tif, suk, ..Reply::plain(nut) };
            }
            Verdict::Answered => {
                // `ask` goes only into replies to `query` that carry 1.
                let ask = step.record.question && tif & ID != 0;
                let nut = self.next(step, ask);
                return Reply { tif, suk, ask, ..Reply::plain(nut) };
            }
            Verdict::Done => None,
            Verdict::SignedIn(epoch) => Some(epoch),
        };
        let cps = step.request.options.cps;
        if let Some(epoch) = epoch {
            let what = if cps { What::TakenOver } else { What::SignedIn(epoch) };
            // A CPS URL from another address takes no wait over.
            let files = !cps || step.ips_match();
            if !files {
                self.event("a CPS URL from elsewhere");
            }
            if files && !self.file_outcome(step, what) {
                return self.dead_end(
                    step.server,
                    step.address,
                    BAD_ID | CLIENT | FAILED | step.ips(),
                );
            }
        }
        // Every successful non-query command with `opt=cps` gets `url`.
        let url = cps.then(|| {
            let it = Url {
                key: step.request.idk,
                signs_in: epoch,
                command: step.request.command,
                wait: step.record.wait,
                button: step.button(),
                same_address: step.ips_match(),
            };
            self.urls.push(Some(Held { until: self.now + self.lifetimes.cps, it }));
            Cps(self.urls.len() - 1)
        });
        let nut = self.next(step, false);
        Reply { tif, suk, url, ..Reply::plain(nut) }
    }

    /// The chain's one outcome, create-only. 34: the same idk's stays, but an uncollected
    /// sign-in is replaced by one that says something else; another idk's is not touched, and
    /// false.
    fn file_outcome(&mut self, step: &Step<'_>, what: What) -> bool {
        let ours = Outcome {
            key: step.request.idk,
            what,
            button: step.button(),
            same_address: step.ips_match(),
        };
        if self.refusal(step.record.wait).is_some() {
            self.event("an outcome beside a refusal");
        }
        let filed = held(self.now, self.waits[step.record.wait.0].as_ref());
        if let Some(filed) = filed.cloned() {
            self.row(34);
            if filed.key != ours.key {
                self.event("an outcome is another's");
                return false;
            }
            let is_new = (filed.what, filed.button) != (ours.what, ours.button);
            if !matches!(filed.what, What::SignedIn(_)) || !is_new {
                return true;
            }
            self.event("a sign-in is replaced");
        }
        if what == What::TakenOver {
            self.event("a wait is taken over");
        }
        // A sign-in ends with its chain, what ends the wait with every chain that has begun.
        let ttl = match what {
            What::TakenOver => self.lifetimes.chain,
            _ => self.left(step.server, &step.record).unwrap_or_default(),
        };
        self.waits[step.record.wait.0] = Some(Held { until: self.now + ttl, it: ours });
        true
    }

    /// The page that waits learns why nobody was signed in, if there is no outcome. Another reason
    /// in place of one counts like whatever else outlasts the request.
    fn file_refusal(&mut self, step: &Step<'_>, row: u8) {
        let wait = step.record.wait;
        match self.refusal(wait) {
            None => self.event("a refusal is told"),
            Some(before) if before == row => return,
            Some(_) if self.count_lasting(step.server, step.address).is_err() => return,
            Some(_) => self.event("a refusal is replaced"),
        }
        let left = self.left(step.server, &step.record).unwrap_or_default();
        self.refusals.insert(wait, Held { until: self.now + left, it: row });
    }

    /// What is left of a chain's life; none where it is over.
    fn left(&self, server: Server, record: &Record) -> Option<Seconds> {
        let age = self.clock(server).saturating_sub(record.chain_start);
        self.lifetimes.chain.checked_sub(age).filter(|&left| left > 0)
    }

    /// A refusal after which the client may try again with the reply's nut.
    fn refuse(&mut self, step: &Step<'_>, tif: u16) -> Reply {
        self.count_failure(step.server, step.address);
        let nut = self.again(step);
        Reply { tif, ..Reply::plain(nut) }
    }

    /// A refusal in steps 3 and 4. The nut that was sent stays live, and the reply's is an alias of
    /// it. Nothing is stored for an address that is slowed down.
    fn refuse_before_take(&mut self, step: &Step<'_>, tif: u16, is_slow: bool) -> Reply {
        if is_slow {
            self.event("slowed down");
            return self.dead_end(step.server, step.address, tif);
        }
        self.count_failure(step.server, step.address);
        // As long as the nut beside which it stands.
        let created = step.record.created;
        let age = self.clock(step.server).saturating_sub(created);
        let left = self.left(step.server, &step.record).unwrap_or_default();
        let record = Record {
            created,
            asked: step.record.asked,
            button: step.record.button,
            beside: Some(step.original),
            ..self.following(step)
        };
        let ttl = (2 * step.lifetime).saturating_sub(age).min(left);
        let nut = self.give_out(Some((record, ttl)));
        Reply { tif, ..Reply::plain(nut) }
    }

    /// A refusal whose nut is stored nowhere.
    fn dead_end(&mut self, server: Server, address: Address, tif: u16) -> Reply {
        self.count_failure(server, address);
        let nut = self.give_out(None);
        Reply { tif, ..Reply::plain(nut) }
    }

    /// The next nut for the same request once more: what was asked counts as asked.
    fn again(&mut self, step: &Step<'_>) -> Nut {
        let record = Record { asked: step.record.asked, ..self.following(step) };
        self.store(step.server, Record { button: step.record.button, ..record })
    }

    /// The next nut.
    fn next(&mut self, step: &Step<'_>, asked: bool) -> Nut {
        let record = Record { asked, ..self.following(step) };
        self.store(step.server, record)
    }

    /// The same chain, pinned to the idk that was proved.
    fn following(&self, step: &Step<'_>) -> Record {
        Record {
            created: self.clock(step.server),
            key: step.record.key.or(Some(step.request.idk)),
            button: step.button(),
            beside: None,
            ..step.record.clone()
        }
    }

    /// Records are stored with lifetime and grace, never beyond the chain.
    fn store(&mut self, server: Server, record: Record) -> Nut {
        let ttl = (2 * self.lifetimes.later).min(self.left(server, &record).unwrap_or_default());
        self.give_out(Some((record, ttl)))
    }
}

impl Reply {
    /// Nothing but a nut.
    fn plain(nut: Nut) -> Self {
        Self { tif: 0, nut, suk: None, ask: false, url: None }
    }
}
