//! A verified request and the record of its nut.

use std::net::IpAddr;
use std::time::Duration;

use tower_sqrl_core::nuts::{Attachments, Digest, NutInfo, Timestamp};
use tower_sqrl_core::protocol::{Nut, Request, Tif};

use super::Engine;

/// Nuts of one chain at most. The longest sign-ins take fewer than ten.
pub(super) const MAX_STEPS: u8 = 50;

/// A verified request, and the record of the nut that the client sent with it.
pub(super) struct Chain<'a> {
    pub(super) engine: &'a Engine,
    pub(super) request: &'a Request,
    /// The nut that the client sent.
    pub(super) nut: Nut,
    /// Its record.
    pub(super) record: NutInfo,
    /// Whether the record is this process's copy. Then only the take tells whether the nut was live.
    pub(super) is_copy: bool,
    /// The client's address.
    pub(super) peer: IpAddr,
    pub(super) now: Timestamp,
}

/// The reason why a request may not take its nut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Step 2: the chain's lifetime has passed, or it has had too many nuts.
    ChainOver,
    /// Row 25b: the nut has expired, and the client has another address than the browser.
    TooOldElsewhere,
    /// Step 3: `server` is not what was sent with the nut.
    OtherServer,
    /// Step 4: the client has another address than the browser.
    OtherAddress,
    /// Step 5: the chain belongs to another identity.
    OtherIdentity,
}

impl Chain<'_> {
    /// Checks steps 2 to 5 of section 2 of `docs/protocol.md`, all that precedes the take.
    pub(super) fn check(&self) -> Result<(), Obstacle> {
        if self.remaining().is_zero() || self.record.step >= MAX_STEPS {
            return Err(Obstacle::ChainOver);
        }
        // This precedes every refusal that brings a live nut: a photographed code must not get a
        // second life.
        if self.is_too_old() && !self.ips_match() {
            return Err(Obstacle::TooOldElsewhere);
        }
        if !self.is_what_we_sent() {
            return Err(Obstacle::OtherServer);
        }
        if !self.ips_match() && !self.may_have_another_address() {
            return Err(Obstacle::OtherAddress);
        }
        if self.is_of_another_identity() {
            return Err(Obstacle::OtherIdentity);
        }
        Ok(())
    }

    /// Returns whether the client has the address that requested the sign-in URL.
    pub(super) fn ips_match(&self) -> bool {
        self.engine.config.is_same_address(self.record.ip, self.peer)
    }

    /// Returns what `docs/protocol.md` calls `+i`: the flag for matching addresses, if they match.
    pub(super) fn ips(&self) -> Tif {
        Tif::IPS_MATCH.when(self.ips_match())
    }

    fn may_have_another_address(&self) -> bool {
        self.request.options().noiptest && !self.record.same_address_only
    }

    /// Returns whether `server` is what was sent with this nut: a reply, or the sign-in URL, to which
    /// the page's script may have appended a `can`.
    fn is_what_we_sent(&self) -> bool {
        let server = self.request.server();
        let sent = if self.nut == self.record.first_nut { without_can(server) } else { server };
        Digest::of(sent) == self.record.sent
    }

    fn is_of_another_identity(&self) -> bool {
        self.record.idk.is_some_and(|idk| idk != *self.request.idk())
    }

    /// Returns whether the nut's lifetime has passed, though the store still has its record.
    pub(super) fn is_too_old(&self) -> bool {
        self.age() > self.lifetime()
    }

    /// Returns the nut that this request consumes: the client's, or the one of which that is an alias.
    pub(super) fn original(&self) -> Nut {
        self.record.alias_of.as_deref().copied().unwrap_or(self.nut)
    }

    pub(super) fn age(&self) -> Duration {
        self.now.since(self.record.created)
    }

    /// Returns how long the nut may be used. An alias has the lifetime of its original.
    pub(super) fn lifetime(&self) -> Duration {
        self.engine.config.lifetime(&self.original(), &self.record)
    }

    /// Returns the time until the chain's lifetime has passed.
    pub(super) fn remaining(&self) -> Duration {
        let age = self.now.since(self.record.chain_start);
        self.engine.config.lifetimes.chain.saturating_sub(age)
    }

    /// Returns what the application gets: the record's data, and the answer if a question was asked
    /// with this nut.
    pub(super) fn attached(&self) -> Attachments {
        let mut attached = self.record.attached.clone();
        if let Some(button) = self.request.button().filter(|_| self.record.asked) {
            attached.button = Some(button);
            attached.ok_means_yes = self.record.ask.as_ref().is_some_and(|ask| !ask.has_buttons());
        }
        attached
    }

    /// Returns the same for a sign-in by this request: with the indexed secrets, if they were asked for
    /// with this nut, and with whether the addresses match.
    pub(super) fn attached_to_sign_in(&self) -> Attachments {
        let mut attached = self.attached();
        attached.same_address = self.ips_match();
        #[cfg(feature = "sin")]
        if let Some(secrets) = self.engine.config.secrets.as_ref().filter(|_| self.record.sin_sent)
        {
            attached.sealed = secrets.seal(self.request);
        }
        attached
    }
}

/// Removes the `&can=` that the page's script appends to a sign-in URL: exactly that, with one or
/// more characters of base64url, at the end.
fn without_can(server: &[u8]) -> &[u8] {
    const CAN: &[u8] = b"&can=";
    let Some(at) = server.windows(CAN.len()).position(|window| window == CAN) else {
        return server;
    };
    let (url, can) = (&server[..at], &server[at + CAN.len()..]);
    let is_base64url = |&byte: &u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !can.is_empty() && can.iter().all(is_base64url) { url } else { server }
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
