//! Attacks 11 and 16: requests of one address that harm the server or other users.
//!
//! Each uses its own address if this machine has several. They run last, because a server may
//! limit their address for a minute.

use std::time::Duration;

use ::http::HeaderMap;
use tokio::time::Instant;

use super::error::{Inconclusive, check_not_busy};
use super::raw_client::Answer;
use super::trial::{AttackResult, Trial, refused, worked};
use crate::base64url;
use crate::identity::Identity;
use crate::wire::Tif;

/// Records or writes within a minute after which an address counts as unlimited. tower-sqrl
/// allows 600 a minute. A limit per calendar minute allows up to twice its number in 60 s.
const UNLIMITED: usize = 1300;

/// Number of previous keys on one chain.
const PREVIOUS: usize = 16;

/// A slower run says nothing about a limit per minute.
const MINUTE: Duration = Duration::from_secs(60);

/// Number of requests to be refused.
const FAILURES: usize = 200;

/// Counts what an address achieves before the server stops it.
struct Progress {
    started: Instant,
    what: &'static str,
    done: usize,
}

impl Progress {
    fn new(what: &'static str) -> Self {
        Self { started: Instant::now(), what, done: 0 }
    }

    /// The site issues no more SQRL URLs to the address.
    fn limited(&self) -> AttackResult {
        refused(format!("HTTP 429 after {} {}", self.done, self.what))
    }

    /// Counts an answer. Returns the verdict once there is one.
    fn count(&mut self, answer: &Answer, records: usize) -> Option<AttackResult> {
        let what = self.what;
        if answer.has(Tif::TRANSIENT) {
            return Some(Err(Inconclusive::new(format!("the site returns {}", answer.text()))));
        }
        if !answer.is_success() {
            return Some(refused(format!("{} after {} {what}", answer.text(), self.done)));
        }
        self.done += records;
        if self.done < UNLIMITED {
            return None;
        }
        Some(if self.started.elapsed() < MINUTE {
            worked(format!("one address makes {} {what} within a minute", self.done))
        } else {
            Err(Inconclusive::new("the site is too slow to measure a limit per minute"))
        })
    }
}

/// 16a: one identity changes its record repeatedly.
pub(super) async fn writes(trial: &mut Trial<'_>) -> AttackResult {
    let identity = trial.registered_identity().await?;
    let mut progress = Progress::new("writes");
    loop {
        let Some(visit) = trial.visit_unless_limited().await? else { return progress.limited() };
        let mut client = visit.client(&identity);
        for opt in ["suk~sqrlonly", "suk"].repeat(20) {
            client = client.with_opt(opt);
            let answer = client.ident().await?;
            if let Some(verdict) = progress.count(&answer, 1) {
                return verdict;
            }
        }
    }
}

/// 16b: new identities and superseded keys, which a site keeps permanently.
pub(super) async fn permanent_records(trial: &mut Trial<'_>) -> AttackResult {
    // Fails early if the address is limited already.
    trial.registered_identity().await?;
    let mut progress = Progress::new("permanent records");
    loop {
        let Some(visit) = trial.visit_unless_limited().await? else { return progress.limited() };
        let identity = trial.new_identity();
        let mut client = visit.client(&identity);
        for n in 0..PREVIOUS {
            let previous = Identity::generate();
            let key = previous.site_key(0, visit.sqrl_url.domain());
            let key = key.ok_or_else(|| Inconclusive::new("an identity without a key"))?;
            let params = client.introducing("ident").with("pidk", &key.idk().to_string());
            let form = client.signed(&params).signed("pids", &key);
            let answer = client.send(&form).await?;
            // The first answer also creates the identity.
            let records = if n == 0 { 2 } else { 1 };
            if let Some(verdict) = progress.count(&answer, records) {
                return verdict;
            }
        }
    }
}

/// 16c: requests that are refused, from the address of another user.
pub(super) async fn failures(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    let visit = trial.visit().await?;
    let mut victim_client = visit.client(&victim);
    victim_client.query().await?.expect_success("query")?;
    let page = trial.visit().await?;
    let other = page.client(&Identity::generate());
    for n in 0..FAILURES {
        let mut client = other.clone();
        let answer = match n % 2 {
            0 => {
                let nut = base64url::encode(rand::random::<[u8; 16]>());
                client.url = client.url.replace(page.sqrl_url.nut(), &nut);
                client.query().await?
            }
            _ => client.post(client.unsigned(&client.params("query")).encode()).await?,
        };
        if n + 2 >= FAILURES {
            trial.record_answer("the last refused request", &answer);
        }
    }
    let answer = victim_client.ident().await?;
    if !answer.is_success() {
        return worked(format!("the victim's own ident on a live nut returns {}", answer.text()));
    }
    if let Err(Inconclusive(why)) = trial.collect(&visit).await {
        return worked(format!("the victim's sign-in is not collected: {why}"));
    }
    refused(format!("{}; the victim's own requests succeed", trial.answers()))
}

/// Length of the body in bytes.
const HUGE: usize = 2_000_000;

/// Number of bodies, because not every reply is lost.
const HUGE_BODIES: usize = 8;

/// 11a: a very long body. A client that receives no reply retries it.
pub(super) async fn huge_body(trial: &mut Trial<'_>) -> AttackResult {
    let client = trial.visit().await?.client(&Identity::generate());
    for _ in 0..HUGE_BODIES {
        let answer = match client.exchange(HeaderMap::new(), "a".repeat(HUGE)).await {
            Ok(answer) => answer,
            Err(error) => return worked(format!("a body of 2 MB receives no reply: {error}")),
        };
        if answer.reply.is_none() {
            check_not_busy(answer.status)?;
            return worked(format!("a body of 2 MB returns {}", answer.text()));
        }
        trial.record_answer("a body of 2 MB", &answer);
        if answer.is_success() {
            return worked(format!("a body of 2 MB is accepted: {}", answer.text()));
        }
    }
    refused(trial.answers())
}
