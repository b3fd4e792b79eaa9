//! Attack 5: sending again what somebody else has signed.

use super::error::Trouble;
use super::hand::Answer;
use super::scene::{Scene, State, Tried, refused, worked};

/// How many copies come at the same instant.
const COPIES: usize = 8;

/// 5a: one after the other.
pub(super) async fn twice(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    for command in ["query", "ident"] {
        let hand = scene.visit().await?.hand(&victim);
        let form = hand.signed(&hand.introducing(command));
        hand.clone().send(&form).await?.honest(command)?;
        let mut replay = hand.clone();
        let answer = replay.send(&form).await?;
        scene.note(&format!("the same {command} again"), &answer);
        if answer.is_success() {
            return worked(format!("the same {command} is accepted twice: {}", answer.text()));
        }
        // The replay's reply must lead nowhere.
        let answer = replay.query().await?;
        scene.note("a query with the nut of that reply", &answer);
        if answer.is_success() {
            return worked("a replayed request is answered with a nut that works");
        }
    }
    // What it could cost: she disables, enables again, and then her old request comes back.
    let hand = scene.visit().await?.hand(&victim);
    let form = hand.signed(&hand.params("disable"));
    hand.clone().send(&form).await?.honest("disable")?;
    scene.enable(&victim).await?;
    let answer = hand.clone().send(&form).await?;
    scene.note("her disable again, after she has enabled", &answer);
    if scene.state(&victim).await? != State::Live {
        return worked("a replayed disable disables her once more");
    }
    refused(format!("{}; nothing happens twice", scene.answers()))
}

/// 5b: many at once.
pub(super) async fn at_the_same_instant(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    let hand = scene.visit().await?.hand(&victim);
    let body = hand.signed(&hand.introducing("ident")).encode();
    let copies: Vec<_> = (0..COPIES)
        .map(|_| {
            let (hand, body) = (hand.clone(), body.clone());
            tokio::spawn(async move { hand.post(body).await })
        })
        .collect();
    let (mut accepted, mut trouble) = (0, None);
    for copy in copies {
        let answer: Result<Answer, Trouble> = copy.await.expect("a copy does not panic");
        match answer {
            Ok(answer) => {
                scene.note("one of many", &answer);
                accepted += usize::from(answer.is_success());
            }
            Err(Trouble(why)) => {
                scene.say(format!("one of many: {why}"));
                trouble = Some(why);
            }
        }
    }
    match (accepted, trouble) {
        (0 | 1, Some(why)) => Err(Trouble::new(format!("of many copies, {why} to some"))),
        (0, None) => {
            worked("of many copies of an honest request none was accepted: they destroy it")
        }
        (1, None) => refused(format!("one of {COPIES} is accepted")),
        (more, _) => worked(format!("{more} of {COPIES} are accepted")),
    }
}

/// 5c: what the victim signed for her link, sent on the attacker's.
pub(super) async fn on_another_nut(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    for sent in [false, true] {
        let hers = scene.visit().await?.hand(&victim);
        let form = hers.signed(&hers.introducing("ident"));
        if sent {
            hers.clone().send(&form).await?.honest("ident")?;
        }
        let visit = scene.visit().await?;
        let mut hand = hers.clone();
        hand.url = visit.link.url();
        let answer = hand.send(&form).await?;
        scene.note("her ident on the nut of another link", &answer);
        if scene.arrival(&visit, answer.url()).await?.is_some() {
            return worked("what she signed for her link signs another browser in as her");
        }
        if answer.is_success() {
            return worked(format!("it is accepted: {}", answer.text()));
        }
    }
    refused(format!("{}; the other link's browser gets nowhere", scene.answers()))
}
