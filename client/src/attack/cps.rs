//! Attacks 5d and 13: misuse of URLs that sign in.

use std::collections::BTreeSet;

use url::Url;

use super::baseline::words;
use super::error::{Inconclusive, check_not_busy};
use super::site::Visit;
use super::trial::{AttackResult, Trial, User, refused, worked};
use crate::browser::{Browser, Page, html};

/// Returns a CPS URL of a new sign-in, and the browser that requested the SQRL URL.
async fn cps_url(trial: &Trial<'_>, user: &User) -> Result<(Visit, String), Inconclusive> {
    let visit = trial.visit().await?;
    let mut client = visit.client(&user.identity).with_opt("suk~cps");
    let answer = client.ident().await?.expect_success("ident with cps")?;
    let url = answer.url().ok_or_else(|| Inconclusive::new("the site returns no CPS URL"))?;
    Ok((visit, url.to_owned()))
}

/// 5d: opens a CPS URL in a second browser.
pub(super) async fn twice(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.user().await?;
    let (visit, url) = cps_url(trial, &victim).await?;
    let page = visit.browser.open(&url).await?;
    if !page.status.is_success() {
        return Err(Inconclusive::new(format!(
            "an honest CPS URL returns HTTP {}",
            page.status.as_u16()
        )));
    }
    let other = trial.browser();
    let page = other.open(&url).await?;
    trial.record(format!("the URL in a second browser: HTTP {}", page.status.as_u16()));
    if trial.is_signed_in_as(&other, &page, &victim).await? {
        return worked("a CPS URL signs a second browser in");
    }
    refused(format!("HTTP {}, and the second browser is not signed in", page.status.as_u16()))
}

/// Opens a URL in the victim's browser, which has requested its own SQRL URL.
async fn open_as_victim(trial: &mut Trial<'_>, url: &str) -> Result<(Browser, Page), Inconclusive> {
    let browser = trial.visit().await?.browser;
    let page = browser.open(url).await?;
    trial.record(format!("the victim's browser opens it: HTTP {}", page.status.as_u16()));
    Ok((browser, page))
}

/// 13a: the victim opens the attacker's CPS URL.
pub(super) async fn opened_by_the_victim(trial: &mut Trial<'_>) -> AttackResult {
    let attacker = trial.user().await?;
    let (_, url) = cps_url(trial, &attacker).await?;
    let (browser, page) = open_as_victim(trial, &url).await?;
    if trial.is_signed_in_as(&browser, &page, &attacker).await? {
        return worked("opening a URL signs the victim's browser in as the attacker");
    }
    refused(format!("HTTP {}, and the victim's browser is not signed in", page.status.as_u16()))
}

/// 13b: a form on the attacker's site confirms the attacker's CPS URL.
pub(super) async fn confirmed_by_another_site(trial: &mut Trial<'_>) -> AttackResult {
    let attacker = trial.user().await?;
    let (_, url) = cps_url(trial, &attacker).await?;
    let (_, page) = open_as_victim(trial, &url).await?;
    check_not_busy(page.status)?;
    let count = html::forms(&page.body).len();
    if count == 0 {
        return refused("the page has no form, so nothing can be confirmed");
    }
    for nth in 0..count {
        // A new URL for each form, because a form that refuses uses the URL up.
        let (_, url) = cps_url(trial, &attacker).await?;
        let (browser, page) = open_as_victim(trial, &url).await?;
        let Some(form) = html::forms(&page.body).into_iter().nth(nth) else {
            return Err(Inconclusive::new("the forms of the confirmation page change"));
        };
        let fields: Vec<_> = form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let action = page.url.join(&form.action);
        let action = action.map_err(|_| Inconclusive::new("a form has an invalid action"))?;
        let evil = Url::parse("https://attacker.invalid/")?;
        let page = browser.submit(&evil, action.as_str(), &fields).await?;
        trial.record(format!("a form of another site: HTTP {}", page.status.as_u16()));
        if trial.is_signed_in_as(&browser, &page, &attacker).await? {
            return worked("a form on another site signs the victim's browser in as the attacker");
        }
    }
    refused(format!("{}, and the victim's browser is not signed in", trial.answers()))
}

/// 13c: the victim opens the URL that the attacker's page received by polling.
pub(super) async fn landing_url(trial: &mut Trial<'_>) -> AttackResult {
    let attacker = trial.user().await?;
    let visit = trial.visit().await?;
    visit.client(&attacker.identity).ident().await?.expect_success("ident")?;
    let url = trial.landing_url(&visit).await?;
    let (browser, page) = open_as_victim(trial, url.as_str()).await?;
    if trial.is_signed_in_as(&browser, &page, &attacker).await? {
        return worked("the URL signs any browser in");
    }
    refused(format!("HTTP {}, and the victim's browser is not signed in", page.status.as_u16()))
}

/// 13d: the victim's browser opens a CPS URL of a client at another address, which has
/// answered its QR code.
pub(super) async fn from_another_address(trial: &mut Trial<'_>) -> AttackResult {
    let elsewhere = trial.other_address()?;
    let attacker = trial.user().await?;
    cps_url(trial, &attacker).await?;
    let visit = trial.visit().await?;
    let client = visit.client(&attacker.identity).via(&elsewhere);
    let answer = client.with_opt("suk~noiptest~cps").ident().await?;
    trial.record_answer("the attacker's ident from another address", &answer);
    let Some(url) = answer.url() else {
        return refused(format!("{}, and no URL", answer.text()));
    };
    let page = visit.browser.open(url).await?;
    trial.record(format!("the victim's browser opens the URL: HTTP {}", page.status.as_u16()));
    if trial.is_signed_in_as(&visit.browser, &page, &attacker).await? {
        return worked(
            "the URL signs the victim's browser in as the attacker without confirmation",
        );
    }
    refused(format!("HTTP {}, and the victim's browser is not signed in", page.status.as_u16()))
}

/// 13f: another browser opens the page that reports a command, such as a disable.
pub(super) async fn command_page(trial: &mut Trial<'_>) -> AttackResult {
    let identity = trial.registered_identity().await?;
    let mut pages = Vec::new();
    for _ in 0..2 {
        let visit = trial.visit().await?;
        let mut client = visit.client(&identity).with_opt("suk~cps");
        client.query().await?.expect_success("query")?;
        let answer = client
            .send(&client.signed(&client.params("disable")))
            .await?
            .expect_success("disable")?;
        let missing = || Inconclusive::new("the site returns no CPS URL for a disable");
        let page = visit.browser.open(answer.url().ok_or_else(missing)?).await?;
        check_not_busy(page.status)?;
        if !page.status.is_success() {
            return Err(Inconclusive::new(format!(
                "the CPS URL of an honest disable returns HTTP {}",
                page.status.as_u16()
            )));
        }
        pages.push(page);
        trial.enable(&identity).await?;
    }
    let [one, two] = [&pages[0], &pages[1]];
    let mut unknown = two.url.clone();
    unknown.set_query(Some("no-such-id"));
    let unknown = trial.browser().open(unknown.as_str()).await?;
    let [second, none] =
        [&two.body, &unknown.body].map(|body| words(body).collect::<BTreeSet<_>>());
    let common = words(&one.body).filter(|word| second.contains(word) && !none.contains(word));
    let marks: BTreeSet<_> = common.collect();
    if marks.is_empty() {
        return Err(Inconclusive::new("the page does not report the command"));
    }
    let page = trial.browser().open(two.url.as_str()).await?;
    trial.record(format!("the page in another browser: HTTP {}", page.status.as_u16()));
    let shown: BTreeSet<_> = words(&page.body).collect();
    if page.status.is_success() && marks.is_subset(&shown) {
        return worked("anybody can open the page that reports a disable");
    }
    refused(format!("{}, and the page does not report it", trial.answers()))
}
