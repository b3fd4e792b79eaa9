//! What a browser is shown.

use divan::black_box;
use tower_sqrl::web::{Qr, SignInPage, Texts};

const LINK: &str = "sqrl://example.com/cli.sqrl?nut=AAAAAAAAAAAAAAAAAAAAAA";

#[divan::bench]
fn qr_svg() -> String {
    Qr::new(black_box(LINK)).unwrap().svg()
}

#[divan::bench]
fn qr_png() -> Vec<u8> {
    Qr::new(black_box(LINK)).unwrap().png()
}

#[divan::bench]
fn sign_in_page(bencher: divan::Bencher<'_, '_>) {
    let texts = Texts::default();
    bencher.bench(|| {
        let nut = "AAAAAAAAAAAAAAAAAAAAAA";
        let page =
            SignInPage { link: black_box(LINK), nut, base: "", expires_in: 300, texts: &texts };
        page.render().unwrap()
    });
}
