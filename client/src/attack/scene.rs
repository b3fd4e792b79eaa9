//! The stage of one attack: made-up people at an address of their own, and what can be
//! seen of the result.

use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::error::{Trouble, not_busy};
use super::eyes::{Eyes, Marks};
use super::hand::{Answer, Hand};
use super::place::{Place, Visit};
use super::report::Verdict;
use crate::browser::{Browser, BrowserError, Page, Waiting};
use crate::http::Http;
use crate::identity::Identity;
use crate::link::Link;
use crate::wire::Tif;

/// What an attack comes to, if nothing honest goes wrong.
pub(super) type Tried = Result<Verdict, Trouble>;

pub(super) struct Scene<'a> {
    place: &'a Place,
    eyes: Option<&'a Eyes>,
    number: u8,
    pub(super) http: Http,
    steps: Vec<String>,
    /// Everybody whom the site may know by now.
    made_up: Vec<Identity>,
}

/// Somebody whom the site knows, and by what its pages show that.
pub(super) struct Person {
    pub(super) identity: Identity,
    pub(super) marks: Marks,
}

/// How an identity stands, by its owner's own query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Unknown,
    Live,
    Disabled,
    Superseded,
}

impl<'a> Scene<'a> {
    pub(super) fn new(place: &'a Place, eyes: Option<&'a Eyes>, number: u8) -> Self {
        let http = place.http(number);
        Self { place, eyes, number, http, steps: Vec::new(), made_up: Vec::new() }
    }

    /// What has happened, and who has been made up.
    pub(super) fn over(self) -> (Vec<String>, Vec<Identity>) {
        (self.steps, self.made_up)
    }

    /// Writes down what was sent and how it was answered.
    pub(super) fn note(&mut self, what: &str, answer: &Answer) {
        self.steps.push(format!("{what}: {}", answer.text()));
    }

    pub(super) fn say(&mut self, what: impl Into<String>) {
        self.steps.push(what.into());
    }

    /// How all of it was answered, each answer once.
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

    /// Somebody new, who is removed in the end where the site has come to know them.
    pub(super) fn stranger(&mut self) -> Identity {
        let identity = Identity::generate();
        self.made_up.push(identity.clone());
        identity
    }

    /// The same with somebody else's keys as its previous ones.
    pub(super) fn successor(&mut self, of: &Identity) -> Result<Identity, Trouble> {
        let identity = of.rekey().map_err(|error| Trouble::new(error.to_string()))?;
        self.made_up.push(identity.clone());
        Ok(identity)
    }

    /// A browser of its own opens the sign-in page.
    pub(super) async fn visit(&self) -> Result<Visit, Trouble> {
        self.place.visit(&self.http).await
    }

    /// The same; `None` where the site gives this address no more links for now.
    pub(super) async fn visit_unless_stopped(&self) -> Result<Option<Visit>, Trouble> {
        let trouble = match self.visit().await {
            Ok(visit) => return Ok(Some(visit)),
            Err(trouble) => trouble,
        };
        let page = self.browser().open(self.place.page.as_str()).await?;
        let is_stopped = page.status == StatusCode::TOO_MANY_REQUESTS;
        if is_stopped { Ok(None) } else { Err(trouble) }
    }

    /// A page with a link that a browser has open.
    pub(super) fn visit_of(&self, browser: Browser, page: Page, link: Link) -> Visit {
        Visit::new(browser, page, link, &self.http)
    }

    /// The sign-in page, as the world calls it.
    pub(super) fn sign_in_page(&self) -> &Url {
        &self.place.page
    }

    /// The page that links an identity with an account, if it was named.
    pub(super) fn linking_page(&self) -> Option<&Url> {
        self.place.linking_page.as_ref()
    }

    /// How long a new code can be answered, by `expires_in` of `nut.sqrl`.
    pub(super) async fn code_lifetime(&self) -> Result<Option<Duration>, Trouble> {
        let url = self.visit().await?.link.sibling("nut.sqrl");
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let answer = self.http.get(&url, headers).await?;
        not_busy(answer.status())?;
        let answer: Option<serde_json::Value> = serde_json::from_slice(answer.body()).ok();
        Ok(answer.and_then(|answer| answer["expires_in"].as_u64()).map(Duration::from_secs))
    }

    /// A client that was given a link which is on no page.
    pub(super) fn hand_of(&self, link: &Link, identity: &Identity) -> Hand {
        Hand::new(link, identity, &self.http)
    }

    /// A browser without any cookies.
    pub(super) fn browser(&self) -> Browser {
        Browser::new(self.http.clone())
    }

    /// The connections of somebody at another address, where this machine has several.
    pub(super) fn elsewhere(&self) -> Option<Http> {
        let number = self.number + 100;
        self.place.address(number).map(|_| self.place.http(number))
    }

    /// Somebody whom the site knows.
    pub(super) async fn known(&mut self) -> Result<Identity, Trouble> {
        let identity = self.stranger();
        self.visit().await?.hand(&identity).ident().await?.honest("sign-up")?;
        Ok(identity)
    }

    /// Somebody whom the site knows and its pages show.
    pub(super) async fn person(&mut self) -> Result<Person, Trouble> {
        let identity = self.known().await?;
        self.shown(identity).await
    }

    /// The same of somebody whom the site knows already. Where its pages do not show an
    /// honest sign-in, at its arrival and later, they would not show a thief's.
    pub(super) async fn shown(&self, identity: Identity) -> Result<Person, Trouble> {
        let eyes = self.eyes.ok_or_else(|| Trouble::new("nobody is looking"))?;
        let (_, first) = self.sign_in(&identity).await?;
        let (browser, second) = self.sign_in(&identity).await?;
        let landing = second.url.clone();
        let empty = self.browser().open(landing.as_str()).await?;
        let again = browser.open(landing.as_str()).await?;
        let arrivals = [first, second];
        let marks = eyes.marks(&arrivals, &empty);
        let person = Person { identity, marks };
        for page in arrivals.iter().chain([&again]) {
            if !self.shows(page, &person).await? {
                return Err(Trouble::new("this site does not show who is signed in"));
            }
        }
        Ok(person)
    }

    /// An honest sign-in, to where its browser arrives.
    pub(super) async fn sign_in(&self, identity: &Identity) -> Result<(Browser, Page), Trouble> {
        let visit = self.visit().await?;
        visit.hand(identity).ident().await?.honest("ident")?;
        let page = self.collect(&visit).await?;
        Ok((visit.browser, page))
    }

    /// Goes where an honest page is told to go.
    pub(super) async fn collect(&self, visit: &Visit) -> Result<Page, Trouble> {
        let heard = visit.browser.poll(&visit.page.url, &visit.link).await?;
        let Waiting::GoTo(url) = heard else {
            return Err(Trouble::new(format!("the waiting page of an honest sign-in: {heard:?}")));
        };
        let page = visit.browser.open(url.as_str()).await?;
        if page.status.is_success() {
            return Ok(page);
        }
        Err(Trouble::new(format!("an honest sign-in ends with HTTP {}", page.status.as_u16())))
    }

    /// Where a waiting page is told to go, if it is.
    pub(super) async fn told(
        &self,
        browser: &Browser,
        visit: &Visit,
    ) -> Result<Option<Url>, Trouble> {
        match browser.poll(&visit.page.url, &visit.link).await {
            Ok(Waiting::GoTo(url)) => Ok(Some(url)),
            Err(BrowserError::Status { status, .. }) => not_busy(status).map(|()| None),
            // An answer that says nothing about a sign-in is none.
            _ => Ok(None),
        }
    }

    /// How an identity stands.
    pub(super) async fn state(&self, identity: &Identity) -> Result<State, Trouble> {
        let mut hand = self.visit().await?.hand(identity);
        let answer = hand.query().await?;
        if answer.has(Tif::SUPERSEDED) {
            return Ok(State::Superseded);
        }
        let answer = answer.honest("query")?;
        Ok(match (answer.has(Tif::CURRENT), answer.has(Tif::DISABLED)) {
            (false, _) => State::Unknown,
            (true, false) => State::Live,
            (true, true) => State::Disabled,
        })
    }

    /// Disables honestly.
    pub(super) async fn disable(&self, identity: &Identity) -> Result<(), Trouble> {
        let mut hand = self.visit().await?.hand(identity);
        hand.query().await?.honest("query")?;
        hand.send(&hand.signed(&hand.params("disable"))).await?.honest("disable")?;
        Ok(())
    }

    /// Enables honestly, with the rescue code's key.
    pub(super) async fn enable(&self, identity: &Identity) -> Result<(), Trouble> {
        let mut hand = self.visit().await?.hand(identity);
        hand.query().await?.honest("query")?;
        hand.unlock("enable").await?.honest("enable")?;
        Ok(())
    }

    /// Removes honestly.
    pub(super) async fn remove(&self, identity: &Identity) -> Result<(), Trouble> {
        let mut hand = self.visit().await?.hand(identity);
        hand.query().await?.honest("query")?;
        hand.unlock("remove").await?.honest("remove")?;
        Ok(())
    }

    /// Whether a browser that has arrived somewhere is signed in as that person.
    pub(super) async fn is_in(
        &self,
        browser: &Browser,
        page: &Page,
        person: &Person,
    ) -> Result<bool, Trouble> {
        let home = browser.open(person.marks.landing().as_str()).await?;
        let is_in = self.shows(page, person).await? || self.shows(&home, person).await?;
        if !is_in {
            not_busy(page.status)?;
            not_busy(home.status)?;
        }
        Ok(is_in)
    }

    /// Whether a page shows that person as signed in.
    async fn shows(&self, page: &Page, person: &Person) -> Result<bool, Trouble> {
        if !person.marks.are_on(page) {
            return Ok(false);
        }
        // What two sign-ins at the same time have in common says nothing, nor does what
        // anybody who is signed in can see of her.
        let eyes = self.eyes.ok_or_else(|| Trouble::new("nobody is looking"))?;
        let (browser, own) = self.sign_in(eyes.contrast()).await?;
        let hers = browser.open(person.marks.landing().as_str()).await?;
        Ok(person.marks.tell_apart(page, &[own, hers]))
    }

    /// Whether a browser whose link an attacker has answered gets in anywhere: where its
    /// page is told to go, or by the URL of a reply. Returns where it arrived.
    pub(super) async fn arrival(
        &self,
        visit: &Visit,
        url: Option<&str>,
    ) -> Result<Option<Page>, Trouble> {
        if let Some(url) = url {
            let page = visit.browser.open(url).await?;
            not_busy(page.status)?;
            if page.status.is_success() {
                return Ok(Some(page));
            }
        }
        match self.told(&visit.browser, visit).await? {
            Some(url) => {
                let page = visit.browser.open(url.as_str()).await?;
                not_busy(page.status)?;
                Ok(page.status.is_success().then_some(page))
            }
            None => Ok(None),
        }
    }

    /// Whether the attacker's browser is signed in as the victim after the attacker, whom
    /// the site did not know, has answered its link.
    pub(super) async fn is_victim(
        &self,
        visit: &Visit,
        url: Option<&str>,
        attacker: &Identity,
        victim: &Person,
    ) -> Result<bool, Trouble> {
        let Some(page) = self.arrival(visit, url).await? else { return Ok(false) };
        if self.state(attacker).await? == State::Unknown {
            // In, and not as himself: the site does not know him.
            return Ok(true);
        }
        self.is_in(&visit.browser, &page, victim).await
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what an attack ends with")]
pub(super) fn refused(how: impl Into<String>) -> Tried {
    Ok(Verdict::Refused { how: how.into() })
}

#[expect(clippy::unnecessary_wraps, reason = "what an attack ends with")]
pub(super) fn worked(how: impl Into<String>) -> Tried {
    Ok(Verdict::Worked { how: how.into() })
}
