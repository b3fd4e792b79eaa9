//! A site in this process: the layer around a small application, without a socket.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use tokio::runtime::{Builder, Runtime};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_sqrl::nuts::Timestamp;
use tower_sqrl::{
    ChallengeOptions, Clock, ConfigError, PeerAddress, SignInResult, Sqrl, SqrlBuilder,
};

use crate::stores::Stores;

/// The fixed time of every site.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) struct Site {
    pub(crate) stores: Arc<Stores>,
    sqrl: Sqrl,
}

/// The result of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response<Bytes>,
    /// The request that reached the application, if any.
    pub(crate) passed: Option<Passed>,
}

/// A request as the application receives it.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) request: Request<Bytes>,
    pub(crate) sign_in: Option<SignInResult>,
}

thread_local! {
    static RUNTIME: Runtime =
        Builder::new_current_thread().enable_time().build().expect("a runtime");
}

impl Site {
    /// Creates a site at `http://localhost`.
    pub(crate) fn new(
        configure: impl FnOnce(SqrlBuilder) -> SqrlBuilder,
    ) -> Result<Self, ConfigError> {
        let stores = Arc::new(Stores::default());
        let builder = Sqrl::builder_shared(
            "http://localhost",
            Arc::clone(&stores) as _,
            Arc::clone(&stores) as _,
        );
        let sqrl = configure(builder.clock(Clock::from_fn(|| NOW))).build()?;
        Ok(Self { stores, sqrl })
    }

    /// Sends a request from this address.
    pub(crate) fn send(&self, peer: IpAddr, mut request: Request<Bytes>) -> Answer {
        request.extensions_mut().insert(PeerAddress(SocketAddr::new(peer, 40_000)));
        let passed = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&passed);
        let application = service_fn(move |request| application(request, Arc::clone(&seen)));
        let answer = self.sqrl.layer().layer(application).oneshot(request.map(Full::new));
        let response = RUNTIME.with(|runtime| {
            runtime.block_on(async {
                let Ok(response) = answer.await;
                let (parts, body) = response.into_parts();
                // An event stream does not end.
                let is_stream = parts
                    .headers
                    .get(header::CONTENT_TYPE)
                    .is_some_and(|kind| kind == "text/event-stream");
                let body = if is_stream {
                    Bytes::new()
                } else {
                    let Ok(body) = body.collect().await;
                    body.to_bytes()
                };
                Response::from_parts(parts, body)
            })
        });
        let passed = passed.lock().unwrap_or_else(PoisonError::into_inner).take();
        Answer { response, passed }
    }
}

async fn application(
    request: Request<Full<Bytes>>,
    seen: Arc<Mutex<Option<Passed>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await;
    // The layer puts itself beside what it lets through to a page of the sign-in's.
    let challenge = match parts.extensions.get::<Sqrl>() {
        Some(sqrl) if parts.uri.path() == "/login" => {
            sqrl.challenge(&parts, ChallengeOptions::default()).await.ok()
        }
        _ => None,
    };
    let request = Request::from_parts(parts, body.to_bytes());
    let sign_in = request.extensions().get::<SignInResult>().cloned();
    *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Passed { request, sign_in });
    Ok(match challenge {
        Some(challenge) => challenge.page().map(|page| Full::new(page.into())),
        None => Response::new(Full::new(Bytes::from_static(b"the application"))),
    })
}
