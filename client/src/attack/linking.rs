//! Attack 14: somebody else answers a QR code of the victim, so that an identity is linked
//! to the wrong account, or a browser is signed in to it.

use ::http::{HeaderMap, HeaderValue, Method, header};
use bytes::Bytes;
use tokio::time::{Duration, Instant, sleep_until};
use url::Url;

use super::error::{Inconclusive, check_not_busy};
use super::site::Visit;
use super::trial::{AttackResult, Trial, User, refused, worked};
use crate::browser::{Browser, Page, html};
use crate::identity::Identity;
use crate::sqrl_url::SqrlUrl;

/// Maximum number of links of an account page that are tried as linking pages.
const CANDIDATES: usize = 12;

/// A browser with a signed-in user on a page that links an identity to the account.
struct Account {
    owner: User,
    visit: Visit,
}

/// 14a: a client at another address answers the QR code of a linking page.
pub(super) async fn from_another_address(trial: &mut Trial<'_>) -> AttackResult {
    let elsewhere = trial.other_address()?;
    let (mut nth, mut tried) = (0, 0);
    while let Some(can_link) = self::can_link(trial, nth).await? {
        // A refusal counts only if the owner can link a second identity on this page.
        for opt in ["suk~noiptest", "suk~noiptest~cps"].into_iter().filter(|_| can_link) {
            let Some(Account { owner, visit }) = account(trial, nth).await? else { break };
            let attacker = trial.new_identity();
            let mut client = visit.client(&attacker).via(&elsewhere).with_opt(opt);
            let answer = client.ident().await?;
            let page = visit.page.url.path();
            trial.record_answer(
                &format!("the attacker's ident ({opt}) on the code of {page}"),
                &answer,
            );
            // The owner's page follows the redirect, and the owner may open the attacker's URL. The
            // owner confirms nothing.
            if let Some(url) = trial.poll(&visit.browser, &visit).await? {
                check_not_busy(visit.browser.open(url.as_str()).await?.status)?;
            }
            if let Some(url) = answer.url() {
                check_not_busy(visit.browser.open(url).await?.status)?;
            }
            if signs_in_to_account(trial, &attacker, &owner).await {
                return worked("the attacker's identity signs in to the victim's account");
            }
            tried += 1;
        }
        nth += 1;
    }
    if tried == 0 {
        return Err(Inconclusive::new(
            "no page that links an identity to an account was found; name it with `--linking-page`",
        ));
    }
    refused(format!("{}; the attacker's identity does not sign in to the account", trial.answers()))
}

/// Returns whether the n-th linking page links a second identity of the account's owner,
/// directly or with one of the forms on the landing page. Returns `None` if there is no n-th
/// page.
async fn can_link(trial: &mut Trial<'_>, nth: usize) -> Result<Option<bool>, Inconclusive> {
    // First without a form, then with each form. Each attempt uses a new identity, which gets
    // its own account if it signs in without being linked.
    let mut form = None;
    loop {
        let Some(Account { owner, visit }) = account(trial, nth).await? else { return Ok(None) };
        let second = trial.new_identity();
        visit.client(&second).ident().await?.expect_success("ident on the linking page")?;
        let arrived = trial.collect(&visit).await?;
        if let Some(n) = form {
            let Some(form) = html::forms(&arrived.body).into_iter().nth(n) else {
                return Ok(Some(false));
            };
            let fields: Vec<_> =
                form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            visit.browser.submit(&arrived.url, &form.action, &fields).await?;
        }
        if signs_in_to_account(trial, &second, &owner).await {
            return Ok(Some(true));
        }
        form = Some(form.map_or(0, |n| n + 1));
    }
}

/// Returns whether an identity signs in to the account of a user.
async fn signs_in_to_account(trial: &Trial<'_>, identity: &Identity, owner: &User) -> bool {
    let Ok((browser, page)) = trial.sign_in(identity).await else { return false };
    matches!(trial.is_signed_in_as(&browser, &page, owner).await, Ok(true))
}

/// Returns a new user at the n-th linking page of the account. Some sites offer one only to
/// an account without an identity, so the user removes the identity if there is no page.
async fn account(trial: &mut Trial<'_>, nth: usize) -> Result<Option<Account>, Inconclusive> {
    let owner = trial.user().await?;
    let (browser, home) = trial.sign_in(&owner.identity).await?;
    let mut pages = linking_pages(trial, &browser, &home).await?;
    if pages.is_empty() {
        trial.remove(&owner.identity).await?;
        let home = browser.open(owner.marks.landing().as_str()).await?;
        pages = linking_pages(trial, &browser, &home).await?;
    }
    let page = pages.into_iter().nth(nth);
    Ok(page.map(|(page, url)| Account { owner, visit: trial.visit_of(browser, page, url) }))
}

/// Returns the named linking page, or the pages with a SQRL URL that the account page links to.
async fn linking_pages(
    trial: &Trial<'_>,
    browser: &Browser,
    home: &Page,
) -> Result<Vec<(Page, SqrlUrl)>, Inconclusive> {
    let sign_in = trial.sign_in_page();
    let candidates: Vec<Url> = if let Some(page) = trial.linking_page() {
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
        check_not_busy(page.status)?;
        let is_sign_in = page.url.path() == sign_in.path();
        if let (false, Ok(url)) = (is_sign_in, page.sqrl_url()) {
            pages.push((page, url));
        }
    }
    Ok(pages)
}

/// 14b: answers a page's first QR code after the page has renewed it and signed in.
pub(super) async fn renewed_code(trial: &mut Trial<'_>) -> AttackResult {
    first_code(trial, Duration::ZERO).await
}

/// 14c: the same, as late as possible: the server may have forgotten that the wait is over.
pub(super) async fn late_renewed_code(trial: &mut Trial<'_>) -> AttackResult {
    let lifetime = trial.url_lifetime().await?;
    first_code(trial, lifetime * 3 / 4).await
}

async fn first_code(trial: &mut Trial<'_>, age: Duration) -> AttackResult {
    let attacker = trial.user().await?;
    let victim = trial.registered_identity().await?;
    let own = trial.visit().await?;
    own.client(&attacker.identity).ident().await?.expect_success("ident")?;
    let visit = trial.visit().await?;
    let late = Instant::now() + age;
    let renewed = trial.visit_of(visit.browser.clone(), visit.page.clone(), renew(&visit).await?);
    renewed.client(&victim).ident().await?.expect_success("ident with a renewed code")?;
    trial.collect(&renewed).await?;
    // The URL that the attacker's page received, with the nut of the first code.
    let url = trial.landing_url(&own).await?;
    let url = url.as_str().replace(own.sqrl_url.nut(), visit.sqrl_url.nut());

    sleep_until(late).await;
    let answer = visit.client(&attacker.identity).ident().await?;
    trial.record_answer("the attacker's ident with the first code", &answer);
    // And the URL that the victim's page receives, if it still polls for the first code.
    let polled = trial.poll(&visit.browser, &visit).await?;
    for url in [Some(url), polled.map(String::from)].into_iter().flatten() {
        let page = visit.browser.open(&url).await?;
        trial.record(format!("the victim's browser at the URL: HTTP {}", page.status.as_u16()));
        if trial.is_signed_in_as(&visit.browser, &page, &attacker).await? {
            return worked("the victim's browser is signed in to the attacker's account");
        }
    }
    refused(format!("{}; the victim's browser is not in the attacker's account", trial.answers()))
}

/// Returns the page's next SQRL URL, for the same wait.
async fn renew(visit: &Visit) -> Result<SqrlUrl, Inconclusive> {
    let missing = || Inconclusive::new("the site does not renew QR codes (nut.sqrl?renew=)");
    let url = format!("{}?renew={}", visit.sqrl_url.sibling("nut.sqrl"), visit.sqrl_url.nut());
    let url = Url::parse(&url).map_err(|_| missing())?;
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let answer = visit.browser.fetch(Method::GET, &url, headers, Bytes::new()).await?;
    check_not_busy(answer.status())?;
    let answer: serde_json::Value = serde_json::from_slice(answer.body()).map_err(|_| missing())?;
    let url = answer["link"].as_str().and_then(|url| url.parse().ok());
    url.ok_or_else(missing)
}
