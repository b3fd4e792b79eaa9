//! One after the other.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::elsewhere::ELSEWHERE;
use super::error::{AttackError, Trouble};
use super::eyes::Eyes;
use super::place::Place;
use super::report::{Finding, Report, Verdict};
use super::scene::{Scene, Tried};
use super::{
    cps, flood, impersonation, in_place, linking, nuts, other_site, photograph, rekey, replay,
    server_field, weak_keys,
};
use crate::identity::Identity;

/// How long to wait where a server slows us down: servers count by the minute.
const PAUSE: Duration = Duration::from_secs(61);

/// How long removing everybody may take, where a server does not answer any more.
const CLEAN_UP: Duration = Duration::from_secs(60);

/// The attacks, aimed at one server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attack {
    /// The sign-in page: a page with a SQRL link in it.
    pub url: String,
    /// Whether it may be another machine than this one. Default: no.
    pub this_server_is_mine: bool,
    /// The page that links an identity with the account of the user who is signed in, for 14a: a
    /// URL or path of that server. Default: the pages with a SQRL link in them to which the page at
    /// which a sign-in arrives links, before or after the user has removed the identity.
    pub linking_page: Option<String>,
    /// Whether 4f and 14c wait until a code has grown old, five minutes each on most servers.
    /// Default: `false`. Codes that live longer than 10 s are then left to the tests that
    /// [`Report::elsewhere`] names.
    pub patient: bool,
}

/// Numbers and names, in order.
const ATTACKS: &[(&str, &str)] = &[
    ("1a", "query as the victim without her key, then ident with one's own"),
    ("1b", "ident as the victim without her key"),
    ("1c", "disable, enable or remove the victim without her key"),
    ("2a", "rekey of the victim's identity without her pids"),
    ("2b", "rekey with her pids, but without her rescue code"),
    ("2c", "enable and remove with her key, but without her rescue code"),
    ("3a", "rekey of a disabled identity without the rescue code"),
    ("3b", "rekey and sign-in with a superseded identity"),
    ("4a", "collecting or destroying a sign-in with the nut of its QR code"),
    ("4b", "burning somebody's nut"),
    ("4c", "another identity on somebody's chain"),
    ("4d", "burning somebody's nut from another address"),
    ("4e", "ending somebody's wait from another address"),
    ("4f", "answering an expired code from another address"),
    ("5a", "the same signed body twice"),
    ("5b", "the same signed body many times at the same instant"),
    ("5c", "a body made for one nut, sent on another"),
    ("5d", "a CPS URL used twice"),
    ("6a", "made-up nuts"),
    ("6b", "spent nuts"),
    ("7a", "another server= than the link, in the first request"),
    ("7b", "another server= than the last reply, later"),
    ("10a", "a can= that leads to another site, or ends a line"),
    ("11a", "a body of 2 MB"),
    ("12a", "an idk for which anybody can sign"),
    ("12b", "a vuk for which anybody can sign"),
    ("13a", "a CPS URL of the attacker's, sent to the victim"),
    ("13b", "a form on another site that confirms it for the victim"),
    ("13c", "the address to which the attacker's page was sent, sent to the victim"),
    ("13d", "a CPS URL from another address, for the browser that shows the code"),
    ("13e", "the attacker's cookie, planted by a sibling subdomain"),
    ("13f", "a link to the page that tells what happened to an identity"),
    ("14a", "answering the code of somebody's linking page from another address"),
    ("14b", "answering the first code of a page that has renewed it"),
    ("14c", "the same as late as that code can be answered"),
    ("15b", "another site's page that prefetches the sign-in page"),
    ("15c", "another site's page with the sign-in page as its images and frames"),
    ("15d", "a foreign cookie that is not ASCII"),
    // From here on, the address may be slowed down afterwards.
    ("15a", "another site's page that sends forms to cli.sqrl"),
    ("16c", "a neighbour behind the same address whose requests are refused"),
    ("16a", "one identity's changes without end"),
    ("16b", "identities and superseded keys without end"),
];

/// What waits for a code to grow old.
const PATIENT: [&str; 2] = ["4f", "14c"];

/// What a server refuses by stopping the address: people at another one are to be answered.
const STOPPED: [&str; 2] = ["16a", "16b"];

/// Codes that live so long are waited for only with [`Attack::patient`].
const SHORT_LIVED: Duration = Duration::from_secs(10);

async fn attempt(number: &str, scene: &mut Scene<'_>) -> Tried {
    match number {
        "1a" => impersonation::query_then_ident(scene).await,
        "1b" => impersonation::ident(scene).await,
        "1c" => impersonation::changes(scene).await,
        "2a" => rekey::without_pids(scene).await,
        "2b" => rekey::without_urs(scene).await,
        "2c" => in_place::without_rescue_code(scene).await,
        "3a" => rekey::of_a_disabled_identity(scene).await,
        "3b" => rekey::from_a_superseded_identity(scene).await,
        "4a" => photograph::collecting(scene).await,
        "4b" => photograph::burning(scene).await,
        "4c" => photograph::another_identity(scene).await,
        "4d" => photograph::burning_from_elsewhere(scene).await,
        "4e" => photograph::taking_over(scene).await,
        "4f" => photograph::second_life(scene).await,
        "5a" => replay::twice(scene).await,
        "5b" => replay::at_the_same_instant(scene).await,
        "5c" => replay::on_another_nut(scene).await,
        "5d" => cps::twice(scene).await,
        "6a" => nuts::made_up(scene).await,
        "6b" => nuts::spent(scene).await,
        "7a" => server_field::first(scene).await,
        "7b" => server_field::later(scene).await,
        "10a" => other_site::can_elsewhere(scene).await,
        "11a" => other_site::huge_body(scene).await,
        "12a" => weak_keys::idk(scene).await,
        "12b" => weak_keys::vuk(scene).await,
        "13a" => cps::sent_to_the_victim(scene).await,
        "13b" => cps::confirmed_by_another_site(scene).await,
        "13c" => cps::waiting_address(scene).await,
        "13d" => cps::from_elsewhere(scene).await,
        "13e" => other_site::planted_cookie(scene).await,
        "13f" => cps::told_by_a_link(scene).await,
        "14a" => linking::photographed(scene).await,
        "14b" => linking::renewed(scene).await,
        "14c" => linking::renewed_long_ago(scene).await,
        "15a" => other_site::forms(scene).await,
        "15b" => other_site::prefetch(scene).await,
        "15c" => other_site::parts(scene).await,
        "15d" => other_site::foreign_cookie(scene).await,
        "16a" => flood::writes(scene).await,
        "16b" => flood::lasting_records(scene).await,
        "16c" => flood::failures(scene).await,
        other => Err(Trouble::new(format!("there is no attack {other}"))),
    }
}

impl Attack {
    /// Aims at a sign-in page of this machine.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), this_server_is_mine: false, linking_page: None, patient: false }
    }

    /// Does them all, one after the other, and tells of each as it is over.
    ///
    /// # Errors
    /// The server is not to be attacked, or an honest sign-in does not work there.
    pub async fn run(&self, mut tell: impl FnMut(&Finding)) -> Result<Report, AttackError> {
        let place = Place::find(self).await?;
        let mut made_up = Vec::new();
        let eyes = control(&place, &mut made_up).await;
        let eyes = eyes.map_err(|Trouble(why)| AttackError::Control(why))?;
        let waits = self.patient || is_short_lived(&place).await;
        let mut findings = Vec::new();
        for (at, &(number, name)) in ATTACKS.iter().enumerate() {
            if PATIENT.contains(&number) && !waits {
                continue;
            }
            // 127.0.0.1 is the control's.
            let address = u8::try_from(at).unwrap_or(0) + 2;
            let mut once = Box::pin(try_once(&place, &eyes, address, number)).await;
            if once.is_slowed {
                made_up.append(&mut once.people);
                tokio::time::sleep(PAUSE).await;
                once = Box::pin(try_once(&place, &eyes, address, number)).await;
            }
            made_up.extend(once.people);
            let finding = Finding { number, name, steps: once.steps, verdict: once.verdict };
            tell(&finding);
            findings.push(finding);
        }
        let left_behind = Box::pin(clean_up(&place, &made_up)).await;
        let tried =
            |number: &str| findings.iter().any(|finding: &Finding| finding.number == number);
        let elsewhere = ELSEWHERE.iter().filter(|one| !tried(one.number)).copied().collect();
        Ok(Report { url: self.url.clone(), findings, elsewhere, left_behind })
    }
}

/// Whether codes expire so soon that they are waited for.
async fn is_short_lived(place: &Place) -> bool {
    let lifetime = Scene::new(place, None, 1).code_lifetime().await;
    matches!(lifetime, Ok(Some(lifetime)) if lifetime <= SHORT_LIVED)
}

/// Honest sign-ins, by which to tell whether somebody is signed in.
async fn control(place: &Place, made_up: &mut Vec<Identity>) -> Result<Eyes, Trouble> {
    let mut scene = Scene::new(place, None, 1);
    let identity = scene.known().await?;
    let arrivals = [scene.sign_in(&identity).await?.1, scene.sign_in(&identity).await?.1];
    let nobody = scene.visit().await?;
    let empty = [scene.browser().open(arrivals[1].url.as_str()).await?, nobody.page];
    made_up.extend(scene.over().1);
    Ok(Eyes::new(identity, &arrivals, &empty))
}

/// One try of one attack.
struct Once {
    verdict: Verdict,
    steps: Vec<String>,
    people: Vec<Identity>,
    /// Nothing came of it, and honest people are refused now: the server slows us down.
    is_slowed: bool,
}

async fn try_once(place: &Place, eyes: &Eyes, address: u8, number: &str) -> Once {
    let mut scene = Scene::new(place, Some(eyes), address);
    let tried = attempt(number, &mut scene).await;
    let verdict = if STOPPED.contains(&number) {
        let bystander = Scene::new(place, None, address + 100);
        // Where there is one address, it is itself the one to ask, a minute later.
        let is_refused = matches!(tried, Ok(Verdict::Refused { .. }));
        if is_refused && bystander.state(&Identity::generate()).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
        believed(&bystander, tried).await
    } else {
        believed(&scene, tried).await
    };
    let nothing = matches!(verdict, Verdict::CouldNotTry { .. });
    let is_slowed = nothing && scene.known().await.is_err();
    let (steps, people) = scene.over();
    Once { verdict, steps, people, is_slowed }
}

/// A refusal counts where honest people are not refused as well.
async fn believed(bystander: &Scene<'_>, tried: Tried) -> Verdict {
    match tried {
        Ok(Verdict::Refused { how }) => match bystander.state(&Identity::generate()).await {
            Ok(_) => Verdict::Refused { how },
            Err(Trouble(why)) => Verdict::CouldNotTry {
                why: format!("afterwards, {why}; it may slow this address down"),
            },
        },
        Ok(verdict) => verdict,
        Err(Trouble(why)) => Verdict::CouldNotTry { why },
    }
}

/// Removes whom the site still knows; how many are left? Whom a slowed-down address could not
/// remove is tried once more after a minute.
async fn clean_up(place: &Place, made_up: &[Identity]) -> usize {
    let mut left: Vec<&Identity> = made_up.iter().collect();
    for round in 0..2 {
        if round > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let deadline = Instant::now() + CLEAN_UP;
        let mut failed = Vec::new();
        for (at, identity) in left.into_iter().enumerate() {
            // A few from each address, of which no attack comes.
            let number = u8::try_from(at % 50).unwrap_or(0) + 201;
            let scene = Scene::new(place, None, number);
            if !matches!(timeout_at(deadline, is_gone(&scene, identity)).await, Ok(true)) {
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

async fn is_gone(scene: &Scene<'_>, identity: &Identity) -> bool {
    use super::scene::State::{Disabled, Live, Superseded, Unknown};
    match scene.state(identity).await {
        Ok(Unknown | Superseded) => true,
        Ok(Live | Disabled) => scene.remove(identity).await.is_ok(),
        Err(_) => false,
    }
}
