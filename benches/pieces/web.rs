//! The sign-in page and its QR code.

use std::net::SocketAddr;

use divan::black_box;
use futures_util::FutureExt as _;
use http::Request;
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::web::Qr;
use tower_sqrl::{ChallengeOptions, PeerAddress, Sqrl};

const SQRL_URL: &str = "sqrl://example.com/cli.sqrl?nut=AAAAAAAAAAAAAAAAAAAAAA";

#[divan::bench]
fn qr_svg() -> String {
    Qr::new(black_box(SQRL_URL)).unwrap().svg()
}

#[divan::bench]
fn qr_png() -> Vec<u8> {
    Qr::new(black_box(SQRL_URL)).unwrap().png()
}

#[divan::bench]
fn sign_in_page(bencher: divan::Bencher<'_, '_>) {
    let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    let sqrl = Sqrl::builder("https://example.com", nuts, identities).build().unwrap();
    let peer = PeerAddress(SocketAddr::from(([192, 0, 2, 1], 443)));
    let (parts, ()) = Request::get("/login").extension(peer).body(()).unwrap().into_parts();
    let challenge = sqrl.challenge(&parts, ChallengeOptions::default());
    let challenge = challenge.now_or_never().unwrap().unwrap();
    bencher.bench_local(|| challenge.fragment());
}
