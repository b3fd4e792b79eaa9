//! Attack 1: signing with one's own key, or none, as somebody else.

use super::error::Trouble;
use super::hand::Hand;
use super::scene::{Scene, State, Tried, refused, worked};
use crate::base64url;
use crate::identity::Identity;
use crate::keys::{Idk, UnlockPair};
use crate::wire::{ClientParams, Form};

const FORGERIES: [&str; 7] = [
    "a signature of one's own",
    "junk for ids",
    "zeros for ids",
    "an empty ids",
    "a signature over something else",
    "a signature as urs alone",
    "no ids",
];

/// A request that names the victim's key and that she never signed.
fn forged(hand: &Hand, params: &ClientParams, how: &str) -> Form {
    let unsigned = hand.unsigned(params);
    match how {
        "a signature of one's own" => hand.signed(params),
        "junk for ids" => unsigned.with("ids", &base64url::encode([7; 64])),
        "zeros for ids" => unsigned.with("ids", &base64url::encode([0; 64])),
        "an empty ids" => unsigned.with("ids", ""),
        "a signature over something else" => {
            let other = hand.signed(&hand.params("query"));
            unsigned.with("ids", other.get("ids").unwrap_or_default())
        }
        "a signature as urs alone" => unsigned.signed("urs", &hand.key),
        _ => unsigned,
    }
}

fn as_victim(hand: &Hand, command: &str, victim: Idk) -> ClientParams {
    hand.params_for(command, victim).with_pair(&UnlockPair::generate(hand.identity.ilk()))
}

async fn idk(scene: &Scene<'_>, victim: &Identity) -> Result<Idk, Trouble> {
    Ok(scene.visit().await?.hand(victim).idk())
}

/// 1a: what a query named must not be what the next ident signs in.
pub(super) async fn query_then_ident(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.person().await?;
    let idk = idk(scene, &victim.identity).await?;
    for how in FORGERIES {
        // Without keys that a server could file him under, he can hardly be meant himself.
        for introduced in [false, true] {
            let attacker = scene.stranger();
            let visit = scene.visit().await?;
            let mut hand = visit.hand(&attacker);
            let params = hand.params_for("query", idk);
            let form = forged(&hand, &params, how);
            let answer = hand.send(&form).await?;
            scene.note(&format!("a query as the victim with {how}"), &answer);
            let mut params = hand.params("ident");
            if introduced {
                params = params.with_pair(&UnlockPair::generate(hand.identity.ilk()));
            }
            let answer = hand.send(&hand.signed(&params)).await?;
            scene.note("then one's own ident", &answer);
            if scene.is_victim(&visit, answer.url(), &attacker, &victim).await? {
                return worked(format!(
                    "after a query as the victim with {how}, one's own ident signs the browser in as her"
                ));
            }
        }
    }
    refused(format!("{}; the browser is not signed in as the victim", scene.answers()))
}

/// 1b: an ident with junk, which asks for a CPS URL too.
pub(super) async fn ident(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    let idk = idk(scene, &victim).await?;
    for how in FORGERIES {
        for opt in ["suk", "suk~cps"] {
            let attacker = scene.stranger();
            let visit = scene.visit().await?;
            let mut hand = visit.hand(&attacker).with_opt(opt);
            let params = as_victim(&hand, "ident", idk);
            let form = forged(&hand, &params, how);
            let answer = hand.send(&form).await?;
            scene.note(&format!("an ident as the victim with {how}"), &answer);
            if scene.arrival(&visit, answer.url()).await?.is_some() {
                return worked(format!("an ident with {how} signs the attacker's browser in"));
            }
            if answer.is_success() {
                return worked(format!("an ident with {how} is accepted: {}", answer.text()));
            }
        }
    }
    refused(format!("{}; the browser gets nowhere", scene.answers()))
}

/// 1c: the other commands.
pub(super) async fn changes(scene: &mut Scene<'_>) -> Tried {
    for (command, before) in
        [("disable", State::Live), ("remove", State::Live), ("enable", State::Disabled)]
    {
        let victim = scene.known().await?;
        if before == State::Disabled {
            scene.disable(&victim).await?;
        }
        for how in FORGERIES {
            let attacker = scene.stranger();
            let mut hand = scene.visit().await?.hand(&attacker);
            let idk = scene.visit().await?.hand(&victim).idk();
            let params = as_victim(&hand, command, idk);
            let form = forged(&hand, &params, how);
            let answer = hand.send(&form).await?;
            scene.note(&format!("{command} as the victim with {how}"), &answer);
            let after = scene.state(&victim).await?;
            if after != before {
                return worked(format!("{command} with {how}: the victim is {after:?} now"));
            }
        }
    }
    refused(format!("{}; her own query finds her unchanged", scene.answers()))
}
