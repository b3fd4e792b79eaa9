//! The small part of a browser that signing in takes: cookies, redirects, the link in a
//! page, the waiting for its sign-in. No script runs and nothing is rendered.

mod cookie;
pub(crate) mod html;
mod jar;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;
use tokio::time::{Instant, sleep};
use url::Url;

pub use cookie::Cookie;
pub use jar::{Jar, MalformedCookie};

use crate::http::{Http, HttpError};
use crate::link::Link;

/// Redirects that are followed before giving up.
const MAX_REDIRECTS: usize = 10;

/// A browser with its cookies. Clones share them, as tabs do.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    http: Http,
    jar: Arc<Mutex<Jar>>,
}

/// What a browser arrived at.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it is, after all redirects.
    pub url: Url,
    /// The addresses that redirected here, in order.
    pub redirects: Vec<Url>,
    /// The status.
    pub status: StatusCode,
    /// The header.
    pub headers: HeaderMap,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
}

/// What a waiting page hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// 404: nobody has signed in yet.
    Pending,
    /// 200: signed in; where to go.
    GoTo(Url),
    /// 410: nothing will come any more; the body says why.
    Gone(String),
}

/// Why a page did not load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Not an address.
    #[error("{0:?} is not a web address")]
    Address(String),
    /// A circle of redirects.
    #[error("{0} redirects more than {MAX_REDIRECTS} times")]
    Redirects(Url),
    /// The page has no SQRL link in it.
    #[error("{url} (HTTP {status}) has no SQRL link in it")]
    NoLink {
        /// The page.
        url: Url,
        /// Its status.
        status: StatusCode,
    },
    /// The waiting page heard something that it cannot understand.
    #[error("{url} answered HTTP {status}, which says nothing about the sign-in")]
    Status {
        /// The address that was asked.
        url: Url,
        /// Its status.
        status: StatusCode,
    },
    /// The time to wait is over.
    #[error("nobody signed in within {0:?}")]
    Timeout(Duration),
}

impl Browser {
    /// A browser without cookies.
    pub fn new(http: Http) -> Self {
        Self { http, jar: Arc::default() }
    }

    /// A copy of the cookies.
    pub fn cookies(&self) -> Jar {
        self.jar().clone()
    }

    /// Replaces the cookies: another profile, or a stolen one.
    pub fn set_cookies(&self, jar: Jar) {
        *self.jar() = jar;
    }

    /// Goes to an address and follows redirects.
    ///
    /// # Errors
    /// See [`BrowserError`]; any status is a page.
    pub async fn open(&self, url: &str) -> Result<Page, BrowserError> {
        let url = Url::parse(url).map_err(|_| BrowserError::Address(url.to_owned()))?;
        self.navigate(Method::GET, url, HeaderMap::new(), Bytes::new()).await
    }

    /// Submits a form of a page with POST and follows redirects. `action` is relative to
    /// the page. Sends `Origin` and `Sec-Fetch-Site` as a browser does.
    ///
    /// # Errors
    /// See [`BrowserError`]; any status is a page.
    pub async fn submit(
        &self,
        page: &Url,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Result<Page, BrowserError> {
        let url = join(page, action)?;
        let mut headers = HeaderMap::new();
        let origin = HeaderValue::from_str(&page.origin().ascii_serialization());
        headers
            .insert(header::ORIGIN, origin.map_err(|_| BrowserError::Address(page.to_string()))?);
        let site = if url.origin() == page.origin() { "same-origin" } else { "cross-site" };
        headers.insert("sec-fetch-site", HeaderValue::from_static(site));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.navigate(Method::POST, url, headers, body.into()).await
    }

    /// Asks once, as a waiting page does: `pag.sqrl?nut=…` beside the link's own page, at
    /// the origin where the page was opened.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn poll(&self, page: &Url, link: &Link) -> Result<Waiting, BrowserError> {
        let beside = link.sibling("pag.sqrl");
        let path = Url::parse(&beside).map_err(|_| BrowserError::Address(beside))?;
        let mut url = join(page, path.path())?;
        url.set_query(Some(&format!("nut={}", link.nut())));
        let answer = self.fetch(Method::GET, &url, HeaderMap::new(), Bytes::new()).await?;
        let body = String::from_utf8_lossy(answer.body()).trim().to_owned();
        match answer.status() {
            StatusCode::OK => Ok(Waiting::GoTo(join(page, &body)?)),
            StatusCode::NOT_FOUND => Ok(Waiting::Pending),
            StatusCode::GONE => Ok(Waiting::Gone(body)),
            status => Err(BrowserError::Status { url, status }),
        }
    }

    /// Asks again and again until there is an answer other than "pending", first after
    /// 20 ms, then ever more slowly, at last every half second.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn wait(
        &self,
        page: &Url,
        link: &Link,
        longest: Duration,
    ) -> Result<Waiting, BrowserError> {
        let deadline = Instant::now() + longest;
        let mut pause = Duration::from_millis(20);
        loop {
            match self.poll(page, link).await? {
                Waiting::Pending if Instant::now() >= deadline => {
                    return Err(BrowserError::Timeout(longest));
                }
                Waiting::Pending => sleep(pause).await,
                heard => return Ok(heard),
            }
            pause = (pause * 3 / 2).min(Duration::from_millis(500));
        }
    }

    /// One request with this browser's cookies, no redirect followed.
    ///
    /// # Errors
    /// No answer.
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
            // 307 and 308 alone repeat the method and the body.
            if !matches!(answer.status().as_u16(), 307 | 308) {
                (method, body) = (Method::GET, Bytes::new());
                headers.remove(header::CONTENT_TYPE);
                headers.remove(header::ORIGIN);
            }
            let next = join(&url, location)?;
            if next.origin() != url.origin() {
                // From here on, no request is of the page that began.
                for (name, value) in [("origin", "null"), ("sec-fetch-site", "cross-site")] {
                    if let Some(said) = headers.get_mut(name) {
                        *said = HeaderValue::from_static(value);
                    }
                }
            }
            redirects.push(std::mem::replace(&mut url, next));
        }
        Err(BrowserError::Redirects(url))
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Page {
    /// The first SQRL link that can be read, of `<a href="sqrl://…">` or `qrl://`.
    ///
    /// # Errors
    /// [`BrowserError::NoLink`].
    pub fn sqrl_link(&self) -> Result<Link, BrowserError> {
        let mut links = html::links(&self.body).filter_map(|href| href.parse().ok());
        links
            .next()
            .ok_or_else(|| BrowserError::NoLink { url: self.url.clone(), status: self.status })
    }
}

fn join(base: &Url, relative: &str) -> Result<Url, BrowserError> {
    base.join(relative)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| BrowserError::Address(relative.to_owned()))
}
