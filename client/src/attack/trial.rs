//! The setting of one attack: new users at their own address, and checks of the result.

use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::baseline::{Baseline, Marks};
use super::error::{Inconclusive, check_not_busy};
use super::raw_client::{Answer, RawClient};
use super::report::Verdict;
use super::site::{Site, Visit};
use crate::browser::{Browser, BrowserError, Page, Waiting};
use crate::http::Http;
use crate::identity::Identity;
use crate::sqrl_url::SqrlUrl;
use crate::wire::Tif;

/// The result of an attack, unless an honest step fails.
pub(super) type AttackResult = Result<Verdict, Inconclusive>;

/// One attempt of one attack.
pub(super) struct Trial<'a> {
    site: &'a Site,
    baseline: Option<&'a Baseline>,
    number: u8,
    http: Http,
    steps: Vec<String>,
    /// All identities that the site may know.
    identities: Vec<Identity>,
}

/// A user whom the site knows, and the marks of the user on its pages.
pub(super) struct User {
    pub(super) identity: Identity,
    pub(super) marks: Marks,
}

/// The state of an identity at the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdentityState {
    Unknown,
    Live,
    Disabled,
    Superseded,
}

impl<'a> Trial<'a> {
    pub(super) fn new(site: &'a Site, baseline: Option<&'a Baseline>, number: u8) -> Self {
        let http = site.http(number);
        Self { site, baseline, number, http, steps: Vec::new(), identities: Vec::new() }
    }

    /// Returns the recorded steps and the created identities.
    pub(super) fn finish(self) -> (Vec<String>, Vec<Identity>) {
        (self.steps, self.identities)
    }

    /// Records a request and its answer.
    pub(super) fn record_answer(&mut self, request: &str, answer: &Answer) {
        self.steps.push(format!("{request}: {}", answer.text()));
    }

    /// Records a step, of the form `request: answer`.
    pub(super) fn record(&mut self, step: impl Into<String>) {
        self.steps.push(step.into());
    }

    /// Returns all recorded answers, each once.
    pub(super) fn answers(&self) -> String {
        let mut answers: Vec<&str> = Vec::new();
        for step in &self.steps {
            let (_, answer) = step.rsplit_once(": ").unwrap_or(("", step));
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        answers.join(", ")
    }

    /// Creates an identity. It is removed from the site in the end.
    pub(super) fn new_identity(&mut self) -> Identity {
        let identity = Identity::generate();
        self.identities.push(identity.clone());
        identity
    }

    /// Creates an identity with `previous` as its previous one.
    pub(super) fn rekeyed_identity(
        &mut self,
        previous: &Identity,
    ) -> Result<Identity, Inconclusive> {
        let identity = previous.rekey().map_err(|error| Inconclusive::new(error.to_string()))?;
        self.identities.push(identity.clone());
        Ok(identity)
    }

    /// Opens the sign-in page in a new browser.
    pub(super) async fn visit(&self) -> Result<Visit, Inconclusive> {
        self.site.visit(&self.http).await
    }

    /// Opens the sign-in page. Returns `None` if the site issues no SQRL URLs to this address
    /// for now (429).
    pub(super) async fn visit_unless_limited(&self) -> Result<Option<Visit>, Inconclusive> {
        let error = match self.visit().await {
            Ok(visit) => return Ok(Some(visit)),
            Err(error) => error,
        };
        let page = self.browser().open(self.site.page.as_str()).await?;
        let is_limited = page.status == StatusCode::TOO_MANY_REQUESTS;
        if is_limited { Ok(None) } else { Err(error) }
    }

    /// Returns a visit of a page that a browser has open.
    pub(super) fn visit_of(&self, browser: Browser, page: Page, sqrl_url: SqrlUrl) -> Visit {
        Visit::new(browser, page, sqrl_url, &self.http)
    }

    /// Returns the public URL of the sign-in page.
    pub(super) fn sign_in_page(&self) -> &Url {
        &self.site.page
    }

    /// Returns the page that links an identity to an account, if it was named.
    pub(super) fn linking_page(&self) -> Option<&Url> {
        self.site.linking_page.as_ref()
    }

    /// Returns the lifetime of a SQRL URL, from `expires_in` of `nut.sqrl`.
    pub(super) async fn url_lifetime(&self) -> Result<Duration, Inconclusive> {
        let url = self.visit().await?.sqrl_url.sibling("nut.sqrl");
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let response = self.http.get(&url, headers).await?;
        check_not_busy(response.status())?;
        let json: Option<serde_json::Value> = serde_json::from_slice(response.body()).ok();
        let seconds = json.and_then(|json| json["expires_in"].as_u64());
        let seconds = seconds.ok_or_else(|| Inconclusive::new("nut.sqrl has no expires_in"))?;
        Ok(Duration::from_secs(seconds))
    }

    /// Returns a client for a SQRL URL that is on no page.
    pub(super) fn client_for(&self, url: &SqrlUrl, identity: &Identity) -> RawClient {
        RawClient::new(url, identity, &self.http)
    }

    /// Returns a browser without cookies.
    pub(super) fn browser(&self) -> Browser {
        Browser::new(self.http.clone())
    }

    /// Returns connections from another address.
    pub(super) fn other_address(&self) -> Result<Http, Inconclusive> {
        let number = self.number + 100;
        let http = self.site.address(number).map(|_| self.site.http(number));
        http.ok_or_else(|| Inconclusive::new("this machine has only one address for this server"))
    }

    /// Creates an identity and signs it in.
    pub(super) async fn registered_identity(&mut self) -> Result<Identity, Inconclusive> {
        let identity = self.new_identity();
        self.visit().await?.client(&identity).ident().await?.expect_success("sign-up")?;
        Ok(identity)
    }

    /// Creates an identity, signs it in, and finds its marks on the site's pages.
    pub(super) async fn user(&mut self) -> Result<User, Inconclusive> {
        let identity = self.registered_identity().await?;
        self.as_user(identity).await
    }

    /// Finds the marks of a registered identity. They must show honest sign-ins, on the landing
    /// page and later; otherwise they would not show a successful attack.
    pub(super) async fn as_user(&self, identity: Identity) -> Result<User, Inconclusive> {
        let baseline = self.baseline.ok_or_else(|| Inconclusive::new("no baseline"))?;
        let (_, first) = self.sign_in(&identity).await?;
        let (browser, second) = self.sign_in(&identity).await?;
        let landing = second.url.clone();
        let empty = self.browser().open(landing.as_str()).await?;
        let again = browser.open(landing.as_str()).await?;
        let arrivals = [first, second];
        let marks = baseline.marks(&arrivals, &empty);
        let user = User { identity, marks };
        for page in arrivals.iter().chain([&again]) {
            if !self.shows(page, &user).await? {
                return Err(Inconclusive::new("the site's pages do not show who is signed in"));
            }
        }
        Ok(user)
    }

    /// Signs in honestly. Returns the browser and its landing page.
    pub(super) async fn sign_in(
        &self,
        identity: &Identity,
    ) -> Result<(Browser, Page), Inconclusive> {
        let visit = self.visit().await?;
        visit.client(identity).ident().await?.expect_success("ident")?;
        let page = self.collect(&visit).await?;
        Ok((visit.browser, page))
    }

    /// Polls after an honest sign-in, and opens the landing page.
    pub(super) async fn collect(&self, visit: &Visit) -> Result<Page, Inconclusive> {
        let result = visit.browser.poll(&visit.page.url, &visit.sqrl_url).await?;
        let Waiting::GoTo(url) = result else {
            return Err(Inconclusive::new(format!("polling after a sign-in returns {result:?}")));
        };
        let page = visit.browser.open(url.as_str()).await?;
        if page.status.is_success() {
            return Ok(page);
        }
        let status = page.status.as_u16();
        Err(Inconclusive::new(format!("the landing page of a sign-in returns HTTP {status}")))
    }

    /// Polls with a browser. Returns the URL that it receives, if there is one.
    pub(super) async fn poll(
        &self,
        browser: &Browser,
        visit: &Visit,
    ) -> Result<Option<Url>, Inconclusive> {
        match browser.poll(&visit.page.url, &visit.sqrl_url).await {
            Ok(Waiting::GoTo(url)) => Ok(Some(url)),
            Err(BrowserError::Status { status, .. }) => check_not_busy(status).map(|()| None),
            _ => Ok(None),
        }
    }

    /// Polls with the browser of a visit, after an honest sign-in.
    pub(super) async fn landing_url(&self, visit: &Visit) -> Result<Url, Inconclusive> {
        let url = self.poll(&visit.browser, visit).await?;
        url.ok_or_else(|| Inconclusive::new("polling after a sign-in returns no URL"))
    }

    /// Queries the state of an identity.
    pub(super) async fn state(&self, identity: &Identity) -> Result<IdentityState, Inconclusive> {
        let mut client = self.visit().await?.client(identity);
        let answer = client.query().await?;
        if answer.has(Tif::SUPERSEDED) {
            return Ok(IdentityState::Superseded);
        }
        let answer = answer.expect_success("query")?;
        Ok(match (answer.has(Tif::CURRENT), answer.has(Tif::DISABLED)) {
            (false, _) => IdentityState::Unknown,
            (true, false) => IdentityState::Live,
            (true, true) => IdentityState::Disabled,
        })
    }

    /// Disables an identity honestly.
    pub(super) async fn disable(&self, identity: &Identity) -> Result<(), Inconclusive> {
        let mut client = self.visit().await?.client(identity);
        client.query().await?.expect_success("query")?;
        client.send(&client.signed(&client.params("disable"))).await?.expect_success("disable")?;
        Ok(())
    }

    /// Enables an identity honestly.
    pub(super) async fn enable(&self, identity: &Identity) -> Result<(), Inconclusive> {
        self.unlock(identity, "enable").await
    }

    /// Removes an identity honestly.
    pub(super) async fn remove(&self, identity: &Identity) -> Result<(), Inconclusive> {
        self.unlock(identity, "remove").await
    }

    async fn unlock(&self, identity: &Identity, command: &str) -> Result<(), Inconclusive> {
        let mut client = self.visit().await?.client(identity);
        client.query().await?.expect_success("query")?;
        client.unlock(command).await?.expect_success(command)?;
        Ok(())
    }

    /// Returns whether a browser that has opened `page` is signed in as `user`.
    pub(super) async fn is_signed_in_as(
        &self,
        browser: &Browser,
        page: &Page,
        user: &User,
    ) -> Result<bool, Inconclusive> {
        let home = browser.open(user.marks.landing().as_str()).await?;
        let is_signed_in = self.shows(page, user).await? || self.shows(&home, user).await?;
        if !is_signed_in {
            check_not_busy(page.status)?;
            check_not_busy(home.status)?;
        }
        Ok(is_signed_in)
    }

    /// Returns whether a page shows a user as signed in.
    async fn shows(&self, page: &Page, user: &User) -> Result<bool, Inconclusive> {
        if !user.marks.are_on(page) {
            return Ok(false);
        }
        // Ignore words that pages of the same moment share, such as the time, and what any
        // signed-in user sees of this one.
        let baseline = self.baseline.ok_or_else(|| Inconclusive::new("no baseline"))?;
        let (browser, own) = self.sign_in(baseline.contrast()).await?;
        let other = browser.open(user.marks.landing().as_str()).await?;
        Ok(user.marks.tell_apart(page, &[own, other]))
    }

    /// Opens the CPS URL of a reply, or else the URL that polling returns, in the browser of a
    /// visit. Returns the page if its status is a success.
    pub(super) async fn landing_page(
        &self,
        visit: &Visit,
        url: Option<&str>,
    ) -> Result<Option<Page>, Inconclusive> {
        if let Some(url) = url {
            let page = visit.browser.open(url).await?;
            check_not_busy(page.status)?;
            if page.status.is_success() {
                return Ok(Some(page));
            }
        }
        match self.poll(&visit.browser, visit).await? {
            Some(url) => {
                let page = visit.browser.open(url.as_str()).await?;
                check_not_busy(page.status)?;
                Ok(page.status.is_success().then_some(page))
            }
            None => Ok(None),
        }
    }

    /// Returns whether the browser of a visit is signed in as the victim, after an attacker
    /// whom the site did not know has answered its SQRL URL.
    pub(super) async fn is_victim(
        &self,
        visit: &Visit,
        url: Option<&str>,
        attacker: &Identity,
        victim: &User,
    ) -> Result<bool, Inconclusive> {
        let Some(page) = self.landing_page(visit, url).await? else { return Ok(false) };
        if self.state(attacker).await? == IdentityState::Unknown {
            // Signed in, and not as the attacker, whom the site does not know.
            return Ok(true);
        }
        self.is_signed_in_as(&visit.browser, &page, victim).await
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the result of an attack")]
pub(super) fn refused(how: impl Into<String>) -> AttackResult {
    Ok(Verdict::Refused { how: how.into() })
}

#[expect(clippy::unnecessary_wraps, reason = "the result of an attack")]
pub(super) fn worked(how: impl Into<String>) -> AttackResult {
    Ok(Verdict::Worked { how: how.into() })
}
