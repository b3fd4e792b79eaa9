//! Whole SQRL requests through the layer, without a socket or an HTTP parser.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use divan::Bencher;
use futures_util::FutureExt as _;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tower::{Layer as _, Service, service_fn};
use tower_sqrl::memory::MemoryIdentityStore;
use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::middleware::SqrlBody;
use tower_sqrl::{ChallengeOptions, PeerAddress, Sqrl};
use tower_sqrl_client::keys::{Ilk, Rlk, SiteKey, UnlockPair};
use tower_sqrl_client::wire::{ClientParams, Command, Form, Reply};
use tower_sqrl_client::{SqrlUrl, base64url};

const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4711);

fn sqrl() -> Sqrl {
    let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    Sqrl::builder("https://example.com", nuts, identities).build().unwrap()
}

fn service(
    sqrl: &Sqrl,
) -> impl Service<Request<Full<Bytes>>, Response = Response<SqrlBody<Full<Bytes>>>, Error = Infallible>
{
    let none = async |_: Request<Full<Bytes>>| Ok(Response::new(Full::default()));
    sqrl.layer().layer(service_fn(move |request| none(request).boxed()))
}

/// Returns a client's request. `server` is the SQRL URL or the last reply.
fn request(key: &SiteKey, command: &Command, path: &str, server: &str) -> Request<Full<Bytes>> {
    let mut params = ClientParams::new(command, key.idk());
    if *command == Command::Ident {
        let pair = UnlockPair::from_rlk(&Ilk::from_bytes([9; 32]), &Rlk::from_bytes([7; 32]));
        params = params.with_pair(&pair);
    }
    let form = Form::new(&params.encode(), server).signed("ids", key);
    let request = Request::post(path).extension(PeerAddress(PEER));
    request.body(Full::new(form.encode().into())).unwrap()
}

fn link(sqrl: &Sqrl) -> SqrlUrl {
    let request = Request::get("/login").extension(PeerAddress(PEER)).body(()).unwrap();
    let (parts, ()) = request.into_parts();
    let made = sqrl.challenge(&parts, ChallengeOptions::default());
    made.now_or_never().unwrap().unwrap().sqrl_url().parse().unwrap()
}

fn query(sqrl: &Sqrl, key: &SiteKey) -> Request<Full<Bytes>> {
    let link = link(sqrl);
    let path = format!("/cli.sqrl?nut={}", link.nut());
    request(key, &Command::Query, &path, &base64url::encode(link.as_str()))
}

/// Returns the reply of the server.
fn reply(response: Response<SqrlBody<Full<Bytes>>>) -> Reply {
    let body = response.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
    Reply::parse(std::str::from_utf8(&body).unwrap()).unwrap()
}

#[divan::bench]
fn link_with_cookie(bencher: Bencher<'_, '_>) {
    let sqrl = sqrl();
    bencher.bench_local(|| link(&sqrl));
}

#[divan::bench]
fn answer_query(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    let sqrl = sqrl();
    let (key, mut service) = (SiteKey::from_seed(&[7; 32]), service(&sqrl));
    let known = reply(service.call(query(&sqrl, &key)).now_or_never().unwrap().unwrap());
    assert_eq!(known.tif.to_string(), "4");
    bencher
        .with_inputs(|| query(&sqrl, &key))
        .bench_local_values(|request| service.call(request).now_or_never().unwrap().unwrap());
}

#[divan::bench]
fn answer_ident(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    let sqrl = sqrl();
    let key = SiteKey::from_seed(&[7; 32]);
    let (mut first, mut service) = (service(&sqrl), service(&sqrl));
    bencher
        .with_inputs(|| {
            let answer = first.call(query(&sqrl, &key)).now_or_never().unwrap().unwrap();
            let answer = reply(answer);
            request(&key, &Command::Ident, &answer.qry, &answer.raw)
        })
        .bench_local_values(|request| service.call(request).now_or_never().unwrap().unwrap());
}
