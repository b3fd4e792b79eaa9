//! The list of attacks, and running them.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::baseline::Baseline;
use super::error::{AttackError, Inconclusive};
use super::not_over_http::NOT_OVER_HTTP;
use super::report::{Finding, Report, Verdict};
use super::site::Site;
use super::trial::{AttackResult, IdentityState, Trial};
use super::{
    cps, flood, impersonation, linking, nuts, other_site, qr_code, replay, rescue_code,
    server_field, weak_keys,
};
use crate::identity::Identity;

/// Pause if the server limits an address. Servers limit requests per minute.
const PAUSE: Duration = Duration::from_secs(61);

/// Timeout for removing the identities, in case the server no longer responds.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_secs(60);

/// Attacks that wait until a SQRL URL has expired wait at most this long, unless
/// [`Attack::patient`] is set.
const SHORT_LIFETIME: Duration = Duration::from_secs(10);

/// The attacks, configured for one server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attack {
    /// The sign-in page: a page with a SQRL URL.
    pub url: String,
    /// Confirms that the server is yours, if it is on another machine. Default: `false`, only
    /// loopback addresses are allowed.
    pub this_server_is_mine: bool,
    /// The page that links an identity to the account of a signed-in user, for 14a: a URL or a
    /// path of the server. Default: `None`, the attack tries the pages that the landing page
    /// links to, before and after the user has removed the identity.
    pub linking_page: Option<String>,
    /// Whether 4f and 14c wait until a SQRL URL has expired, five minutes each on most servers.
    /// Default: `false`. Then they run only if it expires within 10 s, and
    /// [`Report::not_over_http`] lists them otherwise.
    pub patient: bool,
}

type Running<'a> = Pin<Box<dyn Future<Output = AttackResult> + Send + 'a>>;

/// An attack over HTTP.
struct Attempt {
    number: &'static str,
    name: &'static str,
    run: for<'a> fn(&'a mut Trial<'_>) -> Running<'a>,
    /// Whether it waits until a SQRL URL has expired.
    waits: bool,
    /// Whether a server refuses it by limiting the address. Then users at another address must
    /// still be served.
    limits_address: bool,
}

macro_rules! attempts {
    ($($number:literal $name:literal $module:ident::$function:ident $($flag:ident)?;)*) => {
        &[$(Attempt {
            number: $number,
            name: $name,
            run: |trial| Box::pin($module::$function(trial)),
            $($flag: true,)?
            ..NO_FLAGS
        }),*]
    };
}

const NO_FLAGS: Attempt = Attempt {
    number: "",
    name: "",
    run: |_| Box::pin(async { Err(Inconclusive::new("no attack")) }),
    waits: false,
    limits_address: false,
};

/// All attacks over HTTP, in the order in which they run. The server may limit the address of
/// those from 15a on, so they run last.
const ATTEMPTS: &[Attempt] = attempts! {
    "1a" "query as the victim, then ident as the attacker" impersonation::query_then_ident;
    "1b" "ident as the victim without the key" impersonation::ident;
    "1c" "disable, enable or remove the victim without the key" impersonation::changes;
    "2a" "rekey of the victim's identity without pids" rescue_code::rekey_without_pids;
    "2b" "rekey with pids, but without the rescue code" rescue_code::rekey_without_urs;
    "2c" "enable and remove with the key, but without the rescue code"
        rescue_code::enable_and_remove_without_urs;
    "3a" "rekey of a disabled identity without the rescue code"
        rescue_code::rekey_of_a_disabled_identity;
    "3b" "rekey and sign-in with a superseded identity" rescue_code::superseded_identity;
    "4a" "collecting or destroying a sign-in with the nut of its QR code" qr_code::collecting;
    "4b" "consuming another user's nut" qr_code::consuming;
    "4c" "another identity on a user's chain" qr_code::another_identity;
    "4d" "consuming another user's nut from another address" qr_code::consuming_from_elsewhere;
    "4e" "ending another user's wait from another address" qr_code::ending_the_wait;
    "4f" "answering an expired QR code from another address" qr_code::expired_code waits;
    "5a" "the same signed request twice" replay::twice;
    "5b" "many copies of a signed request at the same instant" replay::simultaneous;
    "5c" "a signed request with another nut" replay::with_another_nut;
    "5d" "a CPS URL used twice" cps::twice;
    "6a" "invented nuts" nuts::invented;
    "6b" "used nuts" nuts::used;
    "7a" "another server= than the SQRL URL, in the first request" server_field::first;
    "7b" "another server= than the last reply, later" server_field::later;
    "10a" "a can= that leads to another site, or ends a line" other_site::can_of_another_site;
    "11a" "a body of 2 MB" flood::huge_body;
    "12a" "an idk for which anybody can sign" weak_keys::idk;
    "12b" "a vuk for which anybody can sign" weak_keys::vuk;
    "13a" "the attacker's CPS URL, opened by the victim" cps::opened_by_the_victim;
    "13b" "the attacker's CPS URL, confirmed by a form on another site"
        cps::confirmed_by_another_site;
    "13c" "the attacker's landing URL, opened by the victim" cps::landing_url;
    "13d" "a CPS URL from another address, opened by the browser with the QR code"
        cps::from_another_address;
    "13e" "the attacker's cookie, set by a sibling subdomain" other_site::planted_cookie;
    "13f" "the page that reports a command, opened in another browser" cps::command_page;
    "14a" "answering the QR code of a linking page from another address"
        linking::from_another_address;
    "14b" "answering a page's first QR code after the page has renewed it" linking::renewed_code;
    "14c" "the same, as late as possible" linking::late_renewed_code waits;
    "15b" "another site's page that prefetches the sign-in page" other_site::prefetch;
    "15c" "another site's page with the sign-in page as image or frame" other_site::parts;
    "15d" "a cookie of another application that is not ASCII" other_site::foreign_cookie;
    "15a" "another site's page that sends forms to cli.sqrl" other_site::forms;
    "16c" "requests that are refused, from another user's address" flood::failures;
    "16a" "endless changes of one identity" flood::writes limits_address;
    "16b" "endless identities and superseded keys" flood::permanent_records limits_address;
};

impl Attack {
    /// Returns the attacks on a sign-in page.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), this_server_is_mine: false, linking_page: None, patient: false }
    }

    /// Runs all attacks, one after the other. Calls `watch` after each.
    ///
    /// # Errors
    /// Returns an error if the server is on another machine and is not confirmed to be yours, or
    /// if an honest sign-in fails.
    pub async fn run(&self, mut watch: impl FnMut(&Finding)) -> Result<Report, AttackError> {
        let linking_page = self.linking_page.as_deref();
        let site = Site::find(&self.url, linking_page, self.this_server_is_mine).await?;
        let mut identities = Vec::new();
        let baseline = baseline(&site, &mut identities).await;
        let baseline = baseline.map_err(|Inconclusive(why)| AttackError::Control(why))?;
        let waits = self.patient || has_short_lifetime(&site).await;
        let mut findings = Vec::new();
        for (at, attempt) in ATTEMPTS.iter().enumerate() {
            if attempt.waits && !waits {
                continue;
            }
            // The baseline uses 127.0.0.1.
            let address = u8::try_from(at).unwrap_or(0) + 2;
            let mut done = Box::pin(run_attempt(attempt, &site, &baseline, address)).await;
            if done.is_limited {
                identities.append(&mut done.identities);
                tokio::time::sleep(PAUSE).await;
                done = Box::pin(run_attempt(attempt, &site, &baseline, address)).await;
            }
            identities.extend(done.identities);
            let Attempt { number, name, .. } = *attempt;
            let finding = Finding { number, name, steps: done.steps, verdict: done.verdict };
            watch(&finding);
            findings.push(finding);
        }
        let left_behind = Box::pin(clean_up(&site, &identities)).await;
        let tried =
            |number: &str| findings.iter().any(|finding: &Finding| finding.number == number);
        let not_over_http = NOT_OVER_HTTP.iter().filter(|one| !tried(one.number)).copied();
        let not_over_http = not_over_http.collect();
        Ok(Report { url: self.url.clone(), findings, not_over_http, left_behind })
    }
}

/// Returns whether SQRL URLs expire so soon that the attacks wait for it.
async fn has_short_lifetime(site: &Site) -> bool {
    let lifetime = Trial::new(site, None, 1).url_lifetime().await;
    lifetime.is_ok_and(|lifetime| lifetime <= SHORT_LIFETIME)
}

/// Signs in honestly, to learn what the site's pages look like.
async fn baseline(site: &Site, identities: &mut Vec<Identity>) -> Result<Baseline, Inconclusive> {
    let mut trial = Trial::new(site, None, 1);
    let identity = trial.registered_identity().await?;
    let arrivals = [trial.sign_in(&identity).await?.1, trial.sign_in(&identity).await?.1];
    let nobody = trial.visit().await?;
    let empty = [trial.browser().open(arrivals[1].url.as_str()).await?, nobody.page];
    identities.extend(trial.finish().1);
    Ok(Baseline::new(identity, &arrivals, &empty))
}

/// A finished attempt.
struct Done {
    verdict: Verdict,
    steps: Vec<String>,
    identities: Vec<Identity>,
    /// Whether the attempt proved nothing because the server limits the address.
    is_limited: bool,
}

async fn run_attempt(attempt: &Attempt, site: &Site, baseline: &Baseline, address: u8) -> Done {
    let mut trial = Trial::new(site, Some(baseline), address);
    let result = (attempt.run)(&mut trial).await;
    let verdict = if attempt.limits_address {
        let bystander = Trial::new(site, None, address + 100);
        // If this machine has one address, it is limited itself: wait until it is not.
        let is_refused = matches!(result, Ok(Verdict::Refused { .. }));
        if is_refused && bystander.state(&Identity::generate()).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
        confirm(&bystander, result).await
    } else {
        confirm(&trial, result).await
    };
    let proves_nothing = matches!(verdict, Verdict::CouldNotTry { .. });
    let is_limited = proves_nothing && trial.registered_identity().await.is_err();
    let (steps, identities) = trial.finish();
    Done { verdict, steps, identities, is_limited }
}

/// Returns the verdict. A refusal counts only if an honest query succeeds afterwards.
async fn confirm(bystander: &Trial<'_>, result: AttackResult) -> Verdict {
    match result {
        Ok(Verdict::Refused { how }) => match bystander.state(&Identity::generate()).await {
            Ok(_) => Verdict::Refused { how },
            Err(Inconclusive(why)) => Verdict::CouldNotTry {
                why: format!("afterwards, {why}; the server may limit this address"),
            },
        },
        Ok(verdict) => verdict,
        Err(Inconclusive(why)) => Verdict::CouldNotTry { why },
    }
}

/// Removes the identities from the site. Retries once after a pause. Returns the number of
/// those that remain.
async fn clean_up(site: &Site, identities: &[Identity]) -> usize {
    let mut left: Vec<&Identity> = identities.iter().collect();
    for round in 0..2 {
        if round > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let deadline = Instant::now() + CLEAN_UP_TIMEOUT;
        let mut failed = Vec::new();
        for (at, identity) in left.into_iter().enumerate() {
            // A few from each address that no attack has used.
            let number = u8::try_from(at % 50).unwrap_or(0) + 201;
            let trial = Trial::new(site, None, number);
            if !matches!(timeout_at(deadline, is_removed(&trial, identity)).await, Ok(true)) {
                failed.push(identity);
            }
        }
        left = failed;
        if left.is_empty() {
            break;
        }
    }
    left.len()
}

/// Removes an identity if the site knows it. Returns whether it is removed.
async fn is_removed(trial: &Trial<'_>, identity: &Identity) -> bool {
    match trial.state(identity).await {
        Ok(IdentityState::Unknown | IdentityState::Superseded) => true,
        Ok(IdentityState::Live | IdentityState::Disabled) => trial.remove(identity).await.is_ok(),
        Err(_) => false,
    }
}
