//! Attack 13: signing the victim in to the attacker's account. Attack 14: linking the attacker's
//! identity to the victim's account.

use tower_sqrl::ChallengeOptions;
use tower_sqrl_client::browser::Browser;

use crate::common::{Site, alice, cps_id, mallory};

#[tokio::test]
async fn attack_13_a_cps_url_sent_to_the_victim() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&mallory()).with_opt("cps");
    assert_eq!(chain.ident().await, "5");
    let url = chain.cps_url();
    // The victim has a sign-in page open, and opens the attacker's CPS URL.
    let victim = site.visit().await;
    let page = victim.browser.open(&url).await.expect("a page");
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/cps.sqrl"), "it asks");
    let page =
        victim.browser.open(&format!("{}/signed-in", site.public_url)).await.expect("a page");
    assert_eq!(page.status, 401);
    // A form on the attacker's site does not confirm for the victim.
    let id = cps_id(&url);
    let evil = "https://evil.example/".parse().expect("an address");
    let action = format!("{}/cps.sqrl", site.public_url);
    let page = victim.browser.submit(&evil, &action, &[("id", id)]).await.expect("a page");
    assert_eq!(page.status, 403);
    let page =
        victim.browser.open(&format!("{}/signed-in", site.public_url)).await.expect("a page");
    assert_eq!(page.status, 401);
    assert_eq!(victim.poll_response().await.status(), 404, "its own wait goes on");
}

/// The URL that the waiting page receives signs no other browser in.
#[tokio::test]
async fn attack_13_a_waiting_pages_address_sent_to_the_victim() {
    let site = Site::new().await;
    let visit = site.visit().await;
    assert_eq!(visit.chain(&mallory()).ident().await, "5");
    let victim = Browser::new(site.http());
    let page = victim.open(&visit.signed_in_url()).await.expect("a page");
    assert_eq!(page.status, 401);
    visit.collect().await;
}

/// Alice is signed in and adds an identity to her account. Mallory sees the QR code.
#[tokio::test]
async fn attack_14_a_strangers_identity_linked_with_the_victims_account() {
    let site = Site::new().await;
    let visit = site.visit_with_options(ChallengeOptions::linking()).await;
    let elsewhere = site.http_at("127.0.0.2");
    let mut stranger = visit.chain_by(&mallory(), &elsewhere);
    for opt in ["suk", "suk~noiptest", "suk~noiptest~cps"] {
        stranger.opt = opt;
        assert_eq!(stranger.ident().await, "40", "{opt}");
        assert_eq!(stranger.reply().url, None, "{opt}");
    }
    assert_eq!(visit.poll_response().await.status(), 404, "the wait goes on");
    // The purpose of a renewed SQRL URL is linking too.
    let renewed = visit.renew().await;
    let mut stranger = renewed.chain_by(&mallory(), &elsewhere).with_opt("noiptest");
    assert_eq!(stranger.ident().await, "40");
    // After a query from her address, another identity still cannot continue.
    let mut chain = renewed.chain(&alice());
    assert_eq!(chain.query().await, "4");
    assert_eq!(chain.with_http(&elsewhere).with_opt("noiptest").ident().await, "40");
    assert_eq!(chain.ident().await, "5");
    assert!(renewed.collect().await.body.contains(&chain.idk()));
}

/// If another device may sign in, the application receives that it did.
#[tokio::test]
async fn attack_14_the_application_learns_whether_the_address_is_the_same() {
    let site = Site::new().await;
    for (address, same) in [("127.0.0.1", true), ("127.0.0.2", false)] {
        let visit = site.visit_with_options(ChallengeOptions::default().accept_new()).await;
        // The address of the `ident` counts, not the address of the query.
        let mut chain = visit.chain(&mallory()).with_opt("noiptest");
        chain.query().await;
        let mut chain = chain.with_http(&site.http_at(address));
        assert_eq!(chain.ident().await, if same { "5" } else { "1" });
        let received = visit.collect().await.body;
        assert!(received.contains(&format!("same_address={same}\n")), "{received}");
    }
}

/// Mallory photographs a QR code that the page then renews, and uses it after Alice has signed in.
#[tokio::test]
async fn attack_14_a_renewed_code_answered_after_the_sign_in() {
    for (opt, pause) in [("suk", 0), ("suk", 130), ("suk", 590), ("suk~cps", 0), ("suk~cps", 590)] {
        let site = Site::new().await;
        let visit = site.visit().await;
        site.clock.advance_seconds(285);
        let renewed = visit.renew().await;
        let mut stranger = visit.chain(&mallory());
        assert_eq!(stranger.query().await, "4");
        // The page has another SQRL URL, which no client uses.
        visit.renew().await;
        let before = visit.browser.cookies();
        let mut chain = renewed.chain(&alice()).with_opt(opt);
        assert_eq!(chain.ident().await, "5");
        let url = if opt == "suk" { visit.signed_in_url() } else { chain.cps_url() };
        assert!(visit.browser.open(&url).await.expect("a page").body.contains(&chain.idk()));
        site.clock.advance_seconds(pause);
        assert_eq!(stranger.ident().await, "1c4", "{opt} after {pause} s");
        // The browser has deleted the cookie of the wait. Even with the cookie there is no sign-in
        // to collect.
        let after = visit.browser.cookies();
        let names: Vec<_> = after.iter().map(|cookie| cookie.name.clone()).collect();
        assert_eq!(names, ["sqrl-ended"], "{opt}, {pause}");
        for cookies in [after, before] {
            visit.browser.set_cookies(cookies);
            for page in [&visit, &renewed] {
                let opened = visit.browser.open(&page.signed_in_url()).await.expect("a page");
                assert_eq!(opened.status, 401, "{opt}, {pause}");
                let renew = format!("nut.sqrl?renew={}", page.sqrl_url.nut());
                assert_eq!(page.get(&renew).await.status(), 410, "{opt}, {pause}");
            }
        }
    }
}

/// Mallory photographs the QR code and gets a CPS URL from another address. The wait goes on, and
/// the URL asks a question even in the browser that waits.
#[tokio::test]
async fn attack_13_a_cps_url_from_another_address() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let elsewhere = site.http_at("127.0.0.2");
    let mut stranger = visit.chain_by(&mallory(), &elsewhere).with_opt("noiptest~cps");
    assert_eq!(stranger.ident().await, "1");
    assert_eq!(visit.poll_response().await.status(), 404, "the wait goes on");
    let page = visit.browser.open(&stranger.cps_url()).await.expect("a page");
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/cps.sqrl"), "it asks");
    let signed_in = format!("{}/signed-in", site.public_url);
    assert_eq!(visit.browser.open(&signed_in).await.expect("a page").status, 401);
    // A client at the browser's address can still sign in on the page.
    let mut chain = stranger.with_http(&site.http()).with_opt("suk");
    assert_eq!(chain.ident().await, "5");
    assert!(visit.collect().await.body.contains(&chain.idk()));
}

/// If the user confirms the CPS URL, the wait ends.
#[tokio::test]
async fn a_confirmed_cps_url_from_another_address_ends_the_wait() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let before = visit.browser.cookies();
    let elsewhere = site.http_at("127.0.0.2");
    let mut chain = visit.chain_by(&alice(), &elsewhere).with_opt("noiptest~cps");
    assert_eq!(chain.ident().await, "1");
    let url = chain.cps_url();
    let page = visit.browser.open(&url).await.expect("a page");
    let id = cps_id(&url);
    let page = visit.browser.submit(&page.url, "/cps.sqrl", &[("id", id)]).await.expect("a page");
    assert!(page.body.contains(&chain.idk()), "{}", page.body);
    assert!(page.body.contains("same_address=false"), "{}", page.body);
    assert_eq!(visit.poll_response().await.body(), "taken-over");
    visit.browser.set_cookies(before);
    assert_eq!(visit.poll_response().await.body(), "collected");
}
