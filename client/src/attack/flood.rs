//! Attack 16: one address whose requests are other people's trouble. Each comes from an address of
//! its own where this machine has several, and they come last, since a server may slow that
//! address down for a minute.

use std::time::Duration;

use tokio::time::Instant;

use super::error::Trouble;
use super::hand::Answer;
use super::scene::{Scene, Tried, refused, worked};
use crate::base64url;
use crate::identity::Identity;
use crate::wire::Tif;

/// Lasting records, or writes, within a minute after which an address counts as unlimited.
/// tower-sqrl stops one at 600 a minute; a limit that counts by the clock's minute lets up to twice
/// as much through in 60 s.
const UNLIMITED: usize = 1300;

/// Previous keys on one chain.
const PREVIOUS: usize = 16;

/// What takes longer says nothing about a limit by the minute.
const MINUTE: Duration = Duration::from_secs(60);

/// Refused requests of a neighbour.
const FAILURES: usize = 200;

/// What an address gets done before it is stopped.
struct Progress {
    begun: Instant,
    what: &'static str,
    done: usize,
}

impl Progress {
    fn new(what: &'static str) -> Self {
        Self { begun: Instant::now(), what, done: 0 }
    }

    /// The site gives the address no more links.
    fn stopped(&self) -> Tried {
        refused(format!("HTTP 429 after {} {}", self.done, self.what))
    }

    /// Counts an answer. The verdict, once there is one.
    fn count(&mut self, answer: &Answer, records: usize) -> Option<Tried> {
        let what = self.what;
        if answer.has(Tif::TRANSIENT) {
            return Some(Err(Trouble::new(format!("the site answers {}", answer.text()))));
        }
        if !answer.is_success() {
            return Some(refused(format!("{} after {} {what}", answer.text(), self.done)));
        }
        self.done += records;
        if self.done < UNLIMITED {
            return None;
        }
        Some(if self.begun.elapsed() < MINUTE {
            worked(format!("one address leaves {} {what} within a minute", self.done))
        } else {
            Err(Trouble::new(
                "the site is too slow to tell whether it limits what one minute leaves",
            ))
        })
    }
}

/// 16a: one identity that changes its record again and again.
pub(super) async fn writes(scene: &mut Scene<'_>) -> Tried {
    let identity = scene.known().await?;
    let mut progress = Progress::new("writes");
    loop {
        let Some(visit) = scene.visit_unless_stopped().await? else { return progress.stopped() };
        let mut hand = visit.hand(&identity);
        for opt in ["suk~sqrlonly", "suk"].repeat(20) {
            hand = hand.with_opt(opt);
            let answer = hand.ident().await?;
            if let Some(verdict) = progress.count(&answer, 1) {
                return verdict;
            }
        }
    }
}

/// 16b: identities and superseded keys, which a site keeps permanently.
pub(super) async fn lasting_records(scene: &mut Scene<'_>) -> Tried {
    // An address that is stopped before it begins says nothing.
    scene.known().await?;
    let mut progress = Progress::new("lasting records");
    loop {
        let Some(visit) = scene.visit_unless_stopped().await? else { return progress.stopped() };
        let identity = scene.stranger();
        let mut hand = visit.hand(&identity);
        for n in 0..PREVIOUS {
            let previous = Identity::generate();
            let key = previous.site_key(0, visit.link.domain());
            let key = key.ok_or_else(|| Trouble::new("an identity without a key"))?;
            let params = hand.introducing("ident").with("pidk", &key.idk().to_string());
            let form = hand.signed(&params).signed("pids", &key);
            let answer = hand.send(&form).await?;
            // The first one leaves the identity as well.
            let records = if n == 0 { 2 } else { 1 };
            if let Some(verdict) = progress.count(&answer, records) {
                return verdict;
            }
        }
    }
}

/// 16c: a neighbour behind the same address whose requests are all refused.
pub(super) async fn failures(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    let visit = scene.visit().await?;
    let mut hers = visit.hand(&victim);
    hers.query().await?.honest("query")?;
    let page = scene.visit().await?;
    let neighbour = page.hand(&Identity::generate());
    for n in 0..FAILURES {
        let mut hand = neighbour.clone();
        let answer = match n % 2 {
            0 => {
                let nut = base64url::encode(rand::random::<[u8; 16]>());
                hand.url = hand.url.replace(page.link.nut(), &nut);
                hand.query().await?
            }
            _ => hand.post(hand.unsigned(&hand.params("query")).encode()).await?,
        };
        if n + 2 >= FAILURES {
            scene.note("the last of many requests that are refused", &answer);
        }
    }
    let answer = hers.ident().await?;
    if !answer.is_success() {
        return worked(format!("her own ident on a live nut is answered {}", answer.text()));
    }
    if let Err(Trouble(why)) = scene.collect(&visit).await {
        return worked(format!("her sign-in does not arrive: {why}"));
    }
    refused(format!("{}; her own requests go on", scene.answers()))
}
