//! A browser at the sign-in page, and clients that answer it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, header};
use tower_sqrl::protocol::Idk;
use tower_sqrl_client::browser::{Browser, Page, Waiting};
use tower_sqrl_client::{Client, Http, Identity, Session, SqrlUrl};
use url::Url;

/// A browser that has opened the sign-in page.
pub(crate) struct Visit {
    pub(crate) browser: Browser,
    pub(crate) page: Page,
    pub(crate) sqrl_url: SqrlUrl,
}

impl Visit {
    /// Opens the sign-in page in a new browser.
    pub(crate) async fn begin(site: &str, http: Http) -> Self {
        let browser = Browser::new(http);
        let page = browser.open(&format!("{site}/login")).await.expect("a page");
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let sqrl_url = page.sqrl_url().expect("a SQRL URL");
        Self { browser, page, sqrl_url }
    }

    /// Returns a client that has sent `query`.
    pub(crate) async fn query(&self, identity: &Arc<Identity>, http: &Http) -> Session {
        let mut session = client(identity, http).session(&self.sqrl_url);
        session.query().await.expect("an answer");
        session
    }

    /// Polls once, as the page does.
    pub(crate) async fn poll(&self) -> Waiting {
        self.browser.poll(&self.page.url, &self.sqrl_url).await.expect("an answer")
    }

    /// Returns the URL that the page opens after the sign-in.
    pub(crate) fn signed_in(&self) -> Url {
        self.page.url.join(&format!("/signed-in?nut={}", self.sqrl_url.nut())).expect("an address")
    }

    /// Requests a URL with the cookies of this browser over these connections. Follows no redirect
    /// and stores no cookie.
    pub(crate) async fn get(&self, url: &Url, http: &Http) -> Answer {
        let answer = self.fetch(url, http).await;
        Answer { status: answer.status(), headers: answer.headers().clone() }
    }

    /// Returns the whole body of a response.
    pub(crate) async fn body(&self, url: &Url, http: &Http) -> String {
        String::from_utf8(self.fetch(url, http).await.into_body().to_vec()).expect("text")
    }

    async fn fetch(&self, url: &Url, http: &Http) -> Response<Bytes> {
        let pairs = self.browser.cookies();
        let pairs: Vec<_> = pairs.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, pairs.join("; ").parse().expect("a value"));
        let answer = http.send(Method::GET, url.as_str(), headers, Bytes::new()).await;
        answer.expect("an answer")
    }
}

/// Status and headers of a response.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl Answer {
    /// Returns whether the response signs in: it redirects to the account.
    pub(crate) fn signs_in(&self) -> bool {
        let to = self.headers.get(header::LOCATION).and_then(|to| to.to_str().ok());
        self.status == StatusCode::SEE_OTHER && to == Some("/account")
    }
}

pub(crate) fn client(identity: &Arc<Identity>, http: &Http) -> Client {
    Client::new(Arc::clone(identity)).with_http(http.clone())
}

/// Returns the key of a client's identity, in the server's type.
pub(crate) fn idk(session: &Session) -> Idk {
    Idk::from_bytes(*session.site_key().idk().as_bytes())
}

/// Returns the account's id on its page.
pub(crate) fn account_id(page: &Page) -> String {
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/account"), "{}", page.body);
    let (_, rest) = page.body.split_once("Account <code>").expect("an account");
    rest.split_once('<').expect("an element").0.to_owned()
}

/// Returns the name of the server that sent these headers.
pub(crate) fn server(headers: &HeaderMap) -> String {
    headers["x-server"].to_str().expect("text").to_owned()
}
