//! Attacks 5d and 13: URLs that sign in, in the wrong hands.

use std::collections::BTreeSet;

use url::Url;

use super::error::{Trouble, not_busy};
use super::eyes::words;
use super::place::Visit;
use super::scene::{Person, Scene, Tried, refused, worked};
use crate::browser::{Browser, Page, html};

/// A sign-in that waits at a URL of its own, and the browser that asked for its link.
async fn url(scene: &Scene<'_>, person: &Person) -> Result<(Visit, String), Trouble> {
    let visit = scene.visit().await?;
    let mut hand = visit.hand(&person.identity).with_opt("suk~cps");
    let answer = hand.ident().await?.honest("ident with cps")?;
    let url = answer.url().ok_or_else(|| Trouble::new("the site hands out no CPS URL"))?;
    Ok((visit, url.to_owned()))
}

/// 5d: after the victim's browser, in another one.
pub(super) async fn twice(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.person().await?;
    let (visit, url) = url(scene, &victim).await?;
    let page = visit.browser.open(&url).await?;
    if !page.status.is_success() {
        return Err(Trouble::new(format!(
            "an honest CPS URL is answered HTTP {}",
            page.status.as_u16()
        )));
    }
    let thief = scene.browser();
    let page = thief.open(&url).await?;
    scene.say(format!("the URL again, in another browser: HTTP {}", page.status.as_u16()));
    if scene.is_in(&thief, &page, &victim).await? {
        return worked("a CPS URL signs a second browser in");
    }
    refused(format!("HTTP {}, and the second browser is not signed in", page.status.as_u16()))
}

/// What the victim's browser shows after following the attacker's URL: it has a link of
/// its own open.
async fn followed(scene: &mut Scene<'_>, url: &str) -> Result<(Browser, Page), Trouble> {
    let browser = scene.visit().await?.browser;
    let page = browser.open(url).await?;
    scene.say(format!("the victim's browser follows it: HTTP {}", page.status.as_u16()));
    Ok((browser, page))
}

/// 13a: by a mere link.
pub(super) async fn sent_to_the_victim(scene: &mut Scene<'_>) -> Tried {
    let attacker = scene.person().await?;
    let (_, url) = url(scene, &attacker).await?;
    let (browser, page) = followed(scene, &url).await?;
    if scene.is_in(&browser, &page, &attacker).await? {
        return worked("following a link signs the victim's browser in as the attacker");
    }
    refused(format!("HTTP {}, and her browser is not signed in", page.status.as_u16()))
}

/// 13b: by a form on the attacker's site, which the victim's browser submits.
pub(super) async fn confirmed_by_another_site(scene: &mut Scene<'_>) -> Tried {
    let attacker = scene.person().await?;
    let (_, url) = url(scene, &attacker).await?;
    let (_, page) = followed(scene, &url).await?;
    not_busy(page.status)?;
    let count = forms(&page.body).len();
    if count == 0 {
        return refused("there is no page that asks, so there is nothing to confirm");
    }
    for nth in 0..count {
        // A URL of its own for each: one form, such as a refusal's, may spoil the next.
        let (_, url) = self::url(scene, &attacker).await?;
        let (browser, page) = followed(scene, &url).await?;
        let Some((action, fields)) = forms(&page.body).into_iter().nth(nth) else {
            return Err(Trouble::new("the page that asks has other forms each time"));
        };
        let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let action = page.url.join(&action);
        let action = action.map_err(|_| Trouble::new("a form without an address"))?;
        let evil = Url::parse("https://attacker.invalid/");
        let evil = evil.map_err(|error| Trouble::new(error.to_string()))?;
        let page = browser.submit(&evil, action.as_str(), &fields).await?;
        scene.say(format!("a form of another site confirms it: HTTP {}", page.status.as_u16()));
        if scene.is_in(&browser, &page, &attacker).await? {
            return worked("a form on another site signs the victim's browser in as the attacker");
        }
    }
    refused(format!("{}, and her browser is not signed in", scene.answers()))
}

/// All forms of a page, each with its action and fields: the one that asks need not come first.
pub(super) fn forms(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let lower = page.to_ascii_lowercase();
    // To the next one's beginning, so that what is no form's tag is not the next form.
    let starts: Vec<_> = lower.match_indices("<form").map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([page.len()]);
    starts.iter().zip(ends).filter_map(|(&start, end)| html::form(&page[start..end])).collect()
}

/// 13c: where the attacker's own waiting page was told to go.
pub(super) async fn waiting_address(scene: &mut Scene<'_>) -> Tried {
    let attacker = scene.person().await?;
    let visit = scene.visit().await?;
    visit.hand(&attacker.identity).ident().await?.honest("ident")?;
    let url = scene.told(&visit.browser, &visit).await?;
    let url = url.ok_or_else(|| Trouble::new("an honest waiting page is told nothing"))?;
    let (browser, page) = followed(scene, url.as_str()).await?;
    if scene.is_in(&browser, &page, &attacker).await? {
        return worked("that address signs any browser in");
    }
    refused(format!("HTTP {}, and her browser is not signed in", page.status.as_u16()))
}

/// 13d: a CPS URL of a client at another address, in the browser whose code it has answered.
pub(super) async fn from_elsewhere(scene: &mut Scene<'_>) -> Tried {
    let one = || Trouble::new("this machine has only one address to that server");
    let elsewhere = scene.elsewhere().ok_or_else(one)?;
    let attacker = scene.person().await?;
    url(scene, &attacker).await?;
    let visit = scene.visit().await?;
    let hand = visit.hand(&attacker.identity).by(&elsewhere);
    let answer = hand.with_opt("suk~noiptest~cps").ident().await?;
    scene.note("the attacker's ident from another address", &answer);
    let Some(url) = answer.url() else {
        return refused(format!("{}, and no URL", answer.text()));
    };
    let page = visit.browser.open(url).await?;
    scene.say(format!("her browser follows its URL: HTTP {}", page.status.as_u16()));
    if scene.is_in(&visit.browser, &page, &attacker).await? {
        return worked("the URL signs her waiting browser in as the attacker without asking");
    }
    refused(format!("HTTP {}, and her browser is not signed in", page.status.as_u16()))
}

/// 13f: the page that tells what has happened to an identity, opened by a link from anywhere.
pub(super) async fn told_by_a_link(scene: &mut Scene<'_>) -> Tried {
    let identity = scene.known().await?;
    let mut told = Vec::new();
    for _ in 0..2 {
        let visit = scene.visit().await?;
        let mut hand = visit.hand(&identity).with_opt("suk~cps");
        hand.query().await?.honest("query")?;
        let answer = hand.send(&hand.signed(&hand.params("disable"))).await?.honest("disable")?;
        let none = || Trouble::new("the site hands out no CPS URL for a disable");
        let page = visit.browser.open(answer.url().ok_or_else(none)?).await?;
        not_busy(page.status)?;
        if !page.status.is_success() {
            return Err(Trouble::new(format!(
                "the CPS URL of an honest disable ends with HTTP {}",
                page.status.as_u16()
            )));
        }
        told.push(page);
        scene.enable(&identity).await?;
    }
    let [one, two] = [&told[0], &told[1]];
    let mut made_up = two.url.clone();
    made_up.set_query(Some("nothing-of-that-kind"));
    let made_up = scene.browser().open(made_up.as_str()).await?;
    let [second, nothing] =
        [&two.body, &made_up.body].map(|body| words(body).collect::<BTreeSet<_>>());
    let common = words(&one.body).filter(|word| second.contains(word) && !nothing.contains(word));
    let marks: BTreeSet<_> = common.collect();
    if marks.is_empty() {
        return Err(Trouble::new("the site's page does not tell what has happened"));
    }
    let page = scene.browser().open(two.url.as_str()).await?;
    scene.say(format!("that page's address in another browser: HTTP {}", page.status.as_u16()));
    let shown: BTreeSet<_> = words(&page.body).collect();
    if page.status.is_success() && marks.is_subset(&shown) {
        return worked("a link shows anybody the page that an identity is disabled");
    }
    refused(format!("{}, and not that page", scene.answers()))
}
