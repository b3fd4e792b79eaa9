//! Attack 4: what somebody can do who sees the QR code.

use std::time::Duration;

use super::error::{Trouble, not_busy};
use super::hand::{Answer, Hand};
use super::place::Visit;
use super::scene::{Scene, Tried, refused, worked};
use crate::base64url;
use crate::browser::{BrowserError, Waiting};
use crate::identity::Identity;

/// 4a: asking for the outcome with the nut, in a browser that did not ask for the link.
pub(super) async fn collecting(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.person().await?;
    let visit = scene.visit().await?;
    // With a link and a cookie of his own, which are for his own sign-in alone.
    let thief = scene.visit().await?.browser;
    let mut leaked = false;
    for answered in [false, true] {
        if answered {
            visit.hand(&victim.identity).ident().await?.honest("ident")?;
        }
        let told = scene.told(&thief, &visit).await?;
        let when = if answered { "after" } else { "before" };
        let heard = if told.is_some() { "is told where to go" } else { "is told nothing" };
        scene.say(format!("asking with the nut {when} the sign-in: {heard}"));
        leaked |= told.is_some();
        if let Some(url) = told {
            let page = thief.open(url.as_str()).await?;
            if page.status.is_success() {
                return worked("a browser that only knows the nut is sent to the sign-in");
            }
        }
    }
    // The address to which her page is sent, if the nut is all that it takes to make it up.
    let url = scene.told(&visit.browser, &visit).await?;
    let Some(url) = url else {
        return worked("asking with the nut destroyed the sign-in of the browser that waits");
    };
    if url.as_str().contains(visit.link.nut()) {
        let page = thief.open(url.as_str()).await?;
        scene.say(format!(
            "the address of her landing, in another browser: HTTP {}",
            page.status.as_u16()
        ));
        if scene.is_in(&thief, &page, &victim).await? {
            return worked("who knows the nut can make up the address that signs in");
        }
    }
    let page = visit.browser.open(url.as_str()).await?;
    if !page.status.is_success() {
        return worked(format!(
            "the victim's own browser is answered HTTP {} now",
            page.status.as_u16()
        ));
    }
    let told = if leaked { "told where to go, and gets nothing there" } else { "told nothing" };
    refused(format!("another browser is {told}; the one that waits gets its sign-in"))
}

const BURNING: [&str; 4] = [
    "an empty request",
    "an unsigned request",
    "a wrongly signed request",
    "a request in her name",
];

/// The body of a request that is to be refused.
fn burning_body(hand: &Hand, victim: &Hand, how: &str) -> String {
    let unsigned = hand.unsigned(&hand.introducing("ident"));
    match how {
        "an empty request" => String::new(),
        "an unsigned request" => unsigned.encode(),
        "a wrongly signed request" => unsigned.with("ids", &base64url::encode([7; 64])).encode(),
        _ => hand.signed(&hand.params_for("ident", victim.idk())).encode(),
    }
}

/// 4b: requests that are to be refused must not use the nut up.
pub(super) async fn burning(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    for how in BURNING {
        let visit = scene.visit().await?;
        let mut hers = visit.hand(&victim);
        for step in ["query", "ident"] {
            let attacker = scene.stranger();
            let hand = in_her_place(&visit, &hers, &attacker);
            let answer = hand.post(burning_body(&hand, &hers, how)).await?;
            if let Some(burnt) = burnt(scene, how, &answer, &mut hers, step).await? {
                return worked(burnt);
            }
        }
        if scene.collect(&visit).await.is_err() {
            return worked("after it her browser is not signed in");
        }
    }
    refused(format!("{}; her own requests go on", scene.answers()))
}

/// 4d: nor must a good one that comes from another address.
pub(super) async fn burning_from_elsewhere(scene: &mut Scene<'_>) -> Tried {
    let one = || Trouble::new("this machine has only one address to that server");
    let elsewhere = scene.elsewhere().ok_or_else(one)?;
    let victim = scene.known().await?;
    let visit = scene.visit().await?;
    let mut hers = visit.hand(&victim);
    for step in ["query", "ident"] {
        let attacker = scene.stranger();
        let answer = in_her_place(&visit, &hers, &attacker).by(&elsewhere).ident().await?;
        let how = "a request from another address";
        if let Some(burnt) = burnt(scene, how, &answer, &mut hers, step).await? {
            return worked(burnt);
        }
    }
    if scene.collect(&visit).await.is_err() {
        return worked("after it her browser is not signed in");
    }
    refused(format!("{}; her own requests go on", scene.answers()))
}

/// The attacker, where her next request goes.
fn in_her_place(visit: &Visit, hers: &Hand, attacker: &Identity) -> Hand {
    let mut hand = visit.hand(attacker);
    (hand.url, hand.server) = (hers.url.clone(), hers.server.clone());
    hand
}

/// What has become of her next request.
async fn burnt(
    scene: &mut Scene<'_>,
    how: &str,
    answer: &Answer,
    hers: &mut Hand,
    step: &str,
) -> Result<Option<String>, Trouble> {
    scene.note(&format!("{how} before her {step}"), answer);
    let answer = hers.send(&hers.signed(&hers.introducing(step))).await?;
    let is_burnt = !answer.is_success();
    Ok(is_burnt.then(|| format!("after {how} her own {step} is answered {}", answer.text())))
}

/// 4c: once the chain has an identity, nobody else's request may go on with it.
pub(super) async fn another_identity(scene: &mut Scene<'_>) -> Tried {
    let victim: Identity = scene.known().await?;
    let attacker = scene.known().await?;
    let visit = scene.visit().await?;
    let mut hers = visit.hand(&victim);
    hers.query().await?.honest("query")?;
    let answer = hers.as_other(&attacker).ident().await?;
    scene.note("another identity's ident after her query", &answer);
    if scene.told(&visit.browser, &visit).await?.is_some() {
        return worked("the browser in front of her is signed in with another identity");
    }
    let hers = hers.ident().await?;
    if !hers.is_success() {
        return worked(format!("her own ident is answered {} after it", hers.text()));
    }
    scene.collect(&visit).await?;
    refused(format!("{}; her own ident goes on", answer.text()))
}

/// 4e: a client at another address that asks for a CPS URL, and says that addresses are not to be
/// compared.
pub(super) async fn taking_over(scene: &mut Scene<'_>) -> Tried {
    let one = || Trouble::new("this machine has only one address to that server");
    let elsewhere = scene.elsewhere().ok_or_else(one)?;
    let attacker = scene.known().await?;
    let honest = scene.visit().await?.hand(&attacker).with_opt("suk~cps").ident().await?;
    if honest.honest("ident with cps")?.url().is_none() {
        return Err(Trouble::new("the site hands out no CPS URL"));
    }
    let visit = scene.visit().await?;
    let mut hand = visit.hand(&attacker).by(&elsewhere).with_opt("suk~noiptest~cps");
    let answer = hand.ident().await?;
    scene.note("an ident with noiptest and cps from another address", &answer);
    match visit.browser.poll(&visit.page.url, &visit.link).await {
        Ok(Waiting::Gone(why)) => {
            worked(format!("the wait of the browser with the code ends: {}", why.trim()))
        }
        Ok(_) => refused(format!("{}; the page waits on", answer.text())),
        Err(BrowserError::Status { status, .. }) => {
            not_busy(status)?;
            worked(format!("the waiting page is answered HTTP {}", status.as_u16()))
        }
        Err(error) => Err(error.into()),
    }
}

/// 4f: a code that has expired, answered from another address within its grace. It waits until the
/// code has expired.
pub(super) async fn second_life(scene: &mut Scene<'_>) -> Tried {
    let one = || Trouble::new("this machine has only one address to that server");
    let elsewhere = scene.elsewhere().ok_or_else(one)?;
    let attacker = scene.known().await?;
    let lifetime = scene.code_lifetime().await?;
    let lifetime = lifetime.ok_or_else(|| Trouble::new("nut.sqrl names no expires_in"))?;
    let visit = scene.visit().await?;
    tokio::time::sleep(lifetime + Duration::from_secs(1)).await;
    let mut hand = visit.hand(&attacker).by(&elsewhere).with_opt("suk~noiptest");
    let answer = hand.query().await?;
    scene.note("a query with the code after its lifetime", &answer);
    let again = hand.ident().await?;
    scene.note("an ident with the nut of that reply", &again);
    if answer.is_success() || again.is_success() {
        return worked("a photographed code works after its lifetime");
    }
    refused(scene.answers())
}
