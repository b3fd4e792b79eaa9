//! What the browser does after the client is done, and what that says: the site has accepted
//! the identity, but who is signed in where, a browser can only tell from where it ends.

use std::time::Duration;

use tower_sqrl_client::Outcome;
use tower_sqrl_client::browser::{Page, Waiting};
use url::{Position, Url};

use crate::target::Target;
use crate::{Failure, words};

/// How long a page waits for the sign-in that this very command has just done.
const PAGE_WAITS: Duration = Duration::from_secs(15);

/// What a person expects who has the same page open in a tab.
const OWN_BROWSER: &str = "\
    This was sqrl's own browser, so a tab that you have open there is still waiting. To sign in \
    that tab, run `sqrl listen` and press the button on its page.";

/// Goes where the page goes.
///
/// # Errors
/// Nobody is signed in there, as far as the browser can tell.
pub(crate) async fn arrive(target: &Target, outcome: &Outcome) -> Result<(), Failure> {
    let Some(page) = &target.page else {
        match &outcome.url {
            Some(url) => println!("The signed-in session waits at {url}"),
            None => println!("The site accepted the identity; the page with this link continues."),
        }
        return Ok(());
    };
    match follow(target, page, outcome).await {
        Ok(arrived) => {
            println!("The site accepted the identity; the browser was led to {arrived}");
            println!("{OWN_BROWSER}");
            Ok(())
        }
        Err(why) => {
            let hint = other_host(target, page).unwrap_or_default();
            Err(format!("the site accepted the identity, but {why}{hint}").into())
        }
    }
}

async fn follow(target: &Target, page: &Page, outcome: &Outcome) -> Result<String, Failure> {
    let browser = &target.browser;
    let led_to = match &outcome.url {
        Some(url) => Url::parse(url).map_err(|_| "its address for the session is none")?,
        None => match browser.wait(&page.url, &target.link, PAGE_WAITS).await? {
            Waiting::GoTo(url) => url,
            Waiting::Gone(why) => {
                return Err(format!("the page was told: {}", words::printable(&why)).into());
            }
            Waiting::Pending => return Err("the page still waits".into()),
        },
    };
    let had_cookie = browser.cookies().sent_to(&led_to).next().is_some();
    let end = browser.open(led_to.as_str()).await?;
    let has_cookie = browser.cookies().sent_to(&end.url).next().is_some();

    let at = shown(&end.url, &led_to);
    if !end.status.is_success() {
        return Err(
            format!("the browser was led to {at}, which answered HTTP {}", end.status).into()
        );
    }
    if asks_for_confirmation(target, &end.url) {
        return Err(format!(
            "at {at} the site asks for confirmation: the link was not this browser's, and nobody \
             is signed in"
        )
        .into());
    }
    if end.sqrl_link().is_ok() {
        return Err(
            format!("the browser was led to {at}, which offers a SQRL sign-in again").into()
        );
    }
    // A page's sign-in is collected with a cookie. A client's URL is itself the key, but what it
    // opens is kept in a cookie, too.
    let collected = has_cookie && (outcome.url.is_some() || led_to.host() == page.url.host());
    if !had_cookie && !collected {
        return Err(format!(
            "the browser was led to {at} and had no cookie to send there, so nobody is signed in"
        )
        .into());
    }
    Ok(format!("{at} ({})", end.status.as_u16()))
}

/// Whether that is the clean address at which the site asks whom it would sign in.
fn asks_for_confirmation(target: &Target, end: &Url) -> bool {
    let question = Url::parse(&target.link.sibling("cps.sqrl"));
    question.is_ok_and(|question| question == *end)
}

/// A page that was opened under another name than the site's own has cookies that the site
/// never sees.
pub(crate) fn other_host(target: &Target, page: &Page) -> Option<String> {
    let site = Url::parse(&target.link.origin()).ok()?;
    (site.host() != page.url.host()).then(|| {
        format!(
            "; the page was opened at {}, but its link is for {}: open the page there",
            page.url.origin().ascii_serialization(),
            site.origin().ascii_serialization(),
        )
    })
}

/// An address without what may be a key to the session: the query of the very one that the
/// browser was led to.
fn shown(end: &Url, led_to: &Url) -> String {
    if end == led_to && end.query().is_some() {
        format!("{}?…", &end[..Position::AfterPath])
    } else {
        end.to_string()
    }
}
