//! A server: the layer around an application that returns the sign-in result.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::util::ServiceFn;
use tower::{ServiceExt, service_fn};
use tower_sqrl::identities::IdentityStore;
use tower_sqrl::middleware::SqrlService;
use tower_sqrl::nuts::{NutStore, Timestamp};
use tower_sqrl::{Clock, PeerAddress, SignInResult, Sqrl};

use crate::history::Site;
use crate::spec::Lifetimes;
use crate::values::Address;

type Inner =
    ServiceFn<fn(Request<Full<Bytes>>) -> Ready<Result<Response<Full<Bytes>>, Infallible>>>;

/// The origin of the site.
pub(crate) const ORIGIN: &str = "https://example.com";

/// One of the servers that share the stores.
#[derive(Debug, Clone)]
pub(crate) struct SqrlServer {
    pub(crate) sqrl: Sqrl,
    service: SqrlService<Inner>,
}

/// A response of a server.
#[derive(Debug, Clone)]
pub(crate) struct ServerResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// The result that the application received.
    pub(crate) sign_in: Option<SignInResult>,
}

impl SqrlServer {
    /// Creates a server whose clock is `ahead` seconds ahead of `now`.
    pub(crate) fn new(
        (nuts, identities): (&Arc<dyn NutStore>, &Arc<dyn IdentityStore>),
        site: Site,
        lifetimes: Lifetimes,
        now: &Arc<AtomicU64>,
        ahead: u8,
    ) -> Self {
        let (nuts, identities) = (Arc::clone(nuts), Arc::clone(identities));
        let seconds = std::time::Duration::from_secs;
        let mut builder = Sqrl::builder_shared(ORIGIN, nuts, identities)
            .url_lifetime(seconds(lifetimes.url))
            .nut_lifetime(seconds(lifetimes.nut))
            .chain_lifetime(seconds(lifetimes.chain))
            .cps_lifetime(seconds(lifetimes.cps))
            .nut_key([7; 32])
            .clock(clock(now, ahead));
        builder = match site.failures_per_minute {
            Some(failures) => builder.failures_per_minute(failures.into()),
            None => builder.without_slowing_down_failures(),
        };
        builder = match site.urls_per_minute {
            Some(links) => builder.challenges_per_minute(links.into()),
            None => builder.without_limiting_challenges(),
        };
        if site.known_only {
            builder = builder.known_identities_only();
        }
        let sqrl = builder.build().expect("a valid configuration");
        let inner: Inner = service_fn(application);
        let service = tower::Layer::layer(&sqrl.layer(), inner);
        Self { sqrl, service }
    }

    /// Sends a request to the server.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> ServerResponse {
        let Ok(response) = self.service.clone().oneshot(request).await;
        let (mut parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        ServerResponse {
            status: parts.status,
            body: String::from_utf8_lossy(&body).into_owned(),
            sign_in: parts.extensions.remove(),
            headers: parts.headers,
        }
    }
}

fn clock(now: &Arc<AtomicU64>, ahead: u8) -> Clock {
    const START: u64 = 1_800_000_000;
    let now = Arc::clone(now);
    Clock::from_fn(move || {
        let seconds = START + now.load(Ordering::Relaxed) + u64::from(ahead);
        Timestamp::from_millis(seconds * 1000)
    })
}

/// The application. It returns the result that the layer passed to it.
fn application(
    mut request: Request<Full<Bytes>>,
) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    let mut response = Response::new(Full::default());
    if let Some(result) = request.extensions_mut().remove::<SignInResult>() {
        response.extensions_mut().insert(result);
    }
    ready(Ok(response))
}

/// Creates a request from an address.
pub(crate) fn request(
    method: Method,
    path: &str,
    headers: HeaderMap,
    body: String,
    address: Address,
) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().expect("a path");
    *request.headers_mut() = headers;
    request.extensions_mut().insert(peer(address));
    request
}

/// The address of the connection.
pub(crate) fn peer(address: Address) -> PeerAddress {
    let ips: [IpAddr; 4] = [
        [192, 0, 2, 1].into(),
        [192, 0, 2, 2].into(),
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(),
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2].into(),
    ];
    PeerAddress(SocketAddr::new(ips[usize::from(address.0)], 1025))
}
