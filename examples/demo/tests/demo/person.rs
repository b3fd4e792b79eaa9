//! People with a browser and a SQRL client.

use std::time::Duration;

use http::StatusCode;
use tower_sqrl_client::browser::{Browser, Page, Waiting};
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Client, Error, Identity, Outcome, SqrlUrl};

use crate::process::Demo;

/// No step takes longer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// A person: a browser, and a client with an unlocked identity.
pub(crate) struct Person {
    pub(crate) browser: Browser,
    pub(crate) client: Client,
}

impl Person {
    pub(crate) fn new() -> Self {
        Self { browser: Browser::default(), client: Client::new(Identity::generate()) }
    }

    /// Returns the same person with another browser.
    pub(crate) fn at_another_browser(&self) -> Self {
        Self { browser: Browser::default(), client: self.client.clone() }
    }

    /// Signs in and returns the account page.
    pub(crate) async fn sign_in(&self, demo: &Demo) -> Page {
        let page = self.sign_in_at(demo, "/login").await;
        assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/account"), "{}", page.body);
        page
    }

    /// Answers the SQRL URL of a page, and returns the page that the browser opens next.
    pub(crate) async fn sign_in_at(&self, demo: &Demo, path: &str) -> Page {
        let login = self.browser.open(&demo.url(path)).await.expect("a page");
        let sqrl_url = login.sqrl_url().expect("a SQRL URL");
        self.client.sign_in(&sqrl_url).await.expect("a sign-in");
        let state = self.browser.wait(&login.url, &sqrl_url, TIMEOUT).await.expect("an answer");
        let Waiting::GoTo(url) = state else { panic!("{state:?}") };
        self.browser.open(url.as_str()).await.expect("a page")
    }

    /// Runs a command on a new SQRL URL.
    pub(crate) async fn command(&self, demo: &Demo, command: Command) -> Result<Outcome, Error> {
        let sqrl_url = new_sqrl_url(demo).await;
        self.client.run(&sqrl_url, command).await
    }

    /// Opens the account page, and follows redirects.
    pub(crate) async fn account(&self, demo: &Demo) -> Page {
        self.browser.open(&demo.url("/account")).await.expect("a page")
    }

    /// Submits a form of the account page.
    pub(crate) async fn submit(&self, demo: &Demo, action: &str, fields: &[(&str, &str)]) -> Page {
        let page = demo.page("/account");
        self.browser.submit(&page, action, fields).await.expect("an answer")
    }

    /// Returns the value of the session cookie.
    pub(crate) fn session(&self) -> Option<String> {
        self.browser.cookies().get("demo").map(|cookie| cookie.value.clone())
    }
}

/// Returns a SQRL URL from a new browser.
pub(crate) async fn new_sqrl_url(demo: &Demo) -> SqrlUrl {
    let page = Browser::default().open(&demo.url("/login")).await.expect("a page");
    page.sqrl_url().expect("a SQRL URL")
}

/// Returns the account's id on its page.
pub(crate) fn account_id(page: &Page) -> String {
    let (_, rest) = page.body.split_once("Account <code>").expect("an account");
    rest.split_once('<').expect("an element").0.to_owned()
}
