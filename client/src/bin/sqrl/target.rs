//! The target of a command: a sign-in page, or a SQRL URL.

use std::fmt;

use clap::Args;
use tower_sqrl_client::browser::{Browser, CookieJar, Page};
use tower_sqrl_client::{Http, SqrlUrl};
use url::Url;

use crate::failure::Failure;

#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArgs {
    /// A sign-in page (<http://127.0.0.1:8080/login>), or a SQRL URL (sqrl:// or qrl://)
    pub(crate) target: String,

    #[command(flatten)]
    pub(crate) cookies: Cookies,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Cookies {
    /// Open the page with this cookie, such as a session of the application. It is sent to the
    /// page's origin only, and never shown. Can be repeated
    #[arg(long = "cookie", value_name = "NAME=VALUE")]
    given: Vec<CookieArg>,
}

/// A cookie of the command line. `Debug` hides it.
#[derive(Clone)]
struct CookieArg(String);

impl From<String> for CookieArg {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for CookieArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieArg(secret)")
    }
}

impl TargetArgs {
    /// Returns whether the target is a SQRL URL. It works once; a page can be opened again.
    pub(crate) fn is_sqrl_url(&self) -> bool {
        is_sqrl_url(&self.target)
    }
}

fn is_sqrl_url(target: &str) -> bool {
    let scheme = target.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("sqrl" | "qrl"))
}

impl Cookies {
    /// Returns the cookies for a page.
    ///
    /// # Errors
    /// Returns a message about wrong usage. It does not repeat a cookie.
    pub(crate) fn jar(&self, page: &str) -> Result<CookieJar, String> {
        let mut jar = CookieJar::default();
        if self.given.is_empty() {
            return Ok(jar);
        }
        if is_sqrl_url(page) {
            return Err("--cookie needs a page, and the target is a SQRL URL".to_owned());
        }
        let page = Url::parse(page);
        let page = page.map_err(|_| "--cookie needs a page, and the target is not a URL")?;
        for CookieArg(text) in &self.given {
            let (name, value) = text.split_once('=').ok_or("--cookie needs NAME=VALUE")?;
            jar.insert_for_origin(&page, name, value)
                .map_err(|error| format!("--cookie: {error}"))?;
        }
        Ok(jar)
    }
}

/// An opened target.
pub(crate) struct Target {
    pub(crate) browser: Browser,
    pub(crate) page: Option<Page>,
    pub(crate) sqrl_url: SqrlUrl,
}

impl Target {
    pub(crate) async fn open(http: &Http, args: &TargetArgs) -> Result<Self, Failure> {
        let browser = Browser::new(http.clone());
        if args.is_sqrl_url() {
            return Ok(Self { browser, page: None, sqrl_url: args.target.parse()? });
        }
        browser.set_cookies(args.cookies.jar(&args.target)?);
        let page = browser.open(&args.target).await?;
        if let Some(asked) = page.redirects.first() {
            // Often a page that needs a session redirects to the sign-in page.
            eprintln!("sqrl: {asked} redirected to {}", page.url);
        }
        let sqrl_url = page.sqrl_url()?;
        Ok(Self { browser, page: Some(page), sqrl_url })
    }
}
