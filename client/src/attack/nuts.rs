//! Attack 6: nuts that the server never issued, or that are used up.

use super::scene::{Scene, Tried, refused, worked};
use crate::base64url;

/// 6a: as long as a real one, and all but one.
pub(super) async fn made_up(scene: &mut Scene<'_>) -> Tried {
    let known = scene.known().await?;
    let visit = scene.visit().await?;
    let real = visit.link.nut();
    let random = base64url::encode(rand::random::<[u8; 32]>());
    let random = &random[..real.len().min(random.len())];
    let nearly = neighbour(real);
    for nut in [random, &nearly] {
        for identity in [known.clone(), scene.stranger()] {
            let link = visit.link.as_str().replace(real, nut).parse()?;
            let mut hand = scene.hand_of(&link, &identity);
            let query = hand.query().await?;
            scene.note("query with a made-up nut", &query);
            // On what the refusal gives.
            let ident = hand.ident().await?;
            scene.note("ident with the nut of that reply", &ident);
            if query.is_success() || ident.is_success() {
                return worked("a made-up nut starts a chain");
            }
        }
    }
    refused(format!("{}; no chain begins", scene.answers()))
}

/// 6b: the nuts of a sign-in that is over.
pub(super) async fn spent(scene: &mut Scene<'_>) -> Tried {
    let known = scene.known().await?;
    let visit = scene.visit().await?;
    let link = visit.hand(&known);
    let mut hand = link.clone();
    hand.query().await?.honest("query")?;
    let later = hand.clone();
    hand.ident().await?.honest("ident")?;
    scene.collect(&visit).await?;
    for (what, spent) in [("the link's nut", link), ("a later nut", later)] {
        for command in ["query", "ident"] {
            let mut hand = spent.clone();
            let answer = hand.send(&hand.signed(&hand.introducing(command))).await?;
            scene.note(&format!("{command} with {what}, used"), &answer);
            let onward = hand.query().await?;
            if answer.is_success() || onward.is_success() {
                return worked(format!("{what} still starts a chain after its use"));
            }
        }
    }
    refused(format!("{}; no chain begins", scene.answers()))
}

/// The same nut but for its first character.
fn neighbour(nut: &str) -> String {
    let other = if nut.starts_with('A') { 'B' } else { 'A' };
    nut.chars().enumerate().map(|(at, c)| if at == 0 { other } else { c }).collect()
}
