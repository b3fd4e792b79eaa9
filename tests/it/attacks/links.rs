//! Attack 13: signing the victim into the attacker's account.

use tower_sqrl_client::browser::Browser;

use crate::common::{Site, cps_id, mallory};

#[tokio::test]
async fn attack_13_a_cps_url_sent_to_the_victim() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&mallory()).with_opt("cps");
    assert_eq!(chain.ident().await, "5");
    let url = chain.cps_url();
    // The victim has a link of its own open, and follows the attacker's URL.
    let victim = site.visit().await;
    let page = victim.browser.open(&url).await.expect("a page");
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/cps.sqrl"), "it asks");
    let page = victim.browser.open(&format!("{}/signed-in", site.public)).await.expect("a page");
    assert_eq!(page.status, 401);
    // A form on the attacker's site does not confirm for the victim.
    let id = cps_id(&url);
    let evil = "https://evil.example/".parse().expect("an address");
    let action = format!("{}/cps.sqrl", site.public);
    let page = victim.browser.submit(&evil, &action, &[("id", id)]).await.expect("a page");
    assert_eq!(page.status, 403);
    let page = victim.browser.open(&format!("{}/signed-in", site.public)).await.expect("a page");
    assert_eq!(page.status, 401);
    assert_eq!(victim.pag().await.status(), 404, "its own wait goes on");
}

/// The address to which the waiting page is sent holds nothing that signs anybody else in.
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
