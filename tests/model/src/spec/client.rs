//! Section 2: the steps of a client's request.

use super::site::Spec;
use super::situations::{Decision, Verdict};
use super::state::{CpsRecord, NutRecord, Outcome, OutcomeKind};
use super::wire::{
    BAD_ID, CLIENT, FAILED, ID, IP, NOT_SUPPORTED, NutParam, Reply, Request, ServerField, TRANSIENT,
};
use crate::history::Command;
use crate::values::{Address, CpsUrl, Nut, Seconds, Server};

/// A request with the record of its nut.
struct InChain<'a> {
    request: &'a Request,
    record: NutRecord,
    /// The nut that decides: the request's, or the one whose alias that is.
    original: Nut,
    /// The lifetime of that nut.
    lifetime: Seconds,
    server: Server,
    address: Address,
}

impl InChain<'_> {
    fn ips_match(&self) -> bool {
        self.record.ip == self.address
    }

    fn ips(&self) -> u16 {
        if self.ips_match() { IP } else { 0 }
    }

    /// The answer counts if the client was asked.
    fn button(&self) -> Option<u8> {
        self.request.button.filter(|_| self.record.asked).or(self.record.button)
    }
}

impl Spec {
    /// Answers a request of a client.
    pub fn request(&mut self, server: Server, address: Address, request: &Request) -> Reply {
        // 1. Parse, and verify `ids` and `pids`.
        if request.malformed.is_some() || request.ids != request.idk {
            self.count_row(24);
            return self.dead_nut_reply(server, address, CLIENT | FAILED);
        }
        match (request.pidk, request.pids) {
            (Some(_), None) | (None, Some(_)) => self.count_row(5),
            (pidk, pids) if pidk != pids => {
                self.count_row(6);
                return self.dead_nut_reply(server, address, CLIENT | FAILED);
            }
            _ => {}
        }

        // 2. Look up the nut's record. If there is none: 60, or C0 for an address that is slowed down.
        let is_slow = self.is_slowed_down(server, address);
        let record = match request.nut {
            NutParam::Nut(nut) => self.record(nut).cloned().map(|record| (nut, record)),
            NutParam::Unissued | NutParam::Missing => None,
        };
        // A chain ends after its lifetime.
        let record = record.filter(|(_, record)| self.remaining(server, record).is_some());
        let Some((nut, record)) = record else {
            self.count_row(26);
            if is_slow {
                self.count_event("slowed down without a live nut");
            }
            let tif = if is_slow { CLIENT | FAILED } else { TRANSIENT | FAILED };
            return self.dead_nut_reply(server, address, tif);
        };
        let is_first = record.first_nut == nut;
        let original = record.alias_of.unwrap_or(nut);
        let lifetime =
            if record.first_nut == original { self.lifetimes.url } else { self.lifetimes.nut };
        let step = InChain { request, record, original, lifetime, server, address };
        // 25b: too old, and not from the address that requested the SQRL URL. This is not counted.
        let is_too_old = self.clock(server).saturating_sub(step.record.created) > lifetime;
        if is_too_old && !step.ips_match() {
            self.count_event("too old from another address");
            let tif = if is_slow { CLIENT | FAILED } else { TRANSIENT | FAILED };
            let nut = self.issue_dead_nut();
            return Reply::new(tif, nut);
        }
        let ips = step.ips();

        // 3. `server` is what the server sent with this nut. A SQRL URL may have a `can` added.
        let server_matches = match request.server {
            ServerField::Exact(with) => with == nut,
            ServerField::WithCan(with) => with == nut && is_first,
            ServerField::EmptyCan(_) | ServerField::Longer(_) => false,
        };
        if !server_matches {
            self.count_row(27);
            return self.refuse_before_take(&step, CLIENT | FAILED | ips, is_slow);
        }

        // 4. The client is at the address that requested the SQRL URL.
        if !step.ips_match() {
            // A SQRL URL for linking accepts no other address, even with `noiptest`.
            if !request.options.noiptest || step.record.linking {
                if request.options.noiptest {
                    self.count_event("linking from another address");
                }
                self.count_row(28);
                return self.refuse_before_take(&step, FAILED, is_slow);
            }
            self.count_row(29);
        }

        // 5. The idk is the chain's.
        if step.record.key.is_some_and(|key| key != request.idk) {
            self.count_row(30);
            return self.dead_nut_reply(server, address, BAD_ID | CLIENT | FAILED | ips);
        }

        if is_slow {
            self.count_event("slowed down but answered");
        }
        // 6. Take the nut.
        if !self.take(nut, step.original) {
            self.count_row(26);
            let tif = if is_slow { CLIENT | FAILED } else { TRANSIENT | FAILED };
            return self.dead_nut_reply(server, address, tif);
        }

        // 7. If the nut is too old, a new nut continues the chain.
        if is_too_old {
            self.count_row(25);
            let nut = self.repeat_nut(&step);
            return Reply::new(TRANSIENT | FAILED | ips, nut);
        }

        // 8. Look up the identity, decide, and write.
        if request.command == Command::Other {
            self.count_row(23);
            self.count_failure(server, address);
            let nut = self.next_nut(&step, false);
            return Reply::new(NOT_SUPPORTED | FAILED | ips, nut);
        }
        let (keys, was_enabled) = (self.keys.clone(), self.means_enabled(request));
        let decision = self.decide(request, step.record.linking);
        // Section 4: data that outlasts the request is counted: a CPS URL or a changed identity. The
        // disable of an enabled identity is never refused.
        let is_success = matches!(decision.verdict, Verdict::Done | Verdict::SignedIn(_));
        let stores_more = self.keys != keys || is_success && request.options.cps;
        let disables = request.command == Command::Disable && was_enabled && self.keys != keys;
        if stores_more && !self.may_store(server, address) {
            if !disables {
                self.keys = keys;
                return self.refuse(&step, FAILED | ips);
            }
            self.count_event("a disable over the limit");
        }
        self.conclude(&step, decision)
    }

    /// Takes a nut. An alias also takes the nut whose alias it is, which decides.
    fn take(&mut self, nut: Nut, original: Nut) -> bool {
        let is_taken = self.is_live(original);
        self.nuts[nut.0] = None;
        self.nuts[original.0] = None;
        if original != nut {
            self.count_event(if is_taken { "an alias is used" } else { "an alias of a dead nut" });
        }
        is_taken
    }

    /// Stores the outcome, if there is one, and issues the next nut.
    fn conclude(&mut self, step: &InChain<'_>, decision: Decision) -> Reply {
        let Decision { tif, suk, verdict, refusal } = decision;
        let tif = tif | step.ips();
        let epoch = match verdict {
            Verdict::Refused => {
                self.count_failure(step.server, step.address);
                if let Some(row) = refusal {
                    self.store_refusal(step, row);
                }
                let nut = self.next_nut(step, false);
                return Reply { suk, ..Reply::new(tif, nut) };
            }
            Verdict::Answered => {
                // Only a reply to `query` with flag 1 has `ask`.
                let ask = step.record.question && tif & ID != 0;
                let nut = self.next_nut(step, ask);
                return Reply { suk, ask, ..Reply::new(tif, nut) };
            }
            Verdict::Done => None,
            Verdict::SignedIn(epoch) => Some(epoch),
        };
        let cps = step.request.options.cps;
        if let Some(epoch) = epoch {
            let kind = if cps { OutcomeKind::TakenOver } else { OutcomeKind::SignedIn(epoch) };
            // A client at another address does not take the wait over by CPS.
            let stores = !cps || step.ips_match();
            if !stores {
                self.count_event("a CPS URL for a client at another address");
            }
            if stores && !self.store_outcome(step, kind) {
                return self.dead_nut_reply(
                    step.server,
                    step.address,
                    BAD_ID | CLIENT | FAILED | step.ips(),
                );
            }
        }
        // The reply to every successful command but `query` has a `url` if the client set `cps`.
        let cps_url = cps.then(|| {
            let record = CpsRecord {
                key: step.request.idk,
                signs_in: epoch,
                command: step.request.command,
                wait: step.record.wait,
                button: step.button(),
                same_address: step.ips_match(),
            };
            self.cps_urls.push(Some(self.expiring(record, self.lifetimes.cps)));
            CpsUrl(self.cps_urls.len() - 1)
        });
        let nut = self.next_nut(step, false);
        Reply { suk, cps_url, ..Reply::new(tif, nut) }
    }

    /// Stores the wait's only outcome. Row 34: an outcome of the same idk stays, except that a
    /// different sign-in replaces one that is not collected. If there is an outcome of another idk,
    /// returns `false`.
    fn store_outcome(&mut self, step: &InChain<'_>, kind: OutcomeKind) -> bool {
        let new = Outcome {
            key: step.request.idk,
            kind,
            button: step.button(),
            same_address: step.ips_match(),
        };
        if self.refusal(step.record.wait).is_some() {
            self.count_event("an outcome after a refusal");
        }
        if let Some(stored) = self.outcome(step.record.wait).cloned() {
            self.count_row(34);
            if stored.key != new.key {
                self.count_event("an outcome of another identity");
                return false;
            }
            let differs = (stored.kind, stored.button) != (new.kind, new.button);
            if !matches!(stored.kind, OutcomeKind::SignedIn(_)) || !differs {
                return true;
            }
            self.count_event("a sign-in is replaced");
        }
        if kind == OutcomeKind::TakenOver {
            self.count_event("a wait is taken over");
        }
        // A sign-in expires with its chain. The end of a wait lasts longer than all its chains.
        let ttl = match kind {
            OutcomeKind::TakenOver => self.lifetimes.chain,
            _ => self.remaining(step.server, &step.record).unwrap_or_default(),
        };
        self.waits[step.record.wait.0] = Some(self.expiring(new, ttl));
        true
    }

    /// Stores the reason of a refusal for the page that waits. A different reason than the stored one
    /// counts as data that outlasts the request.
    fn store_refusal(&mut self, step: &InChain<'_>, row: u8) {
        let wait = step.record.wait;
        match self.refusal(wait) {
            None => self.count_event("a refusal is stored"),
            Some(before) if before == row => return,
            Some(_) if !self.may_store(step.server, step.address) => return,
            Some(_) => self.count_event("a refusal is replaced"),
        }
        let ttl = self.remaining(step.server, &step.record).unwrap_or_default();
        self.refusals.insert(wait, self.expiring(row, ttl));
    }

    /// The rest of a chain's lifetime. `None` after its end.
    fn remaining(&self, server: Server, record: &NutRecord) -> Option<Seconds> {
        let age = self.clock(server).saturating_sub(record.chain_start);
        self.lifetimes.chain.checked_sub(age).filter(|&left| left > 0)
    }

    /// Refuses a request. The client may repeat it with the nut of the reply.
    fn refuse(&mut self, step: &InChain<'_>, tif: u16) -> Reply {
        self.count_failure(step.server, step.address);
        let nut = self.repeat_nut(step);
        Reply::new(tif, nut)
    }

    /// Refuses a request in steps 3 and 4. The request's nut stays live, and the reply's nut is an
    /// alias. An address that is slowed down receives a dead nut.
    fn refuse_before_take(&mut self, step: &InChain<'_>, tif: u16, is_slow: bool) -> Reply {
        if is_slow {
            self.count_event("slowed down");
            return self.dead_nut_reply(step.server, step.address, tif);
        }
        self.count_failure(step.server, step.address);
        // The alias expires with the nut.
        let created = step.record.created;
        let age = self.clock(step.server).saturating_sub(created);
        let left = self.remaining(step.server, &step.record).unwrap_or_default();
        let record = NutRecord {
            created,
            asked: step.record.asked,
            button: step.record.button,
            alias_of: Some(step.original),
            ..self.next_record(step)
        };
        let ttl = (2 * step.lifetime).saturating_sub(age).min(left);
        let nut = self.issue_nut(record, ttl);
        Reply::new(tif, nut)
    }

    /// Refuses a request with a dead nut.
    fn dead_nut_reply(&mut self, server: Server, address: Address, tif: u16) -> Reply {
        self.count_failure(server, address);
        let nut = self.issue_dead_nut();
        Reply::new(tif, nut)
    }

    /// Issues the next nut for the same request again. The client counts as asked if it was before.
    fn repeat_nut(&mut self, step: &InChain<'_>) -> Nut {
        let record = NutRecord { asked: step.record.asked, ..self.next_record(step) };
        self.issue_next(step.server, NutRecord { button: step.record.button, ..record })
    }

    /// Issues the next nut.
    fn next_nut(&mut self, step: &InChain<'_>, asked: bool) -> Nut {
        let record = NutRecord { asked, ..self.next_record(step) };
        self.issue_next(step.server, record)
    }

    /// The record of the chain's next nut. The chain belongs to the proved idk.
    fn next_record(&self, step: &InChain<'_>) -> NutRecord {
        NutRecord {
            created: self.clock(step.server),
            key: step.record.key.or(Some(step.request.idk)),
            button: step.button(),
            alias_of: None,
            ..step.record.clone()
        }
    }

    /// A nut stays stored for twice its lifetime, but not longer than the chain.
    fn issue_next(&mut self, server: Server, record: NutRecord) -> Nut {
        let ttl = (2 * self.lifetimes.nut).min(self.remaining(server, &record).unwrap_or_default());
        self.issue_nut(record, ttl)
    }
}
