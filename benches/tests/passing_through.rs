//! A request of the application costs one allocation: the `Sqrl` that extractors find in its extensions.

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Method, Request, Response};
use http_body_util::Empty;
use tower::{Layer as _, Service as _, service_fn};
use tower_sqrl::Sqrl;
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};

#[test]
fn one_allocation() {
    let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    let sqrl = Sqrl::builder("https://example.com", nuts, identities).build().expect("a site");
    let application = service_fn(|_: Request<Empty<Bytes>>| {
        ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
    });
    let mut service = sqrl.layer().layer(application);
    let mut allocations = |path: &str| {
        // A real request already has extensions, such as the client's address.
        let request = Request::builder().method(Method::GET).uri(path).extension(7_u8);
        let request = request.body(Empty::new()).expect("a request");
        let mut response = None;
        let counted = allocation_counter::measure(|| {
            response = service.call(request).now_or_never();
        });
        assert!(response.expect("ready immediately").is_ok(), "{path}");
        counted.count_total
    };
    for path in ["/", "/articles/1?a=b", "/cli.sqrl/x", "/login", "/sqrl.jsx"] {
        assert_eq!(allocations(path), 1, "{path}");
    }
    // A request that the layer answers allocates more, so the counter works.
    assert!(allocations("/sqrl.css") > 1);
}
