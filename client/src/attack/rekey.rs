//! Attacks 2 and 3: taking an account over by a rekey.

use super::error::Trouble;
use super::hand::Hand;
use super::scene::{Scene, State, Tried, refused, worked};
use crate::base64url;
use crate::identity::Identity;
use crate::keys::{Idk, SiteKey, UnlockPair, UrsKey};
use crate::wire::{ClientParams, Form};

const WITHOUT_PIDS: [&str; 6] = [
    "no pids",
    "no pids, and a urs for one's own vuk",
    "one's own pids",
    "one's own pids, and a urs for one's own vuk",
    "one's own pids and urs",
    "junk for pids",
];

const WITHOUT_URS: [&str; 4] =
    ["no urs", "a urs for one's own vuk", "one's own ids as urs", "junk for urs"];

/// A request that names another identity as its previous one.
struct Takeover {
    params: ClientParams,
    own_urs: UrsKey,
}

impl Takeover {
    fn new(hand: &Hand, command: &str, victim: Idk) -> Result<Self, Trouble> {
        let pair = UnlockPair::generate(hand.identity.ilk());
        let iuk = hand.identity.iuk(0).ok_or_else(|| Trouble::new("a locked identity"))?;
        let own_urs = UrsKey::derive(iuk, &pair.suk);
        let own_urs = own_urs.map_err(|error| Trouble::new(error.to_string()))?;
        let params = hand.params(command).with_pair(&pair).with("pidk", &victim.to_string());
        Ok(Self { params, own_urs })
    }

    /// By somebody who has none of the victim's keys.
    fn without_pids(&self, hand: &Hand, way: &str) -> Form {
        let signed = hand.signed(&self.params);
        match way {
            "no pids" => signed,
            "no pids, and a urs for one's own vuk" => signed.signed("urs", &self.own_urs),
            "one's own pids" => signed.signed("pids", &hand.key),
            "one's own pids, and a urs for one's own vuk" => {
                signed.signed("pids", &hand.key).signed("urs", &self.own_urs)
            }
            "one's own pids and urs" => signed.signed("pids", &hand.key).signed("urs", &hand.key),
            _ => signed.with("pids", &base64url::encode([7; 64])),
        }
    }

    /// By somebody who has the victim's identity, but not her rescue code.
    fn without_urs(&self, hand: &Hand, way: &str, stolen: &SiteKey) -> Form {
        let signed = hand.signed(&self.params).signed("pids", stolen);
        match way {
            "no urs" => signed,
            "a urs for one's own vuk" => signed.signed("urs", &self.own_urs),
            "one's own ids as urs" => signed.signed("urs", &hand.key),
            _ => signed.with("urs", &base64url::encode([7; 64])),
        }
    }
}

/// 2a: everything about the victim that is public, and nothing else.
pub(super) async fn without_pids(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.person().await?;
    for command in ["ident", "disable", "enable", "remove"] {
        for way in WITHOUT_PIDS {
            let attacker = scene.stranger();
            let visit = scene.visit().await?;
            let idk = visit.hand(&victim.identity).idk();
            let mut hand = visit.hand(&attacker);
            let form = Takeover::new(&hand, command, idk)?.without_pids(&hand, way);
            let answer = hand.send(&form).await?;
            scene.note(&format!("{command} with the victim's pidk and {way}"), &answer);
            if let Some(loss) = loss(scene, &victim.identity, State::Live).await? {
                return worked(format!("{command} with {way}: {loss}"));
            }
            if scene.is_victim(&visit, answer.url(), &attacker, &victim).await? {
                return worked(format!("{command} with {way} signs in as the victim"));
            }
        }
        // In place, without new keys, which would need no `urs` for `disable`.
        let attacker = scene.stranger();
        let visit = scene.visit().await?;
        let idk = visit.hand(&victim.identity).idk();
        let mut hand = visit.hand(&attacker);
        let params = hand.params(command).with("pidk", &idk.to_string());
        for own_pids in [false, true] {
            let form = hand.signed(&params);
            let form = if own_pids { form.signed("pids", &hand.key) } else { form };
            let answer = hand.send(&form).await?;
            scene.note(&format!("{command} of the victim's pidk in place"), &answer);
            if let Some(loss) = loss(scene, &victim.identity, State::Live).await? {
                return worked(format!("{command} in place: {loss}"));
            }
            if scene.is_victim(&visit, answer.url(), &attacker, &victim).await? {
                return worked(format!("{command} in place signs in as the victim"));
            }
        }
    }
    refused(format!("{}; the victim signs in as before", scene.answers()))
}

/// 2b: a stolen identity; what it may do without the rescue code is sign in and disable.
pub(super) async fn without_urs(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    stolen(scene, &victim, State::Live).await
}

/// 3a: the victim has noticed, and has disabled it.
pub(super) async fn of_a_disabled_identity(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    scene.disable(&victim).await?;
    stolen(scene, &victim, State::Disabled).await
}

async fn stolen(scene: &mut Scene<'_>, victim: &Identity, before: State) -> Tried {
    for command in ["ident", "enable", "remove"] {
        for way in WITHOUT_URS {
            let attacker = scene.successor(victim)?;
            let visit = scene.visit().await?;
            let mut hand = visit.hand(&attacker);
            let stolen = previous(&hand)?;
            let form = Takeover::new(&hand, command, stolen.idk())?;
            let form = form.without_urs(&hand, way, &stolen);
            let answer = hand.send(&form).await?;
            scene.note(&format!("{command} with the right pids and {way}"), &answer);
            if let Some(loss) = loss(scene, victim, before).await? {
                return worked(format!("{command} with {way}: {loss}"));
            }
            if scene.arrival(&visit, answer.url()).await?.is_some() {
                return worked(format!("{command} with {way} signs the browser in"));
            }
        }
    }
    refused(format!("{}; her own query finds the victim unchanged", scene.answers()))
}

/// 3b: an old identity with everything of it, the rescue code too.
pub(super) async fn from_a_superseded_identity(scene: &mut Scene<'_>) -> Tried {
    let old = scene.known().await?;
    let mut thief = scene.visit().await?.hand(&old);
    thief.query().await?.honest("query")?;
    let new = scene.successor(&old)?;
    rekey(scene, &new).await?;
    if scene.state(&new).await? != State::Live {
        return Err(Trouble::new("an honest rekey does not work here"));
    }
    let new = scene.shown(new).await?;
    // As himself, where that were still possible.
    let visit = scene.visit().await?;
    let mut hand = visit.hand(&old);
    let answer = hand.ident().await?;
    scene.note("ident with the old identity", &answer);
    if scene.arrival(&visit, answer.url()).await?.is_some() {
        return worked("the old identity still signs in");
    }
    for command in ["disable", "enable", "remove", "ident"] {
        let attacker = scene.successor(&old)?;
        let visit = scene.visit().await?;
        let mut hand = visit.hand(&attacker);
        hand.suk = thief.suk;
        let stolen = previous(&hand)?;
        let form = Takeover::new(&hand, command, stolen.idk())?;
        let form = hand.signed(&form.params).signed("pids", &stolen).signed("urs", &hand.urs(1)?);
        let answer = hand.send(&form).await?;
        scene.note(&format!("{command} with the old identity as the previous one"), &answer);
        if let Some(loss) = loss(scene, &new.identity, State::Live).await? {
            return worked(format!("{command}: {loss}"));
        }
        if scene.is_victim(&visit, answer.url(), &attacker, &new).await? {
            return worked(format!("{command} signs in as the new identity's owner"));
        }
        if command == "ident" && answer.is_success() {
            // That the old identity counts as none is right: he is a stranger, and himself.
            let himself = scene.shown(attacker).await?;
            if !scene.is_in(&visit.browser, &visit.page, &himself).await? {
                return Err(Trouble::new(
                    "an ident with it is accepted, and it does not show whose",
                ));
            }
        }
    }
    refused(format!("{}; the new identity signs in as before", scene.answers()))
}

/// Moves honestly from the previous identity to this one.
async fn rekey(scene: &Scene<'_>, new: &Identity) -> Result<(), Trouble> {
    let mut hand = scene.visit().await?.hand(new);
    let old = previous(&hand)?;
    let params =
        |hand: &Hand, command| hand.introducing(command).with("pidk", &old.idk().to_string());
    let query = hand.signed(&params(&hand, "query")).signed("pids", &old);
    hand.send(&query).await?.honest("query with a pidk")?;
    let ident = hand.signed(&params(&hand, "ident")).signed("pids", &old);
    let ident = ident.signed("urs", &hand.urs(1)?);
    hand.send(&ident).await?.honest("rekey")?;
    Ok(())
}

fn previous(hand: &Hand) -> Result<SiteKey, Trouble> {
    hand.previous().ok_or_else(|| Trouble::new("an identity without a previous one"))
}

/// What the victim has lost, by her own query.
async fn loss(
    scene: &Scene<'_>,
    victim: &Identity,
    before: State,
) -> Result<Option<String>, Trouble> {
    let after = scene.state(victim).await?;
    Ok((after != before).then(|| format!("the victim is {after:?} now")))
}
