//! A minimal browser: cookies, redirects, the SQRL URL of a page, and polling for its
//! sign-in. It runs no scripts and renders nothing.

mod cookie;
mod cookie_jar;
pub(crate) mod html;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;
use tokio::time::{Instant, sleep};
use url::Url;

pub use cookie::Cookie;
pub use cookie_jar::{CookieJar, InvalidCookie};

use crate::http::{Http, HttpError};
use crate::sqrl_url::SqrlUrl;

/// Maximum number of redirects that are followed.
const MAX_REDIRECTS: usize = 10;

/// A browser with its cookies. Clones share the cookies, like the tabs of a browser.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    http: Http,
    jar: Arc<Mutex<CookieJar>>,
}

/// A page that a browser has loaded.
#[derive(Debug, Clone)]
pub struct Page {
    /// The URL of the page, after all redirects.
    pub url: Url,
    /// The URLs that redirected here, in order.
    pub redirects: Vec<Url>,
    /// The HTTP status.
    pub status: StatusCode,
    /// The response headers.
    pub headers: HeaderMap,
    /// The body. Bytes that are not UTF-8 are replaced.
    pub body: String,
}

/// What a sign-in page receives when it polls `pag.sqrl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// 404: nobody has signed in yet.
    Pending,
    /// 200: the user has signed in; the browser goes to this URL.
    GoTo(Url),
    /// 410: this page will receive no sign-in. The text is the body, which says why.
    Gone(String),
}

/// Reasons why the browser failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// The site sent no response.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The URL is invalid.
    #[error("{0:?} is not a valid http or https URL")]
    InvalidUrl(String),
    /// The site redirects more than ten times.
    #[error("more than {MAX_REDIRECTS} redirects, the last one to {0}")]
    Redirects(Url),
    /// The page has no link with a SQRL URL.
    #[error("no SQRL URL on the page {url} (HTTP {status})")]
    NoSqrlUrl {
        /// The URL of the page.
        url: Url,
        /// The HTTP status.
        status: StatusCode,
    },
    /// `pag.sqrl` returned an unexpected status.
    #[error("{url} returned HTTP {status}; a page that polls expects 200, 404 or 410")]
    Status {
        /// The URL that was polled.
        url: Url,
        /// The HTTP status.
        status: StatusCode,
    },
    /// Nobody signed in before the timeout.
    #[error("nobody signed in within {0:?}")]
    Timeout(Duration),
}

impl Browser {
    /// Returns a browser without cookies.
    pub fn new(http: Http) -> Self {
        Self { http, jar: Arc::default() }
    }

    /// Returns a copy of the cookies.
    pub fn cookies(&self) -> CookieJar {
        self.jar().clone()
    }

    /// Replaces all cookies.
    pub fn set_cookies(&self, jar: CookieJar) {
        *self.jar() = jar;
    }

    /// Opens a URL and follows redirects.
    ///
    /// # Errors
    /// See [`BrowserError`]. No status is an error.
    pub async fn open(&self, url: &str) -> Result<Page, BrowserError> {
        let url = Url::parse(url).map_err(|_| BrowserError::InvalidUrl(url.to_owned()))?;
        self.navigate(Method::GET, url, HeaderMap::new(), Bytes::new()).await
    }

    /// Submits a form of a page with POST and follows redirects. `action` is relative to the
    /// page. Sends `Origin` and `Sec-Fetch-Site` as browsers do.
    ///
    /// # Errors
    /// See [`BrowserError`]. No status is an error.
    pub async fn submit(
        &self,
        page: &Url,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Result<Page, BrowserError> {
        let url = join(page, action)?;
        let mut headers = HeaderMap::new();
        let origin = HeaderValue::from_str(&page.origin().ascii_serialization());
        headers.insert(
            header::ORIGIN,
            origin.map_err(|_| BrowserError::InvalidUrl(page.to_string()))?,
        );
        let site = if url.origin() == page.origin() { "same-origin" } else { "cross-site" };
        headers.insert("sec-fetch-site", HeaderValue::from_static(site));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.navigate(Method::POST, url, headers, body.into()).await
    }

    /// Polls once for the sign-in of a page: requests `pag.sqrl?nut=…` beside the path of
    /// the SQRL URL, at the origin of the page.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn poll(&self, page: &Url, sqrl_url: &SqrlUrl) -> Result<Waiting, BrowserError> {
        let pag = sqrl_url.sibling("pag.sqrl");
        let path = Url::parse(&pag).map_err(|_| BrowserError::InvalidUrl(pag))?;
        let mut url = join(page, path.path())?;
        url.set_query(Some(&format!("nut={}", sqrl_url.nut())));
        let answer = self.fetch(Method::GET, &url, HeaderMap::new(), Bytes::new()).await?;
        let body = String::from_utf8_lossy(answer.body()).trim().to_owned();
        match answer.status() {
            StatusCode::OK => Ok(Waiting::GoTo(join(page, &body)?)),
            StatusCode::NOT_FOUND => Ok(Waiting::Pending),
            StatusCode::GONE => Ok(Waiting::Gone(body)),
            status => Err(BrowserError::Status { url, status }),
        }
    }

    /// Polls until the answer is not [`Waiting::Pending`]. The interval grows from 20 ms to
    /// 500 ms.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn wait(
        &self,
        page: &Url,
        sqrl_url: &SqrlUrl,
        timeout: Duration,
    ) -> Result<Waiting, BrowserError> {
        let deadline = Instant::now() + timeout;
        let mut interval = Duration::from_millis(20);
        loop {
            match self.poll(page, sqrl_url).await? {
                Waiting::Pending if Instant::now() >= deadline => {
                    return Err(BrowserError::Timeout(timeout));
                }
                Waiting::Pending => sleep(interval).await,
                answer => return Ok(answer),
            }
            interval = (interval * 3 / 2).min(Duration::from_millis(500));
        }
    }

    /// Sends one request with this browser's cookies. Does not follow redirects.
    ///
    /// # Errors
    /// Returns [`BrowserError::Http`] if there is no response.
    pub async fn fetch(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<::http::Response<Bytes>, BrowserError> {
        if let Some(cookies) = self.jar().header(url) {
            headers.insert(header::COOKIE, cookies);
        }
        let answer = self.http.send(method, url.as_str(), headers, body).await?;
        self.jar().store(url, answer.headers());
        Ok(answer)
    }

    async fn navigate(
        &self,
        mut method: Method,
        mut url: Url,
        mut headers: HeaderMap,
        mut body: Bytes,
    ) -> Result<Page, BrowserError> {
        headers.insert(
            header::ACCEPT,
            HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8"),
        );
        let mut redirects = Vec::new();
        while redirects.len() <= MAX_REDIRECTS {
            let answer = self.fetch(method.clone(), &url, headers.clone(), body.clone()).await?;
            let location = answer.headers().get(header::LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            let (true, Some(location)) = (answer.status().is_redirection(), location) else {
                let (head, body) = answer.into_parts();
                return Ok(Page {
                    url,
                    redirects,
                    status: head.status,
                    headers: head.headers,
                    body: String::from_utf8_lossy(&body).into_owned(),
                });
            };
            // Only 307 and 308 repeat the method and the body.
            if !matches!(answer.status().as_u16(), 307 | 308) {
                (method, body) = (Method::GET, Bytes::new());
                headers.remove(header::CONTENT_TYPE);
                headers.remove(header::ORIGIN);
            }
            let next = join(&url, location)?;
            if next.origin() != url.origin() {
                // From here on, no request comes from the page that submitted the form.
                for (name, value) in [("origin", "null"), ("sec-fetch-site", "cross-site")] {
                    if let Some(header) = headers.get_mut(name) {
                        *header = HeaderValue::from_static(value);
                    }
                }
            }
            redirects.push(std::mem::replace(&mut url, next));
        }
        Err(BrowserError::Redirects(url))
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, CookieJar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Page {
    /// Returns the first valid SQRL URL in a link of the page (`<a href="sqrl://…">`).
    ///
    /// # Errors
    /// Returns [`BrowserError::NoSqrlUrl`] if there is none.
    pub fn sqrl_url(&self) -> Result<SqrlUrl, BrowserError> {
        let mut urls = html::links(&self.body).filter_map(|href| href.parse().ok());
        urls.next()
            .ok_or_else(|| BrowserError::NoSqrlUrl { url: self.url.clone(), status: self.status })
    }
}

fn join(base: &Url, relative: &str) -> Result<Url, BrowserError> {
    base.join(relative)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| BrowserError::InvalidUrl(relative.to_owned()))
}
