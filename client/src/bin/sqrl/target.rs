//! What a command is aimed at: a page in a browser, or only a link.

use std::fmt;

use clap::Args;
use tower_sqrl_client::browser::{Browser, Jar, Page};
use tower_sqrl_client::{Http, Link};
use url::Url;

use crate::Failure;

/// The page or link of the command line.
#[derive(Debug, Clone, Args)]
pub(crate) struct Aim {
    /// A page with a SQRL link in it (<http://127.0.0.1:8080/login>), or the link
    pub(crate) target: String,

    #[command(flatten)]
    pub(crate) cookies: Cookies,
}

/// What a page is opened with.
#[derive(Debug, Clone, Args)]
pub(crate) struct Cookies {
    /// Open the page with this cookie, such as the application's session; goes to the page's
    /// origin alone and is never shown. Can be given again
    #[arg(long = "cookie", value_name = "NAME=VALUE")]
    given: Vec<Pair>,
}

/// A cookie as it was given; `Debug` does not show it.
#[derive(Clone)]
struct Pair(String);

impl From<String> for Pair {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pair(secret)")
    }
}

impl Aim {
    /// Whether it is a link, which is good for one attempt; a page can be opened again.
    pub(crate) fn is_link(&self) -> bool {
        is_link(&self.target)
    }
}

fn is_link(target: &str) -> bool {
    let scheme = target.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("sqrl" | "qrl"))
}

impl Cookies {
    /// The given cookies, for a page. Nothing that is wrong with them is repeated.
    ///
    /// # Errors
    /// Wrong usage.
    pub(crate) fn jar(&self, page: &str) -> Result<Jar, String> {
        let mut jar = Jar::default();
        if self.given.is_empty() {
            return Ok(jar);
        }
        if is_link(page) {
            return Err("--cookie is for a page, and this is a link".to_owned());
        }
        let page = Url::parse(page);
        let page = page.map_err(|_| "--cookie is for a page, and this is none".to_owned())?;
        for Pair(text) in &self.given {
            let (name, value) = text.split_once('=').ok_or("--cookie takes NAME=VALUE")?;
            jar.insert_at(&page, name, value).map_err(|why| format!("--cookie: {why}"))?;
        }
        Ok(jar)
    }
}

pub(crate) struct Target {
    pub(crate) browser: Browser,
    pub(crate) page: Option<Page>,
    pub(crate) link: Link,
}

impl Target {
    pub(crate) async fn open(http: &Http, aim: &Aim) -> Result<Self, Failure> {
        let browser = Browser::new(http.clone());
        if aim.is_link() {
            return Ok(Self { browser, page: None, link: aim.target.parse()? });
        }
        browser.set_cookies(aim.cookies.jar(&aim.target)?);
        let page = browser.open(&aim.target).await?;
        if let Some(asked) = page.redirects.first() {
            // Often the sign-in page, where what was asked for wants a session.
            eprintln!("sqrl: {asked} was not shown: it redirected to {}", page.url);
        }
        let link = page.sqrl_link()?;
        Ok(Self { browser, page: Some(page), link })
    }
}
