//! A browser on a sign-in page.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Response};
use tower_sqrl_client::browser::{Browser, Page, Waiting};
use tower_sqrl_client::{Http, Identity, SqrlUrl};
use url::Url;

use super::chain::Chain;
use super::secrets;

/// A sign-in page and its SQRL URL in a browser.
pub(crate) struct Visit {
    pub(crate) browser: Browser,
    pub(crate) page: Page,
    pub(crate) sqrl_url: SqrlUrl,
    /// The connections of its clients.
    pub(crate) http: Http,
}

impl Visit {
    pub(super) async fn open(browser: &Browser, url: &str, http: Http) -> Self {
        let page = browser.open(url).await.expect("a page");
        let sqrl_url = page.sqrl_url().expect("a sqrl_url");
        secrets::record(sqrl_url.nut());
        secrets::record_cookies(browser);
        Self { browser: browser.clone(), page, sqrl_url, http }
    }

    /// The same page in another browser.
    pub(crate) fn in_browser(&self, browser: Browser) -> Self {
        let Self { page, sqrl_url, http, .. } = self;
        Self { browser, page: page.clone(), sqrl_url: sqrl_url.clone(), http: http.clone() }
    }

    /// A client that has scanned the QR code.
    pub(crate) fn chain(&self, identity: &Identity) -> Chain {
        self.chain_by(identity, &self.http)
    }

    /// A client with other connections.
    pub(crate) fn chain_by(&self, identity: &Identity, http: &Http) -> Chain {
        Chain::new(&self.sqrl_url, identity, http)
    }

    /// Polls once.
    pub(crate) async fn poll(&self) -> Waiting {
        self.browser.poll(&self.page.url, &self.sqrl_url).await.expect("an answer")
    }

    /// Polls once and returns the response.
    pub(crate) async fn poll_response(&self) -> Response<Bytes> {
        self.get(&format!("pag.sqrl?nut={}", self.sqrl_url.nut())).await
    }

    /// Requests an endpoint of the layer, or another path next to it, with the browser's cookies.
    pub(crate) async fn get(&self, name: &str) -> Response<Bytes> {
        self.request(Method::GET, name, HeaderMap::new(), "").await
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        name: &str,
        headers: HeaderMap,
        body: &'static str,
    ) -> Response<Bytes> {
        let url = Url::parse(&self.sqrl_url.sibling(name)).expect("an address");
        let body = Bytes::from_static(body.as_bytes());
        let answer = self.browser.fetch(method, &url, headers, body).await.expect("an answer");
        secrets::record_answer(&answer);
        secrets::record_cookies(&self.browser);
        answer
    }

    /// The browser's cookies as a header value.
    pub(crate) fn cookies(&self) -> String {
        let cookies = self.browser.cookies();
        let pairs = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Polls, and opens the URL that the page receives.
    pub(crate) async fn collect(&self) -> Page {
        match self.poll().await {
            Waiting::GoTo(url) => self.browser.open(url.as_str()).await.expect("a page"),
            other => panic!("nothing to collect: {other:?}"),
        }
    }

    /// The URL that a page with this nut would receive.
    pub(crate) fn signed_in_url(&self) -> String {
        let mut url = self.page.url.clone();
        let path = url.path().rsplit_once('/').expect("a path").0.to_owned();
        url.set_path(&format!("{path}/signed-in"));
        url.set_query(Some(&format!("nut={}", self.sqrl_url.nut())));
        url.into()
    }

    /// The page requests a new SQRL URL in the same browser.
    pub(crate) async fn renew(&self) -> Self {
        let answer = self.get(&format!("nut.sqrl?renew={}", self.sqrl_url.nut())).await;
        assert_eq!(answer.status(), 200);
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let (_, nut) = text.split_once("nut=").expect("a nut");
        let nut = nut.split('&').next().expect("a nut");
        let sqrl_url =
            self.sqrl_url.as_str().replace(self.sqrl_url.nut(), nut).parse().expect("a sqrl_url");
        let Self { browser, page, http, .. } = self;
        Self { browser: browser.clone(), page: page.clone(), sqrl_url, http: http.clone() }
    }

    /// Signs in and returns what the application received.
    pub(crate) async fn sign_in(&self, identity: &Identity) -> String {
        assert_eq!(self.chain(identity).ident().await, "5");
        let page = self.collect().await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.body
    }
}
