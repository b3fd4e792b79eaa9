//! Attack 5: sending a signed request again.

use super::error::Inconclusive;
use super::raw_client::Answer;
use super::trial::{AttackResult, IdentityState, Trial, refused, worked};

/// Number of simultaneous copies.
const COPIES: usize = 8;

/// 5a: one after the other.
pub(super) async fn twice(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    for command in ["query", "ident"] {
        let client = trial.visit().await?.client(&victim);
        let form = client.signed(&client.introducing(command));
        client.clone().send(&form).await?.expect_success(command)?;
        let mut replay = client.clone();
        let answer = replay.send(&form).await?;
        trial.record_answer(&format!("the same {command} again"), &answer);
        if answer.is_success() {
            return worked(format!("the same {command} is accepted twice: {}", answer.text()));
        }
        // The reply to the replay must not lead on.
        let answer = replay.query().await?;
        trial.record_answer("a query with the nut of that reply", &answer);
        if answer.is_success() {
            return worked("the reply to a replay has a nut that works");
        }
    }
    // A possible harm: the victim disables, enables, and then the old request arrives again.
    let client = trial.visit().await?.client(&victim);
    let form = client.signed(&client.params("disable"));
    client.clone().send(&form).await?.expect_success("disable")?;
    trial.enable(&victim).await?;
    let answer = client.clone().send(&form).await?;
    trial.record_answer("the victim's disable again, after enabling", &answer);
    if trial.state(&victim).await? != IdentityState::Live {
        return worked("a replayed disable disables the identity again");
    }
    refused(format!("{}; nothing happens twice", trial.answers()))
}

/// 5b: many at once.
pub(super) async fn simultaneous(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    let client = trial.visit().await?.client(&victim);
    let body = client.signed(&client.introducing("ident")).encode();
    let copies: Vec<_> = (0..COPIES)
        .map(|_| {
            let (client, body) = (client.clone(), body.clone());
            tokio::spawn(async move { client.post(body).await })
        })
        .collect();
    let (mut accepted, mut inconclusive) = (0, None);
    for copy in copies {
        let answer: Result<Answer, Inconclusive> = copy.await.expect("a copy does not panic");
        match answer {
            Ok(answer) => {
                trial.record_answer("one of many copies", &answer);
                accepted += usize::from(answer.is_success());
            }
            Err(Inconclusive(why)) => {
                trial.record(format!("one of many copies: {why}"));
                inconclusive = Some(why);
            }
        }
    }
    match (accepted, inconclusive) {
        (0 | 1, Some(why)) => Err(Inconclusive::new(format!("of many copies, {why} for some"))),
        (0, None) => worked("of many copies of an honest request, none is accepted"),
        (1, None) => refused(format!("one of {COPIES} copies is accepted")),
        (more, _) => worked(format!("{more} of {COPIES} copies are accepted")),
    }
}

/// 5c: a request that the victim signed for one nut, sent with the attacker's nut.
pub(super) async fn with_another_nut(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    for sent in [false, true] {
        let victim_client = trial.visit().await?.client(&victim);
        let form = victim_client.signed(&victim_client.introducing("ident"));
        if sent {
            victim_client.clone().send(&form).await?.expect_success("ident")?;
        }
        let visit = trial.visit().await?;
        let mut client = victim_client.clone();
        client.url = visit.sqrl_url.request_url();
        let answer = client.send(&form).await?;
        trial.record_answer("the victim's ident with another nut", &answer);
        if trial.landing_page(&visit, answer.url()).await?.is_some() {
            return worked("the request signs another browser in as the victim");
        }
        if answer.is_success() {
            return worked(format!("the request is accepted: {}", answer.text()));
        }
    }
    refused(format!("{}; the other browser is not signed in", trial.answers()))
}
