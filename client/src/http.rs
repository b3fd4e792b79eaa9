//! The one way out: a pooled HTTP/1.1 client that is cheap to clone.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// Longest body that is read, in bytes.
const MAX_BODY: usize = 1 << 20;

/// The HTTP client. Clones share one pool of connections.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    plain: Client<HttpConnector, Full<Bytes>>,
    #[cfg(feature = "tls")]
    tls: std::sync::OnceLock<TlsClient>,
    settings: HttpBuilder,
    /// Requests that were routed.
    routed: AtomicUsize,
}

#[cfg(feature = "tls")]
type TlsClient = Client<hyper_rustls::HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address is not one that a request can go to.
    #[error("{0} is not a valid web address")]
    Address(String),
    /// No connection, or it broke.
    #[error("cannot reach {origin}: {reason}")]
    Connection {
        /// Scheme, host and port.
        origin: String,
        /// What went wrong, in the words of the library below.
        reason: String,
    },
    /// Nothing came back in time.
    #[error("{0} did not answer in time")]
    Timeout(String),
    /// The body broke off or is longer than 1 MiB.
    #[error("cannot read the answer of {origin}: {reason}")]
    Body {
        /// Scheme, host and port.
        origin: String,
        /// What went wrong.
        reason: String,
    },
    /// The client goes where its routes lead, and nowhere else.
    #[error("{0} is none of the servers that this client was given")]
    NoRoute(String),
    /// Built without the feature `tls`.
    #[error("this client was built without its feature `tls`, so it cannot reach {0}")]
    NoTls(String),
}

/// Settings of an [`Http`].
#[derive(Debug, Clone)]
pub struct HttpBuilder {
    timeout: Duration,
    local_address: Option<IpAddr>,
    headers: HeaderMap,
    routes: Vec<(String, String)>,
    routes_only: bool,
}

impl Default for HttpBuilder {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            local_address: None,
            headers: HeaderMap::new(),
            routes: Vec::new(),
            routes_only: false,
        }
    }
}

impl HttpBuilder {
    /// Longest wait for a whole answer. Default: 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The address to connect from, such as `127.0.0.2`, to be another client than the
    /// browser. Default: the system's choice.
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.local_address = Some(address);
        self
    }

    /// A header of every request, such as a proxy would add. Default: none.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Sends what is meant for one origin to another, keeping the `Host`: so a server
    /// that stands behind a TLS-terminating proxy is reached without the proxy, as with
    /// `route("https://example.com", "http://127.0.0.1:8080")`. Several routes of one origin
    /// are taken in turn, as a load balancer does. Default: none.
    pub fn route(mut self, from: &str, to: &str) -> Self {
        self.routes.push((from.to_owned(), to.to_owned()));
        self
    }

    /// Refuses every origin that has no [`route`](Self::route): whatever a page or a reply
    /// says, nothing is sent to anybody else.
    pub fn routes_only(mut self) -> Self {
        self.routes_only = true;
        self
    }

    /// The client.
    pub fn build(self) -> Http {
        Http(Arc::new(Inner {
            plain: pool().build(self.connector()),
            #[cfg(feature = "tls")]
            tls: std::sync::OnceLock::new(),
            settings: self,
            routed: AtomicUsize::new(0),
        }))
    }

    fn connector(&self) -> HttpConnector {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_local_address(self.local_address);
        connector.enforce_http(false);
        connector
    }
}

impl Default for Http {
    fn default() -> Self {
        HttpBuilder::default().build()
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Http").field(&self.0.settings).finish()
    }
}

impl Http {
    /// Starts from the default settings.
    pub fn builder() -> HttpBuilder {
        HttpBuilder::default()
    }

    /// GET.
    ///
    /// # Errors
    /// See [`HttpError`]; any status is an answer.
    pub async fn get(&self, url: &str, headers: HeaderMap) -> Result<Response<Bytes>, HttpError> {
        self.send(Method::GET, url, headers, Bytes::new()).await
    }

    /// POST of a form, or of whatever bytes a test wants to pass off as one.
    ///
    /// # Errors
    /// See [`HttpError`]; any status is an answer.
    pub async fn post_form(
        &self,
        url: &str,
        mut headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> Result<Response<Bytes>, HttpError> {
        headers
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/x-www-form-urlencoded"));
        self.send(Method::POST, url, headers, body.into()).await
    }

    /// Any request; redirects are not followed.
    ///
    /// # Errors
    /// See [`HttpError`]; any status is an answer.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Bytes>, HttpError> {
        let request = self.request(method, url, headers, body)?;
        let origin = origin(url).to_owned();
        let exchange = async {
            let response = self.dispatch(request, &origin).await?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_BODY).collect().await;
            let body = body.map_err(|error| HttpError::Body {
                reason: reason(&*error),
                origin: origin.clone(),
            })?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        tokio::time::timeout(self.0.settings.timeout, exchange)
            .await
            .unwrap_or_else(|_| Err(HttpError::Timeout(origin.clone())))
    }

    fn request(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, HttpError> {
        let address = |_| HttpError::Address(url.to_owned());
        let routes = self.0.settings.routes.iter().filter(|(from, _)| from == origin(url));
        let routes: Vec<_> = routes.collect();
        if routes.is_empty() && self.0.settings.routes_only {
            return Err(HttpError::NoRoute(origin(url).to_owned()));
        }
        let turn = || self.0.routed.fetch_add(1, Ordering::Relaxed) % routes.len();
        let route = (!routes.is_empty()).then(|| routes[turn()]);
        let mut request = match route {
            Some((from, to)) => {
                let host = from.split_once("://").map_or(from.as_str(), |(_, host)| host);
                Request::builder().uri(url.replacen(from, to, 1)).header(header::HOST, host)
            }
            None => Request::builder().uri(url),
        }
        .method(method)
        .body(Full::new(body))
        .map_err(address)?;
        if request.uri().host().is_none() {
            return Err(HttpError::Address(url.to_owned()));
        }
        request.headers_mut().extend(self.0.settings.headers.clone());
        request.headers_mut().extend(headers);
        Ok(request)
    }

    async fn dispatch(
        &self,
        request: Request<Full<Bytes>>,
        origin: &str,
    ) -> Result<Response<hyper::body::Incoming>, HttpError> {
        let sent = if request.uri().scheme_str() == Some("https") {
            #[cfg(not(feature = "tls"))]
            return Err(HttpError::NoTls(origin.to_owned()));
            #[cfg(feature = "tls")]
            self.tls(origin)?.request(request).await
        } else {
            self.0.plain.request(request).await
        };
        sent.map_err(|error| HttpError::Connection {
            origin: origin.to_owned(),
            reason: reason(&error),
        })
    }

    /// Made at the first use: loading the system's certificates takes a while.
    #[cfg(feature = "tls")]
    fn tls(&self, origin: &str) -> Result<&TlsClient, HttpError> {
        if let Some(client) = self.0.tls.get() {
            return Ok(client);
        }
        // Named, so that another provider elsewhere in a program cannot make it ambiguous.
        let provider = rustls::crypto::ring::default_provider();
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| HttpError::Connection {
                origin: origin.to_owned(),
                reason: format!("no certificates to trust: {error}"),
            })?
            .https_only()
            .enable_http1()
            .wrap_connector(self.0.settings.connector());
        Ok(self.0.tls.get_or_init(|| pool().build(connector)))
    }
}

fn pool() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new());
    builder
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']);
    &url[..end.map_or(url.len(), |at| start + at)]
}

/// The innermost cause: the outer ones only say "client error".
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_with_routes_only_goes_nowhere_else() {
        let http = Http::builder().route("http://a.invalid", "http://127.0.0.1:1").routes_only();
        let http = http.build();
        for url in ["http://127.0.0.1:1/", "http://a.invalid:81/", "https://a.invalid/"] {
            let refused = http.get(url, HeaderMap::new()).await.expect_err("no route");
            assert!(matches!(refused, HttpError::NoRoute(_)), "{refused}");
        }
        let sent = http.get("http://a.invalid/", HeaderMap::new()).await.expect_err("no server");
        assert!(matches!(sent, HttpError::Connection { .. }), "{sent}");
    }
}
