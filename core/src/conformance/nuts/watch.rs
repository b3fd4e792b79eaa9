use std::time::Duration;

use tokio::time::timeout;

use super::Suite;
use super::records::{LONG, signed_in};
use crate::conformance::clause::Clause;
use crate::nuts::{NutState, WaitId};

/// The limit for a notification. It usually takes milliseconds, but the machine of the tests may be
/// busy.
const SOON: Duration = Duration::from_secs(5);

impl Suite {
    /// An outcome that is stored after [`watch`](crate::nuts::NutStore::watch) returned notifies
    /// all of its watches, on every server. Does nothing if the store's watches are
    /// [silent](crate::nuts::Watch::is_silent).
    pub async fn an_outcome_wakes_who_watches_it(&self) {
        let clause = Clause("an outcome wakes who watches it");
        let wait = WaitId::from_bytes(rand::random());
        let mut watches = Vec::new();
        for turn in 0..3.max(self.servers.len()) {
            watches.push(clause.ok("watch", self.server(turn).watch(&wait).await));
        }
        // Who gives up takes nothing away from the others.
        let given_up = clause.ok("watch", self.server(0).watch(&wait).await);
        if given_up.is_silent() {
            return;
        }
        drop(given_up);
        // Neither does a wait that is interrupted. (It may well have been woken: an
        // announcement only ever says "look".)
        let mut late = watches.remove(0);
        let _ = timeout(Duration::from_millis(20), watches[0].announced()).await;
        let waiting = tokio::spawn(async move {
            for watch in &mut watches {
                watch.announced().await;
            }
        });
        let state = NutState::Authorized;
        let stored = self.server(1).store_nut(wait.as_nut(), &signed_in(), state, LONG).await;
        clause.ok("store_nut", stored);
        let woken = timeout(SOON, waiting).await;
        clause.holds(woken.is_ok(), "who waited was not woken within 5 s");
        let woken = timeout(SOON, late.announced()).await;
        clause.holds(woken.is_ok(), "who came to wait after the event was not woken within 5 s");
    }
}
