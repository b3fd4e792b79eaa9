//! Attack 14: a code of the victim's that somebody else answers, so that his identity opens her
//! account, or her browser is in his.

use ::http::{HeaderMap, HeaderValue, Method, header};
use bytes::Bytes;
use tokio::time::{Duration, Instant, sleep_until};
use url::Url;

use super::cps::forms;
use super::error::{Trouble, not_busy};
use super::place::Visit;
use super::scene::{Person, Scene, Tried, refused, worked};
use crate::browser::{Browser, Page, html};
use crate::identity::Identity;
use crate::link::Link;

/// Links of an account's page that are tried as its linking page.
const CANDIDATES: usize = 12;

/// A browser in which somebody is signed in, and the page that links an identity with the account.
struct Account {
    owner: Person,
    visit: Visit,
}

/// 14a: a stranger at another address answers the code that links an identity.
pub(super) async fn photographed(scene: &mut Scene<'_>) -> Tried {
    let one = || Trouble::new("this machine has only one address to that server");
    let elsewhere = scene.elsewhere().ok_or_else(one)?;
    let (mut nth, mut tried) = (0, 0);
    while let Some(links) = honest_link(scene, nth).await? {
        // A refusal says something only where her own second identity is linked.
        for opt in ["suk~noiptest", "suk~noiptest~cps"].into_iter().filter(|_| links) {
            let Some(Account { owner, visit }) = account(scene, nth).await? else { break };
            let stranger = scene.stranger();
            let mut his = visit.hand(&stranger).by(&elsewhere).with_opt(opt);
            let answer = his.ident().await?;
            let page = visit.page.url.path();
            scene.note(&format!("a stranger's ident ({opt}) on the code of {page}"), &answer);
            // Her page goes where it is told to go, and she may follow his URL; she confirms
            // nothing.
            if let Some(url) = scene.told(&visit.browser, &visit).await? {
                not_busy(visit.browser.open(url.as_str()).await?.status)?;
            }
            if let Some(url) = answer.url() {
                not_busy(visit.browser.open(url).await?.status)?;
            }
            if opens(scene, &stranger, &owner).await {
                return worked("the stranger's identity signs in to her account");
            }
            tried += 1;
        }
        nth += 1;
    }
    if tried == 0 {
        return Err(Trouble::new(
            "no page was found that links an identity with an account: name it (`--linking-page`)",
        ));
    }
    refused(format!("{}; his identity does not sign in to her account", scene.answers()))
}

/// Whether the nth linking page links a second identity of the account's owner, at once or with one
/// of the forms at which its sign-in arrives. `None` where there is no nth page.
async fn honest_link(scene: &mut Scene<'_>, nth: usize) -> Result<Option<bool>, Trouble> {
    // With no form at first. The second identity signs in once alone, after the form: it would get an
    // account of its own before.
    let mut form = None;
    loop {
        let Some(Account { owner, visit }) = account(scene, nth).await? else { return Ok(None) };
        let second = scene.stranger();
        visit.hand(&second).ident().await?.honest("ident on the linking page")?;
        let arrived = scene.collect(&visit).await?;
        if let Some(form) = form {
            let Some((action, fields)) = forms(&arrived.body).into_iter().nth(form) else {
                return Ok(Some(false));
            };
            let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            visit.browser.submit(&arrived.url, &action, &fields).await?;
        }
        if opens(scene, &second, &owner).await {
            return Ok(Some(true));
        }
        form = Some(form.map_or(0, |form| form + 1));
    }
}

/// Whether that identity signs in to the person's account.
async fn opens(scene: &Scene<'_>, identity: &Identity, owner: &Person) -> bool {
    let Ok((browser, page)) = scene.sign_in(identity).await else { return false };
    matches!(scene.is_in(&browser, &page, owner).await, Ok(true))
}

/// Somebody new at the nth linking page of her account. Some sites have one only for an account
/// that is left without an identity, so she removes hers where there is none before.
async fn account(scene: &mut Scene<'_>, nth: usize) -> Result<Option<Account>, Trouble> {
    let owner = scene.person().await?;
    let (browser, home) = scene.sign_in(&owner.identity).await?;
    let mut pages = linking_pages(scene, &browser, &home).await?;
    if pages.is_empty() {
        scene.remove(&owner.identity).await?;
        let home = browser.open(owner.marks.landing().as_str()).await?;
        pages = linking_pages(scene, &browser, &home).await?;
    }
    let page = pages.into_iter().nth(nth);
    Ok(page.map(|(page, link)| Account { owner, visit: scene.visit_of(browser, page, link) }))
}

/// The page that was named, or those with a SQRL link to which the account's page links.
async fn linking_pages(
    scene: &Scene<'_>,
    browser: &Browser,
    home: &Page,
) -> Result<Vec<(Page, Link)>, Trouble> {
    let sign_in = scene.sign_in_page();
    let candidates: Vec<Url> = if let Some(page) = scene.linking_page() {
        vec![page.clone()]
    } else {
        let here = html::links(&home.body).filter_map(|href| home.url.join(&href).ok());
        let own = |url: &Url| url.origin() == sign_in.origin();
        let seen = |url: &Url| url.path() == sign_in.path() || url.path() == home.url.path();
        here.filter(|url| own(url) && !seen(url)).take(CANDIDATES).collect()
    };
    let mut pages = Vec::new();
    for url in candidates {
        let page = browser.open(url.as_str()).await?;
        not_busy(page.status)?;
        let elsewhere = page.url.path() == sign_in.path();
        if let (false, Ok(link)) = (elsewhere, page.sqrl_link()) {
            pages.push((page, link));
        }
    }
    Ok(pages)
}

/// 14b: the first code of a page that has renewed it, answered after the sign-in.
pub(super) async fn renewed(scene: &mut Scene<'_>) -> Tried {
    first_code(scene, Duration::ZERO).await
}

/// 14c: the same as late as that code can be answered, when a server may have forgotten that its
/// wait is over.
pub(super) async fn renewed_long_ago(scene: &mut Scene<'_>) -> Tried {
    let lifetime = scene.code_lifetime().await?;
    let lifetime = lifetime.ok_or_else(|| Trouble::new("nut.sqrl names no expires_in"))?;
    first_code(scene, lifetime * 3 / 4).await
}

async fn first_code(scene: &mut Scene<'_>, age: Duration) -> Tried {
    let attacker = scene.person().await?;
    let victim = scene.known().await?;
    let own = scene.visit().await?;
    own.hand(&attacker.identity).ident().await?.honest("ident")?;
    let visit = scene.visit().await?;
    let late = Instant::now() + age;
    let renewed = scene.visit_of(visit.browser.clone(), visit.page.clone(), renew(&visit).await?);
    renewed.hand(&victim).ident().await?.honest("ident with a renewed code")?;
    scene.collect(&renewed).await?;
    // Where his own page is sent, with that code's nut in the place of his own.
    let lure = scene.told(&own.browser, &own).await?;
    let lure = lure.ok_or_else(|| Trouble::new("an honest waiting page is told nothing"))?;
    let lure = lure.as_str().replace(own.link.nut(), visit.link.nut());

    sleep_until(late).await;
    let answer = visit.hand(&attacker.identity).ident().await?;
    scene.note("the attacker's ident with the first code", &answer);
    // And where her page is sent, if it still asks about the first code.
    let told = scene.told(&visit.browser, &visit).await?;
    for url in [Some(lure), told.map(String::from)].into_iter().flatten() {
        let page = visit.browser.open(&url).await?;
        scene.say(format!("her browser at its address: HTTP {}", page.status.as_u16()));
        if scene.is_in(&visit.browser, &page, &attacker).await? {
            return worked("her browser, which was signed in before, is in the attacker's account");
        }
    }
    refused(format!("{}; her browser is not in his account", scene.answers()))
}

/// The page's next code, for the same wait.
async fn renew(visit: &Visit) -> Result<Link, Trouble> {
    let none = || Trouble::new("this site does not renew the code of a page (nut.sqrl?renew=)");
    let url = format!("{}?renew={}", visit.link.sibling("nut.sqrl"), visit.link.nut());
    let url = Url::parse(&url).map_err(|_| none())?;
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let answer = visit.browser.fetch(Method::GET, &url, headers, Bytes::new()).await?;
    not_busy(answer.status())?;
    let answer: serde_json::Value = serde_json::from_slice(answer.body()).map_err(|_| none())?;
    let link = answer["link"].as_str().and_then(|link| link.parse().ok());
    link.ok_or_else(none)
}
