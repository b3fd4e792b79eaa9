//! The replies to a client, each with a nut.

use std::fmt::Display;
use std::time::Duration;

use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{Digest, NutInfo, NutState};
use tower_sqrl_core::protocol::{Ask, Nut, Reply, Suk, Tif, base64url};

use super::Engine;
use super::chain::{Chain, Obstacle};
use super::config::held_for;
use super::random;

/// What a reply has beside its nut and tif.
#[derive(Default)]
pub(super) struct Extras<'a> {
    pub(super) suk: Option<Suk>,
    pub(super) url: Option<&'a str>,
    pub(super) ask: Option<&'a Ask>,
    pub(super) sin: Option<&'a str>,
}

/// A reply, and the record of its nut, which is not stored yet.
pub(super) struct PreparedReply {
    nut: Nut,
    info: NutInfo,
    ttl: Duration,
    body: String,
}

impl Chain<'_> {
    /// Prepares the reply to a request that was carried out.
    pub(super) fn reply(&self, tif: Tif, extras: &Extras<'_>) -> PreparedReply {
        let mut reply = self.prepare(tif, extras);
        reply.info.asked = extras.ask.is_some();
        reply.info.attached = self.attached();
        reply
    }

    /// Prepares a reply after which the client may send the same request again. What was asked with
    /// the old nut counts as asked with the new one.
    fn retry_reply(&self, tif: Tif) -> PreparedReply {
        let sin = self.engine.config.sin().filter(|_| self.record.sin_sent);
        let mut reply = self.prepare(tif, &Extras { sin, ..Extras::default() });
        reply.info.asked = self.record.asked;
        reply
    }

    /// Prepares the same while the client's nut stays live: the reply's nut is an alias of it. With two
    /// nuts that could be used one after the other, two identities could get onto one chain.
    fn alias_reply(&self, tif: Tif) -> PreparedReply {
        let mut reply = self.retry_reply(tif);
        reply.info.created = self.record.created;
        reply.info.step = self.record.step;
        reply.info.alias_of = Some(Box::new(self.original()));
        reply.ttl = held_for(self.lifetime()).saturating_sub(self.age()).min(self.remaining());
        reply
    }

    /// Prepares a reply with the chain's next nut. From now on the chain belongs to the identity that
    /// this request proved, unless it belongs to one already.
    fn prepare(&self, tif: Tif, extras: &Extras<'_>) -> PreparedReply {
        let nut = self.engine.config.nut_issuer.issue();
        let lines = self.engine.reply_lines(nut, tif, extras);
        let mut info = self.record.next(self.now, Digest::of(&lines));
        info.idk = self.record.idk.or(Some(*self.request.idk()));
        info.sin_sent = extras.sin.is_some();
        let ttl = held_for(self.engine.config.lifetimes.later).min(self.remaining());
        PreparedReply { nut, info, ttl, body: base64url::encode(lines) }
    }

    /// Stores the reply's nut and returns the body. If the store fails, the nut is dead, and the reply
    /// is the same.
    pub(super) async fn send(&self, reply: PreparedReply) -> String {
        let PreparedReply { nut, info, ttl, body } = reply;
        if !ttl.is_zero()
            && let Err(error) = self.engine.store_nut(nut, info, ttl).await
        {
            self.engine.store_failed("storing a chain's next nut", &error);
        }
        body
    }

    /// Rejects a request that may not take its nut. `gone` is the tif for a nut that is not live.
    pub(super) async fn reject(&self, obstacle: Obstacle, gone: Tif) -> String {
        match obstacle {
            Obstacle::ChainOver => self.dead_end(gone, "the chain is over"),
            Obstacle::TooOldElsewhere => {
                tracing::debug!("refused: the nut has expired, and the address is another");
                self.engine.dead_end(gone)
            }
            Obstacle::OtherServer => {
                let tif = Tif::REFUSED | self.ips();
                self.refuse_before_take(tif, "`server` is not what was sent").await
            }
            Obstacle::OtherAddress => {
                let why = "another address than that of the request for the sign-in URL";
                self.refuse_before_take(Tif::FAILED, why).await
            }
            Obstacle::OtherIdentity => {
                let tif = Tif::BAD_ID_ASSOCIATION | Tif::REFUSED | self.ips();
                self.dead_end(tif, "another identity than the chain's")
            }
        }
    }

    /// Refuses a request whose nut is consumed. The client may try again with the reply's nut.
    pub(super) async fn refuse(&self, tif: Tif, why: &'static str) -> String {
        self.note_refusal(tif, &why);
        self.send(self.retry_reply(tif)).await
    }

    /// Refuses a request before its nut is taken. The nut stays live.
    ///
    /// The reply's nut counts in the share of the address that requested the sign-in URL. So beyond the
    /// failure limit it is dead. The count decides this for simultaneous requests as well.
    async fn refuse_before_take(&self, tif: Tif, why: &'static str) -> String {
        if self.note_refusal(tif, &why) {
            self.send(self.alias_reply(tif)).await
        } else {
            self.engine.dead_end(tif)
        }
    }

    /// Refuses a request with a dead nut.
    pub(super) fn dead_end(&self, tif: Tif, why: &'static str) -> String {
        self.note_refusal(tif, &why);
        self.engine.dead_end(tif)
    }

    /// Rows 25 and 31 to 33: nothing happened, and the client did nothing wrong.
    pub(super) async fn try_again(&self) -> String {
        self.send(self.retry_reply(Tif::TRY_AGAIN | self.ips())).await
    }

    /// The same after the store failed to take the nut.
    pub(super) async fn try_to_take_again(&self, error: &StoreError) -> String {
        self.engine.store_failed("taking a nut", error);
        let tif = Tif::TRY_AGAIN | self.ips();
        match self.engine.nuts.get_nut(&self.original(), NutState::Pending).await {
            // It was not taken.
            Ok(Some(_)) => self.send(self.alias_reply(tif)).await,
            // It was taken. If the record is a copy, perhaps by an earlier request to another server,
            // and the chain has continued there.
            Ok(None) if self.is_copy => self.engine.dead_end(tif),
            // It was taken, and only the store's reply was lost.
            Ok(None) => self.send(self.retry_reply(tif)).await,
            Err(error) => {
                self.engine.store_failed("looking whether a nut was taken", &error);
                self.engine.dead_end(tif)
            }
        }
    }

    /// Logs a refusal and counts it against the client's address. Returns whether the address was still
    /// within its limit.
    pub(super) fn note_refusal(&self, tif: Tif, why: &dyn Display) -> bool {
        self.engine.note_refusal(self.peer, self.now, tif, why)
    }
}

impl Engine {
    fn reply_lines(&self, nut: Nut, tif: Tif, extras: &Extras<'_>) -> String {
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

    /// Returns a complete reply whose nut is stored nowhere.
    pub(crate) fn dead_end(&self, tif: Tif) -> String {
        base64url::encode(self.reply_lines(random::dead_nut(), tif, &Extras::default()))
    }
}
