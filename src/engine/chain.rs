//! One request's place in its chain: what is known of the nut, and how the next is made.

use std::net::IpAddr;
use std::time::Duration;

use super::config::held_for;
use super::decide::{Decision, Verdict};
use super::{Engine, random};
use tower_sqrl_core::nuts::{Attached, Digest, NutInfo, Outcome, Timestamp};
use tower_sqrl_core::protocol::{Ask, Nut, Reply, Request, Suk, Tif, base64url};

/// A verified request, and the record of the nut that it came with: from here on every answer
/// can go on with the chain.
pub(super) struct Chain<'a> {
    pub(super) engine: &'a Engine,
    pub(super) request: &'a Request,
    /// The nut that the request came with.
    pub(super) nut: Nut,
    /// Its record.
    pub(super) record: NutInfo,
    /// Whether the record is this process's copy. Then only the take tells whether the nut was live.
    pub(super) is_copy: bool,
    /// The client's address.
    pub(super) peer: IpAddr,
    pub(super) now: Timestamp,
}

/// Why a request may not take its nut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Step 2: the chain's lifetime has passed.
    ChainOver,
    /// Row 25b: the nut is too old, and the request is from another address than the link's.
    TooOldElsewhere,
    /// Step 3: `server` is not what was sent with the nut.
    OtherServer,
    /// Step 4: the client has another address than the link's.
    OtherAddress,
    /// Step 5: the chain belongs to another identity.
    OtherIdentity,
}

/// What a reply carries beside its nut and tif.
#[derive(Default)]
pub(super) struct Extras<'a> {
    pub(super) suk: Option<Suk>,
    pub(super) url: Option<&'a str>,
    pub(super) ask: Option<&'a Ask>,
    pub(super) sin: Option<&'a str>,
}

/// The next step of a chain, before it is stored.
pub(super) struct Next {
    nut: Nut,
    info: NutInfo,
    ttl: Duration,
    /// The reply as it goes out.
    pub(super) body: String,
}

impl Chain<'_> {
    /// Steps 2 to 5 of section 2 of `docs/protocol.md`: what has to be true before the nut is taken.
    pub(super) fn check(&self) -> Result<(), Obstacle> {
        if self.remaining().is_zero() {
            return Err(Obstacle::ChainOver);
        }
        // Before anything that leads to a live nut, a refusal included: somebody who photographed a
        // code gets no second life for it.
        if self.is_too_old() && !self.ips_match() {
            return Err(Obstacle::TooOldElsewhere);
        }
        if !self.is_what_we_sent() {
            return Err(Obstacle::OtherServer);
        }
        if !self.ips_match() && !self.may_come_from_elsewhere() {
            return Err(Obstacle::OtherAddress);
        }
        if self.is_anothers() {
            return Err(Obstacle::OtherIdentity);
        }
        Ok(())
    }

    /// Whether the client has the address that asked for the link.
    pub(super) fn ips_match(&self) -> bool {
        self.engine.config.is_same_address(self.record.ip, self.peer)
    }

    /// Whether the client may have another address: it says `noiptest`, and the link allows it.
    fn may_come_from_elsewhere(&self) -> bool {
        self.request.options().noiptest && !self.record.same_address_only
    }

    /// What `docs/protocol.md` calls `+i`: the flag for matching addresses, where they match.
    pub(super) fn ips(&self) -> Tif {
        Tif::IPS_MATCH.when(self.ips_match())
    }

    /// Whether `server` is what we sent with this nut: the reply, or the link, which the
    /// page's script may have given a `can`.
    fn is_what_we_sent(&self) -> bool {
        let server = self.request.server();
        let sent = if self.nut == self.record.first_nut { without_can(server) } else { server };
        Digest::of(sent) == self.record.sent
    }

    /// Whether the chain belongs to another identity than the one that the request proved.
    fn is_anothers(&self) -> bool {
        self.record.idk.is_some_and(|idk| idk != *self.request.idk())
    }

    /// Whether a decision leaves something that outlasts the request and was not counted with the
    /// link, as the chain's nuts and its outcome were: a write of an identity, or a CPS URL.
    /// Otherwise one link, answered again and again, would be as good as many.
    pub(super) fn leaves_more(&self, decision: &Decision) -> bool {
        let is_success = matches!(decision.verdict, Verdict::Done | Verdict::SignedIn { .. });
        decision.change.is_some() || is_success && self.request.options().cps
    }

    /// Whether the nut may no longer be used, though its record is still held.
    pub(super) fn is_too_old(&self) -> bool {
        self.age() > self.lifetime()
    }

    /// The nut that a request with this one consumes: this one, or the one that it is an alias of.
    pub(super) fn original(&self) -> Nut {
        self.record.beside.as_deref().copied().unwrap_or(self.nut)
    }

    fn age(&self) -> Duration {
        self.now.since(self.record.created)
    }

    /// An alias is valid as long as its original.
    fn lifetime(&self) -> Duration {
        self.engine.config.lifetime(&self.original(), &self.record)
    }

    /// What is left of the chain's life.
    pub(super) fn remaining(&self) -> Duration {
        let age = self.now.since(self.record.chain_start);
        self.engine.config.lifetimes.chain.saturating_sub(age)
    }

    /// The next nut and the reply that brings it.
    pub(super) fn next(&self, tif: Tif, extras: &Extras<'_>) -> Next {
        self.step(tif, extras, extras.ask.is_some(), self.attached())
    }

    /// A reply after which the client may send the same request once more: what was asked
    /// with the old nut counts as asked with the new one.
    pub(super) fn again(&self, tif: Tif) -> Next {
        let sin = self.engine.config.sin().filter(|_| self.record.sin_sent);
        let extras = Extras { sin, ..Extras::default() };
        self.step(tif, &extras, self.record.asked, self.record.attached.clone())
    }

    /// The same while the nut that was sent stays live: the reply's is an alias of it. Two nuts of one
    /// step that could be used one after the other would let two identities onto one chain.
    pub(super) fn beside(&self, tif: Tif) -> Next {
        let Next { nut, info, body, .. } = self.again(tif);
        let info = NutInfo {
            created: self.record.created,
            beside: Some(Box::new(self.original())),
            ..info
        };
        let ttl = held_for(self.lifetime()).saturating_sub(self.age()).min(self.remaining());
        Next { nut, info, ttl, body }
    }

    /// The chain belongs to the identity that this request proved, unless it belongs to one
    /// already.
    fn step(&self, tif: Tif, extras: &Extras<'_>, asked: bool, attached: Attached) -> Next {
        let nut = self.engine.config.nut_issuer.issue();
        let lines = self.engine.reply(nut, tif, extras);
        let info = NutInfo {
            created: self.now,
            sent: Digest::of(&lines),
            idk: self.record.idk.or(Some(*self.request.idk())),
            asked,
            sin_sent: extras.sin.is_some(),
            beside: None,
            attached,
            ..self.record.clone()
        };
        let ttl = held_for(self.engine.config.lifetimes.later).min(self.remaining());
        Next { nut, info, ttl, body: base64url::encode(lines) }
    }

    /// Stores the next step and gives its reply. If the store fails the nut is dead, and the
    /// reply stands all the same.
    pub(super) async fn send(&self, next: Next) -> String {
        if !next.ttl.is_zero()
            && let Err(error) = self.engine.store_nut(next.nut, next.info, next.ttl).await
        {
            self.engine.store_failed("storing a chain's next nut", &error);
        }
        next.body
    }

    /// The chain's end, for the page that waits.
    pub(super) fn outcome(&self, outcome: Outcome) -> NutInfo {
        NutInfo {
            created: self.now,
            idk: Some(*self.request.idk()),
            ask: None,
            beside: None,
            outcome: Some(outcome),
            attached: self.attached_to_sign_in(),
            ..self.record.clone()
        }
    }

    /// What travels on to the application, with the answer to a question that was put with this
    /// nut.
    fn attached(&self) -> Attached {
        let attached = self.record.attached.clone();
        match self.request.button().filter(|_| self.record.asked) {
            None => attached,
            Some(button) => Attached {
                button: Some(button),
                ok_means_yes: self.record.ask.as_ref().is_some_and(|ask| !ask.has_buttons()),
                ..attached
            },
        }
    }

    /// The same for a sign-in by this request: with the indexed secrets that were asked for with
    /// this nut, and with what the client's address says.
    pub(super) fn attached_to_sign_in(&self) -> Attached {
        let attached = Attached { same_address: self.ips_match(), ..self.attached() };
        #[cfg(feature = "sin")]
        if let Some(secrets) = self.engine.config.secrets.as_ref().filter(|_| self.record.sin_sent)
        {
            return Attached { sealed: secrets.seal(self.request), ..attached };
        }
        attached
    }
}

impl Engine {
    fn reply(&self, nut: Nut, tif: Tif, extras: &Extras<'_>) -> String {
        Reply {
            nut,
            tif,
            path: &self.config.client_path,
            url: extras.url,
            can: None,
            sin: extras.sin,
            suk: extras.suk,
            ask: extras.ask,
        }
        .to_lines()
    }

    /// A complete reply whose nut is stored nowhere.
    pub(crate) fn dead_end(&self, tif: Tif) -> String {
        base64url::encode(self.reply(random::dead_nut(), tif, &Extras::default()))
    }
}

/// The link without the `&can=` that the page's script appends; exactly that, with one or
/// more characters of base64url, or nothing is taken off.
fn without_can(server: &[u8]) -> &[u8] {
    const CAN: &[u8] = b"&can=";
    let Some(at) = server.windows(CAN.len()).position(|window| window == CAN) else {
        return server;
    };
    let (link, can) = (&server[..at], &server[at + CAN.len()..]);
    let is_base64url = |&byte: &u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !can.is_empty() && can.iter().all(is_base64url) { link } else { server }
}

#[cfg(test)]
mod tests {
    use super::without_can;

    #[test]
    fn a_can_is_one_parameter_at_the_end() {
        assert_eq!(without_can(b"sqrl://a/c?nut=x&can=aHR0-_"), b"sqrl://a/c?nut=x");
        for server in [
            "sqrl://a/c?nut=x",
            "sqrl://a/c?nut=x&can=",
            "sqrl://a/c?nut=x&can=a&b=c",
            "sqrl://a/c?nut=x&can=a=",
            "sqrl://a/c?nut=x&can=a&can=b",
            "sqrl://a/c?nut=x&CAN=a",
        ] {
            assert_eq!(without_can(server.as_bytes()), server.as_bytes(), "{server}");
        }
    }
}
