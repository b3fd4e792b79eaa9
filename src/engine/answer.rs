//! The order of work for one request of a client. Section 2 of `docs/protocol.md` has the reasons; the
//! numbers are its steps. Every path ends in a complete reply.

use std::fmt::Display;
use std::net::IpAddr;

use futures_util::future::{OptionFuture, join3};
use tower_sqrl_core::nuts::{NutState, Timestamp};
use tower_sqrl_core::protocol::{Command, Nut, Tif, UnverifiedRequest};

use super::Engine;
use super::apply::NotApplied;
use super::chain::Chain;
use super::decide::unsupported;

impl Engine {
    /// Answers one request and returns the body of the reply. `nut` is the parameter of the URL, `body`
    /// the request's, `peer` the client's address.
    pub(crate) async fn answer(&self, nut: Option<&str>, body: &[u8], peer: IpAddr) -> String {
        let now = self.config.clock.now();
        let refuse = |tif, why: &dyn Display| {
            self.note_refusal(peer, now, tif, why);
            self.dead_end(tif)
        };

        // 1. A request without valid signatures touches nothing.
        let request = match UnverifiedRequest::parse(body).and_then(UnverifiedRequest::verify) {
            Ok(request) => request,
            Err(error) => return refuse(Tif::REFUSED, &error),
        };

        // 2. An address over its failure limit is not invited to try again, and its made-up nuts cost
        // the store nothing. With a live nut it is served as any other: a neighbour may have caused the
        // failures.
        let is_slowed_down = self.failures.is_reached(peer, now);
        let gone = if is_slowed_down { Tif::REFUSED } else { Tif::TRY_AGAIN };
        let Some(nut) = nut.and_then(|nut| nut.parse().ok()) else {
            return refuse(gone, &"no nut");
        };
        if is_slowed_down && !self.may_be_live(&nut, peer, now) {
            return refuse(gone, &"too many failures, and no nut of ours that may be live");
        }
        let chain = |record, is_copy| Chain {
            engine: self,
            request: &request,
            nut,
            record,
            is_copy,
            peer,
            now,
        };
        // A copy replaces the look-up only if the request goes on to the take, which decides. Every
        // other reply depends on whether the store still has the nut.
        let copy = self.recent_nuts.as_ref().and_then(|recent_nuts| recent_nuts.remove(&nut));
        let copy = copy.map(|record| chain(record, true));
        let chain = match copy.filter(|chain| chain.check().is_ok()) {
            Some(chain) => chain,
            None => match self.nuts.get_nut(&nut, NutState::Pending).await {
                Ok(Some(record)) => chain(record, false),
                Ok(None) => {
                    self.note_spent(&nut, is_slowed_down);
                    return refuse(gone, &"no such nut");
                }
                Err(error) => {
                    self.store_failed("looking at a nut", &error);
                    return self.dead_end(Tif::TRY_AGAIN);
                }
            },
        };
        // 2 to 5.
        if let Err(obstacle) = chain.check() {
            return chain.reject(obstacle, gone).await;
        }

        // 6. The take of the original decides; an alias is deleted along with it. The look-up runs
        // concurrently. It is wasted if the take is lost, which costs less than waiting.
        let too_old = chain.is_too_old();
        let needs_look_up = !too_old && request.command() != Command::Unknown;
        let look_up: OptionFuture<_> =
            needs_look_up.then(|| self.identities.look_up(request.idk(), request.pidk())).into();
        let original = chain.original();
        let take = self.nuts.remove_nut(&original, NutState::Pending);
        let alias: OptionFuture<_> =
            (original != nut).then(|| self.nuts.remove_nut(&nut, NutState::Pending)).into();
        let (taken, lookup, _) = join3(take, look_up, alias).await;
        match taken {
            Ok(Some(_)) => {}
            Ok(None) => {
                self.note_spent(&nut, is_slowed_down);
                return refuse(gone, &"the nut was used before");
            }
            Err(error) => return chain.try_to_take_again(&error).await,
        }

        // 7.
        if too_old {
            tracing::debug!("try again: the nut is too old");
            return chain.try_again().await;
        }

        // 8.
        let ips = chain.ips();
        let decided = match lookup {
            None => Ok(unsupported(ips)),
            Some(Ok(lookup)) => chain.apply(lookup).await,
            Some(Err(error)) => {
                self.store_failed("looking up an identity", &error);
                Err(NotApplied::Failed)
            }
        };
        match decided {
            Ok(decision) => chain.conclude(decision).await,
            Err(NotApplied::Failed) => chain.try_again().await,
            Err(NotApplied::TooMany) => {
                chain.refuse(Tif::FAILED | ips, "the address has left too much here").await
            }
        }
    }

    /// Remembers a nut that the store does not have, so that an address over its failure limit causes no
    /// more look-ups with it. It has to be a nut of this site: a client may make up others that take the
    /// place of a live one.
    fn note_spent(&self, nut: &Nut, is_slowed_down: bool) {
        if is_slowed_down && self.config.nut_issuer.has_issued(nut) {
            self.spent_nuts.insert(nut);
        }
    }

    /// Returns whether to look up a nut for an address over its failure limit: a nut of this site that
    /// is not known to be spent, and some that another server may have issued.
    fn may_be_live(&self, nut: &Nut, peer: IpAddr, now: Timestamp) -> bool {
        if self.config.nut_issuer.has_issued(nut) {
            !self.spent_nuts.contains(nut)
        } else {
            self.foreign_nuts.count(peer, now).is_ok()
        }
    }

    /// Logs a refusal and counts it against the address. Returns whether the address was still within
    /// its limit.
    pub(super) fn note_refusal(
        &self,
        peer: IpAddr,
        now: Timestamp,
        tif: Tif,
        why: &dyn Display,
    ) -> bool {
        tracing::debug!(%tif, "refused: {why}");
        self.failures.count(peer, now).is_ok()
    }
}
