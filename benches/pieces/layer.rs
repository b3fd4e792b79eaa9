//! A request of the application, passing through the layer.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::task::{Context, Poll};

use bytes::Bytes;
use divan::Bencher;
use futures_util::FutureExt as _;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer as _, Service};
use tower_sqrl::memory::MemoryIdentityStore;
use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::{PeerAddress, Sqrl};

/// An application that responds immediately and allocates nothing.
#[derive(Clone)]
struct Application;

impl Service<Request<Empty<Bytes>>> for Application {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Empty<Bytes>>) -> Self::Future {
        ready(Ok(Response::new(Empty::new())))
    }
}

/// With the client's address in its extensions, which the layer requires of every server.
fn request() -> Request<Empty<Bytes>> {
    let peer = PeerAddress(SocketAddr::from(([192, 0, 2, 1], 443)));
    let request = Request::get("/articles/2026/how-to-sign-in").extension(peer);
    request.body(Empty::new()).unwrap()
}

#[divan::bench]
fn without_the_layer(bencher: Bencher<'_, '_>) {
    let mut service = Application;
    bencher
        .with_inputs(request)
        .bench_local_values(|request| service.call(request).now_or_never().unwrap());
}

#[divan::bench]
fn passing_through(bencher: Bencher<'_, '_>) {
    let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    let sqrl = Sqrl::builder("https://example.com", nuts, identities).build().unwrap();
    let mut service = sqrl.layer().layer(Application);
    bencher
        .with_inputs(request)
        .bench_local_values(|request| service.call(request).now_or_never().unwrap());
}
