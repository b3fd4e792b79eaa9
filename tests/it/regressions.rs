//! Regression tests for findings of reviews.

use tower_sqrl::nuts::NutState;
use tower_sqrl::protocol::Ask;
use tower_sqrl::{ChallengeOptions, SqrlBuilder};
use tower_sqrl_client::browser::{Browser, Waiting};

use crate::common::{Hook, Site, alice, mallory};

/// Records of refusals belong to the address that requested the SQRL URL. A client that is slowed
/// down must not use up its share.
#[tokio::test]
async fn a_client_that_is_slowed_down_evicts_no_sqrl_url() {
    let site = Site::with_nut_capacity(64, |builder| {
        builder.trusted_proxy("127.0.0.1").failures_per_minute(3)
    })
    .await;
    let (owner, thief) = (site.http_from("203.0.113.1"), site.http_from("198.51.100.1"));
    let visit = site.visit_in(&Browser::new(owner.clone())).await;
    let photographed = visit.chain_by(&mallory(), &thief);
    for request in 0..100 {
        let tif = photographed.clone().query().await;
        assert_eq!(tif, "40", "{request}");
    }
    assert_eq!(visit.chain_by(&alice(), &owner).ident().await, "5");
}

/// Concurrent requests each see that the limit is not reached.
#[tokio::test]
async fn concurrent_refusals_store_no_more_nuts_than_the_limit() {
    let configure =
        |builder: SqrlBuilder| builder.trusted_proxy("127.0.0.1").failures_per_minute(3);
    let site = Site::with(configure).await;
    let visit = site.visit_in(&Browser::new(site.http_from("203.0.113.1"))).await;
    let photographed = visit.chain_by(&mallory(), &site.http_from("198.51.100.1"));
    let meanwhile = photographed.clone();
    site.tap.before(Hook::GetNut(NutState::Pending), async move {
        for _ in 0..3 {
            assert_eq!(meanwhile.clone().query().await, "40");
        }
    });
    site.tap.calls();
    assert_eq!(photographed.clone().query().await, "40");
    assert!(site.tap.is_done());
    let stored = site
        .tap
        .calls()
        .into_iter()
        .filter(|hook| *hook == Hook::StoreNut(NutState::Pending))
        .count();
    assert_eq!(stored, 3);
}

/// Another site sends the browser to the renewal of the SQRL URL that its page shows.
#[tokio::test]
async fn a_renewal_by_another_site_ends_no_wait() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let url = format!("{}/nut.sqrl?renew={}", site.public_url, visit.sqrl_url.nut());
    assert_eq!(visit.browser.open(&url).await.expect("an answer").status, 200);
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    assert!(matches!(visit.poll().await, Waiting::GoTo(_)));
}

/// A sign-in that succeeded can be collected even if an earlier one of the same chain is outdated.
#[tokio::test]
async fn a_later_sign_in_replaces_an_outdated_one() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.ident().await, "5");
    assert_eq!(chain.disable().await, "d");
    assert_eq!(chain.enable().await, "5");
    assert_eq!(chain.ident().await, "5");
    assert!(visit.collect().await.body.contains(&chain.idk()));
}

/// A client signs in before its first query. The answer to the question of a later query still
/// reaches the application.
#[tokio::test]
async fn a_later_answer_replaces_a_missing_one() {
    let site = Site::new().await;
    let question = Ask::new("Really?").expect("a question").button("Yes").expect("a button");
    let visit = site.visit_with_options(ChallengeOptions::default().ask(question)).await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.ident().await, "5");
    for answer in ["2", "1"] {
        assert_eq!(chain.query().await, "5");
        let form = chain.signed(&chain.params("ident").with("btn", answer));
        assert_eq!(chain.send(&form).await, "5");
    }
    assert!(visit.collect().await.body.contains("button=1\n"));
}

/// A chain has one sign-in. A later CPS URL takes the place of the page.
#[tokio::test]
async fn a_later_cps_url_takes_the_wait_over() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.ident().await, "5");
    chain.opt = "cps";
    assert_eq!(chain.ident().await, "5");
    let url = chain.cps_url();
    assert_eq!(visit.browser.open(&visit.signed_in_url()).await.expect("a page").status, 401);
    assert_eq!(visit.browser.open(&url).await.expect("a page").status, 200);
}
