//! Attack 4: what somebody who sees a QR code can do with it.

use std::time::Duration;

use super::error::{Inconclusive, check_not_busy};
use super::raw_client::{Answer, RawClient};
use super::site::Visit;
use super::trial::{AttackResult, Trial, refused, worked};
use crate::base64url;
use crate::browser::{BrowserError, Waiting};
use crate::identity::Identity;
use crate::wire::Form;

/// 4a: polls with the nut in a browser that did not request the SQRL URL.
pub(super) async fn collecting(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.user().await?;
    let visit = trial.visit().await?;
    // The attacker's browser has its own SQRL URL and cookie.
    let other = trial.visit().await?.browser;
    let mut leaked = false;
    for answered in [false, true] {
        if answered {
            visit.client(&victim.identity).ident().await?.expect_success("ident")?;
        }
        let polled = trial.poll(&other, &visit).await?;
        let when = if answered { "after" } else { "before" };
        let result = if polled.is_some() { "a URL" } else { "no URL" };
        trial.record(format!("polling with the nut {when} the sign-in: {result}"));
        leaked |= polled.is_some();
        if let Some(url) = polled {
            let page = other.open(url.as_str()).await?;
            if page.status.is_success() {
                return worked("a browser that knows only the nut is sent to the sign-in");
            }
        }
    }
    // The landing URL, if it can be constructed from the nut.
    let url = trial.poll(&visit.browser, &visit).await?;
    let Some(url) = url else {
        return worked("polling with the nut destroyed the victim's sign-in");
    };
    if url.as_str().contains(visit.sqrl_url.nut()) {
        let page = other.open(url.as_str()).await?;
        trial.record(format!("the landing URL in another browser: HTTP {}", page.status.as_u16()));
        if trial.is_signed_in_as(&other, &page, &victim).await? {
            return worked("the landing URL can be constructed from the nut, and signs in");
        }
    }
    let page = visit.browser.open(url.as_str()).await?;
    if !page.status.is_success() {
        return worked(format!(
            "then the landing page returns HTTP {} to the victim's own browser",
            page.status.as_u16()
        ));
    }
    let received = if leaked { "receives a URL that signs nobody in" } else { "receives no URL" };
    refused(format!("another browser {received}; the victim's browser is signed in"))
}

/// Returns the body of a request, from the attacker's client and the victim's.
type Body = fn(&RawClient, &RawClient) -> String;

/// Requests that must be refused.
const REFUSED: [(&str, Body); 4] = [
    ("an empty request", |_, _| String::new()),
    ("an unsigned request", |client, _| unsigned_ident(client).encode()),
    ("a wrongly signed request", |client, _| {
        unsigned_ident(client).with("ids", &base64url::encode([7; 64])).encode()
    }),
    ("a forged request of the victim", |client, victim| {
        client.signed(&client.params_for("ident", victim.idk())).encode()
    }),
];

fn unsigned_ident(client: &RawClient) -> Form {
    client.unsigned(&client.introducing("ident"))
}

/// 4b: requests that are refused must not consume the nut.
pub(super) async fn consuming(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    for (how, body) in REFUSED {
        let visit = trial.visit().await?;
        let mut victim_client = visit.client(&victim);
        for step in ["query", "ident"] {
            let attacker = trial.new_identity();
            let client = in_place_of_victim(&visit, &victim_client, &attacker);
            let answer = client.post(body(&client, &victim_client)).await?;
            if let Some(failure) = failure(trial, how, &answer, &mut victim_client, step).await? {
                return worked(failure);
            }
        }
        if trial.collect(&visit).await.is_err() {
            return worked("then the victim's browser is not signed in");
        }
    }
    refused(format!("{}; the victim's own requests succeed", trial.answers()))
}

/// 4d: nor must a valid request from another address.
pub(super) async fn consuming_from_elsewhere(trial: &mut Trial<'_>) -> AttackResult {
    let elsewhere = trial.other_address()?;
    let victim = trial.registered_identity().await?;
    let visit = trial.visit().await?;
    let mut victim_client = visit.client(&victim);
    for step in ["query", "ident"] {
        let attacker = trial.new_identity();
        let answer =
            in_place_of_victim(&visit, &victim_client, &attacker).via(&elsewhere).ident().await?;
        let how = "a request from another address";
        if let Some(failure) = failure(trial, how, &answer, &mut victim_client, step).await? {
            return worked(failure);
        }
    }
    if trial.collect(&visit).await.is_err() {
        return worked("then the victim's browser is not signed in");
    }
    refused(format!("{}; the victim's own requests succeed", trial.answers()))
}

/// Returns the attacker's client at the position of the victim's on the chain.
fn in_place_of_victim(visit: &Visit, victim_client: &RawClient, attacker: &Identity) -> RawClient {
    let mut client = visit.client(attacker);
    (client.url, client.server) = (victim_client.url.clone(), victim_client.server.clone());
    client
}

/// Sends the victim's next request. Returns a message if it fails.
async fn failure(
    trial: &mut Trial<'_>,
    how: &str,
    answer: &Answer,
    victim_client: &mut RawClient,
    step: &str,
) -> Result<Option<String>, Inconclusive> {
    trial.record_answer(&format!("{how} before the victim's {step}"), answer);
    let answer =
        victim_client.send(&victim_client.signed(&victim_client.introducing(step))).await?;
    let is_failure = !answer.is_success();
    Ok(is_failure.then(|| format!("after {how} the victim's {step} returns {}", answer.text())))
}

/// 4c: once a chain has an identity, another identity must not continue it.
pub(super) async fn another_identity(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    let attacker = trial.registered_identity().await?;
    let visit = trial.visit().await?;
    let mut victim_client = visit.client(&victim);
    victim_client.query().await?.expect_success("query")?;
    let answer = victim_client.with_identity(&attacker).ident().await?;
    trial.record_answer("the attacker's ident after the victim's query", &answer);
    if trial.poll(&visit.browser, &visit).await?.is_some() {
        return worked("the victim's browser is signed in with the attacker's identity");
    }
    let ident = victim_client.ident().await?;
    if !ident.is_success() {
        return worked(format!("then the victim's ident returns {}", ident.text()));
    }
    trial.collect(&visit).await?;
    refused(format!("{}; the victim's ident succeeds", answer.text()))
}

/// 4e: a client at another address sets `noiptest` and asks for a CPS URL.
pub(super) async fn ending_the_wait(trial: &mut Trial<'_>) -> AttackResult {
    let elsewhere = trial.other_address()?;
    let attacker = trial.registered_identity().await?;
    let honest = trial.visit().await?.client(&attacker).with_opt("suk~cps").ident().await?;
    if honest.expect_success("ident with cps")?.url().is_none() {
        return Err(Inconclusive::new("the site returns no CPS URL"));
    }
    let visit = trial.visit().await?;
    let mut client = visit.client(&attacker).via(&elsewhere).with_opt("suk~noiptest~cps");
    let answer = client.ident().await?;
    trial.record_answer("an ident with noiptest and cps from another address", &answer);
    match visit.browser.poll(&visit.page.url, &visit.sqrl_url).await {
        Ok(Waiting::Gone(why)) => {
            worked(format!("the wait of the victim's browser ends: {}", why.trim()))
        }
        Ok(_) => refused(format!("{}; the victim's page still waits", answer.text())),
        Err(BrowserError::Status { status, .. }) => {
            check_not_busy(status)?;
            worked(format!("then polling returns HTTP {}", status.as_u16()))
        }
        Err(error) => Err(error.into()),
    }
}

/// 4f: answers an expired QR code from another address. Waits until it has expired.
pub(super) async fn expired_code(trial: &mut Trial<'_>) -> AttackResult {
    let elsewhere = trial.other_address()?;
    let attacker = trial.registered_identity().await?;
    let lifetime = trial.url_lifetime().await?;
    let visit = trial.visit().await?;
    tokio::time::sleep(lifetime + Duration::from_secs(1)).await;
    let mut client = visit.client(&attacker).via(&elsewhere).with_opt("suk~noiptest");
    let answer = client.query().await?;
    trial.record_answer("a query with the expired code", &answer);
    let again = client.ident().await?;
    trial.record_answer("an ident with the nut of that reply", &again);
    if answer.is_success() || again.is_success() {
        return worked("a QR code works after its lifetime");
    }
    refused(trial.answers())
}
