//! People with a browser and a SQRL client.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, header};
use tower_sqrl::protocol::Idk;
use tower_sqrl_client::browser::{Browser, Page, Waiting};
use tower_sqrl_client::{Client, Http, Identity, Session, SqrlUrl};
use url::Url;

/// A page with a link, in its browser.
pub(crate) struct Visit {
    pub(crate) browser: Browser,
    pub(crate) page: Page,
    pub(crate) link: SqrlUrl,
}

impl Visit {
    /// A new browser opens the sign-in page.
    pub(crate) async fn begin(site: &str, http: Http) -> Self {
        let browser = Browser::new(http);
        let page = browser.open(&format!("{site}/login")).await.expect("a page");
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let link = page.sqrl_url().expect("a link");
        Self { browser, page, link }
    }

    /// A client that has scanned the link and asked what the site knows.
    pub(crate) async fn asked(&self, identity: &Arc<Identity>, http: &Http) -> Session {
        let mut session = client(identity, http).session(&self.link);
        session.query().await.expect("an answer");
        session
    }

    /// What the page hears.
    pub(crate) async fn poll(&self) -> Waiting {
        self.browser.poll(&self.page.url, &self.link).await.expect("an answer")
    }

    /// Where the page goes when it has heard of the sign-in.
    pub(crate) fn signed_in(&self) -> Url {
        self.page.url.join(&format!("/signed-in?nut={}", self.link.nut())).expect("an address")
    }

    /// Asks for an address with this browser's cookies, by these connections. Follows nothing
    /// and keeps nothing. Whether the answer signs in, and its cookies.
    pub(crate) async fn goes(&self, url: &Url, http: &Http) -> Answer {
        let answer = self.get(url, http).await;
        Answer { status: answer.status(), headers: answer.headers().clone() }
    }

    /// The whole of what an address sends until it ends.
    pub(crate) async fn body(&self, url: &Url, http: &Http) -> String {
        String::from_utf8(self.get(url, http).await.into_body().to_vec()).expect("text")
    }

    async fn get(&self, url: &Url, http: &Http) -> Response<Bytes> {
        let pairs = self.browser.cookies();
        let pairs: Vec<_> = pairs.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, pairs.join("; ").parse().expect("a value"));
        let answer = http.send(Method::GET, url.as_str(), headers, Bytes::new()).await;
        answer.expect("an answer")
    }
}

/// What an address answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl Answer {
    /// Whether somebody is signed in now: on to the account.
    pub(crate) fn signs_in(&self) -> bool {
        let to = self.headers.get(header::LOCATION).and_then(|to| to.to_str().ok());
        self.status == StatusCode::SEE_OTHER && to == Some("/account")
    }
}

pub(crate) fn client(identity: &Arc<Identity>, http: &Http) -> Client {
    Client::new(Arc::clone(identity)).with_http(http.clone())
}

/// An identity's key at a site, in the server's type.
pub(crate) fn idk(session: &Session) -> Idk {
    Idk::from_bytes(*session.site_key().idk().as_bytes())
}

/// The account's id on its page.
pub(crate) fn account_id(page: &Page) -> String {
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/account"), "{}", page.body);
    let (_, rest) = page.body.split_once("Account <code>").expect("an account");
    rest.split_once('<').expect("an element").0.to_owned()
}

/// The server that gave an answer.
pub(crate) fn server(headers: &HeaderMap) -> String {
    headers["x-server"].to_str().expect("text").to_owned()
}
