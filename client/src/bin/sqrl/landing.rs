//! The browser after a sign-in. The site has accepted the identity, but only the landing page
//! shows whether the browser is signed in.

use std::time::Duration;

use tower_sqrl_client::Outcome;
use tower_sqrl_client::browser::{Page, Waiting};
use url::{Position, Url};

use crate::failure::Failure;
use crate::output;
use crate::target::Target;

/// Timeout of polling. The sign-in is complete already.
const POLL_TIMEOUT: Duration = Duration::from_secs(15);

/// Explains why a tab with the same page is not signed in.
const OWN_BROWSER: &str = "\
    This was sqrl's own browser. A tab that you have open at this page still waits. To sign in \
    that tab, run `sqrl listen` and press the button on its page.";

/// Follows the browser to the landing page.
///
/// # Errors
/// Returns an error if the browser is not signed in, as far as it can tell.
pub(crate) async fn follow(target: &Target, outcome: &Outcome) -> Result<(), Failure> {
    let Some(page) = &target.page else {
        match &outcome.url {
            Some(url) => println!("To sign a browser in, open {url}"),
            None => println!("The site accepted the identity. Continue on the page of this URL."),
        }
        return Ok(());
    };
    match open_landing_page(target, page, outcome).await {
        Ok(landing) => {
            println!("The site accepted the identity; the browser is at {landing}");
            println!("{OWN_BROWSER}");
            Ok(())
        }
        Err(error) => {
            let hint = origin_hint(target, page).unwrap_or_default();
            Err(format!("the site accepted the identity, but {error}{hint}").into())
        }
    }
}

async fn open_landing_page(
    target: &Target,
    page: &Page,
    outcome: &Outcome,
) -> Result<String, Failure> {
    let browser = &target.browser;
    let url = match &outcome.url {
        Some(url) => Url::parse(url).map_err(|_| "the URL for the browser is invalid")?,
        None => match browser.wait(&page.url, &target.sqrl_url, POLL_TIMEOUT).await? {
            Waiting::GoTo(url) => url,
            Waiting::Gone(why) => {
                return Err(format!("polling returned: {}", output::printable(&why)).into());
            }
            Waiting::Pending => return Err("polling returned no sign-in".into()),
        },
    };
    let had_cookie = browser.cookies().sent_to(&url).next().is_some();
    let end = browser.open(url.as_str()).await?;
    let has_cookie = browser.cookies().sent_to(&end.url).next().is_some();

    let at = without_secret(&end.url, &url);
    if !end.status.is_success() {
        return Err(format!("the landing page {at} returned HTTP {}", end.status).into());
    }
    if asks_for_confirmation(target, &end.url) {
        return Err(format!(
            "the site asks for confirmation at {at}: another browser requested the SQRL URL, and \
             nobody is signed in"
        )
        .into());
    }
    if end.sqrl_url().is_ok() {
        return Err(format!("the landing page {at} offers a SQRL sign-in again").into());
    }
    // Polling needs the cookie of the page. A CPS URL needs none, but the session that it starts
    // is kept in a cookie too.
    let collected = has_cookie && (outcome.url.is_some() || url.host() == page.url.host());
    if !had_cookie && !collected {
        return Err(format!(
            "the browser has no cookie for the landing page {at}, so nobody is signed in"
        )
        .into());
    }
    Ok(format!("{at} ({})", end.status.as_u16()))
}

/// Returns whether a URL is that of the page where the site asks for confirmation.
fn asks_for_confirmation(target: &Target, end: &Url) -> bool {
    let question = Url::parse(&target.sqrl_url.sibling("cps.sqrl"));
    question.is_ok_and(|question| question == *end)
}

/// Returns a hint if the page was opened under another host than that of its SQRL URL. Then the
/// site never receives the page's cookies.
pub(crate) fn origin_hint(target: &Target, page: &Page) -> Option<String> {
    let site = Url::parse(&target.sqrl_url.origin()).ok()?;
    (site.host() != page.url.host()).then(|| {
        format!(
            "; the page was opened at {}, but its SQRL URL is for {}; open the page there",
            page.url.origin().ascii_serialization(),
            site.origin().ascii_serialization(),
        )
    })
}

/// Returns the URL of the landing page. Hides the query if the browser was sent there directly,
/// because it may sign in.
fn without_secret(end: &Url, sent_to: &Url) -> String {
    if end == sent_to && end.query().is_some() {
        format!("{}?…", &end[..Position::AfterPath])
    } else {
        end.to_string()
    }
}
