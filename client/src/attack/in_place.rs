//! Attack 2c: what only the rescue code may do, with the identity's own key and no other.

use super::error::Trouble;
use super::hand::Hand;
use super::scene::{Scene, State, Tried, refused, worked};
use crate::base64url;
use crate::identity::Identity;
use crate::keys::{UnlockPair, UrsKey};
use crate::wire::Form;

const WAYS: [&str; 5] = [
    "no urs",
    "no urs, and a pair of one's own",
    "a urs for one's own vuk",
    "one's own ids as urs",
    "junk for urs",
];

/// By somebody who has the victim's identity, but not her rescue code.
fn without_urs(hand: &Hand, command: &str, way: &str, thief: &Identity) -> Result<Form, Trouble> {
    let params = hand.params(command);
    let pair = UnlockPair::generate(thief.ilk());
    let with_pair = params.clone().with_pair(&pair);
    Ok(match way {
        "no urs" => hand.signed(&params),
        "no urs, and a pair of one's own" => hand.signed(&with_pair),
        "a urs for one's own vuk" => {
            let iuk = thief.iuk(0).ok_or_else(|| Trouble::new("a locked identity"))?;
            let urs = UrsKey::derive(iuk, &pair.suk);
            let urs = urs.map_err(|error| Trouble::new(error.to_string()))?;
            hand.signed(&with_pair).signed("urs", &urs)
        }
        "one's own ids as urs" => hand.signed(&params).signed("urs", &hand.key),
        _ => hand.signed(&params).with("urs", &base64url::encode([7; 64])),
    })
}

/// 2c: enabling what she has disabled, and removing her for good.
pub(super) async fn without_rescue_code(scene: &mut Scene<'_>) -> Tried {
    for before in [State::Live, State::Disabled] {
        let victim = scene.known().await?;
        if before == State::Disabled {
            scene.disable(&victim).await?;
        }
        for command in ["enable", "remove"] {
            for way in WAYS {
                let thief = Identity::generate();
                let mut hand = scene.visit().await?.hand(&victim);
                let form = without_urs(&hand, command, way, &thief)?;
                let answer = hand.send(&form).await?;
                scene.note(&format!("{command} of a {before:?} identity with {way}"), &answer);
                let after = scene.state(&victim).await?;
                if after != before {
                    return worked(format!("{command} with {way}: the victim is {after:?} now"));
                }
            }
        }
    }
    refused(format!("{}; her own query finds her unchanged", scene.answers()))
}
