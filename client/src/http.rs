//! The HTTP client of all requests, except those of a load.

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

/// Maximum length of a response body, in bytes.
const MAX_BODY: usize = 1 << 20;

/// An HTTP/1.1 client with a pool of connections. Cheap to clone; clones share the pool.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    plain: Client<HttpConnector, Full<Bytes>>,
    #[cfg(feature = "tls")]
    tls: std::sync::OnceLock<TlsClient>,
    settings: HttpBuilder,
    /// Number of requests that took a route.
    routed: AtomicUsize,
}

#[cfg(feature = "tls")]
type TlsClient = Client<hyper_rustls::HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Reasons why there is no response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The URL is invalid.
    #[error("{0} is not a valid http or https URL")]
    InvalidUrl(String),
    /// The connection failed.
    #[error("cannot reach {origin}: {reason}")]
    Connection {
        /// Scheme, host and port.
        origin: String,
        /// The message of the innermost error.
        reason: String,
    },
    /// The response did not arrive in time.
    #[error("timed out waiting for a response from {0}")]
    Timeout(String),
    /// The body is incomplete, or longer than 1 MiB.
    #[error("cannot read the response from {origin}: {reason}")]
    Body {
        /// Scheme, host and port.
        origin: String,
        /// The message of the innermost error.
        reason: String,
    },
    /// The client has no route to the origin ([`HttpBuilder::routes_only`]).
    #[error("no route to {0}; this client sends requests to its routes only")]
    NoRoute(String),
    /// The origin is https, and the crate was built without the feature `tls`.
    #[error("cannot reach {0} over https: built without the feature `tls`")]
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
    /// Sets the timeout of a request, until the response is complete. Default: 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the address to connect from, such as `127.0.0.2`. Default: the system chooses.
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.local_address = Some(address);
        self
    }

    /// Adds a header to every request, as a proxy would. Default: none.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Sends requests for the origin `from` to the origin `to`, with the `Host` of `from`.
    /// Default: none.
    ///
    /// With `route("https://example.com", "http://127.0.0.1:8080")` a test reaches a server
    /// without its TLS-terminating proxy. Several routes from one origin are used in turn, as
    /// a load balancer does.
    pub fn route(mut self, from: &str, to: &str) -> Self {
        self.routes.push((from.to_owned(), to.to_owned()));
        self
    }

    /// Rejects requests to an origin without a [`route`](Self::route), so that no page or
    /// reply can direct a request to another server. Default: allowed.
    pub fn routes_only(mut self) -> Self {
        self.routes_only = true;
        self
    }

    /// Returns the client.
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
    /// Returns a builder with the default settings.
    pub fn builder() -> HttpBuilder {
        HttpBuilder::default()
    }

    /// Sends a GET request. Does not follow redirects.
    ///
    /// # Errors
    /// See [`HttpError`]. No status is an error.
    pub async fn get(&self, url: &str, headers: HeaderMap) -> Result<Response<Bytes>, HttpError> {
        self.send(Method::GET, url, headers, Bytes::new()).await
    }

    /// Sends a POST request with a body of the type `application/x-www-form-urlencoded`,
    /// unless `headers` has another type. Does not follow redirects.
    ///
    /// # Errors
    /// See [`HttpError`]. No status is an error.
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

    /// Sends a request. Does not follow redirects.
    ///
    /// # Errors
    /// See [`HttpError`]. No status is an error.
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
        let invalid = || HttpError::InvalidUrl(url.to_owned());
        let routes = self.0.settings.routes.iter().filter(|(from, _)| from == origin(url));
        let routes: Vec<_> = routes.collect();
        if routes.is_empty() && self.0.settings.routes_only {
            return Err(HttpError::NoRoute(origin(url).to_owned()));
        }
        let next = || self.0.routed.fetch_add(1, Ordering::Relaxed) % routes.len();
        let route = (!routes.is_empty()).then(|| routes[next()]);
        let mut request = match route {
            Some((from, to)) => {
                let host = from.split_once("://").map_or(from.as_str(), |(_, host)| host);
                Request::builder().uri(url.replacen(from, to, 1)).header(header::HOST, host)
            }
            None => Request::builder().uri(url),
        }
        .method(method)
        .body(Full::new(body))
        .map_err(|_| invalid())?;
        if request.uri().host().is_none() {
            return Err(invalid());
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

    /// Returns the https client. It is created at its first use, because loading the
    /// system's certificates is slow.
    #[cfg(feature = "tls")]
    fn tls(&self, origin: &str) -> Result<&TlsClient, HttpError> {
        if let Some(client) = self.0.tls.get() {
            return Ok(client);
        }
        // An explicit provider: the process default is ambiguous if a program has two.
        let provider = rustls::crypto::ring::default_provider();
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| HttpError::Connection {
                origin: origin.to_owned(),
                reason: format!("cannot load trusted certificates: {error}"),
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

/// Returns the scheme, host and port of a URL.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']);
    &url[..end.map_or(url.len(), |at| start + at)]
}

/// Returns the message of the innermost error. The outer ones only say "client error".
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
    async fn routes_only_rejects_other_origins() {
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
