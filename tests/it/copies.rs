//! A server keeps copies of the records of nuts that it has issued. Here another server has
//! consumed such a nut. Every reply is the same as without a copy.

use tower_sqrl::nuts::NutState::Pending;
use tower_sqrl_client::base64url;

use crate::common::Hook::{self, GetNut, LookUp, RemoveNut, StoreNut};
use crate::common::{Chain, Site, Verdict, alice, mallory};

/// A chain whose nut the first server has issued and the second one has consumed.
async fn consumed_elsewhere(site: &Site, other: &Site) -> Chain {
    let chain = site.visit().await.chain(&alice());
    assert_eq!(chain.clone().with_http(&other.http()).query().await, "4");
    site.tap.calls();
    chain
}

type Alter<'a> = &'a dyn Fn(&mut Chain);

fn count(calls: &[Hook], hook: Hook) -> usize {
    calls.iter().filter(|call| **call == hook).count()
}

#[tokio::test]
async fn the_take_decides() {
    let (site, other) = Site::pair(|builder| builder).await;
    let mut chain = consumed_elsewhere(&site, &other).await;
    let again = chain.clone();
    assert_eq!(chain.ident().await, "60");
    let calls = site.tap.calls();
    assert_eq!(count(&calls, RemoveNut(Pending)), 1, "{calls:?}");
    assert_eq!(count(&calls, StoreNut(Pending)), 0, "a dead nut: {calls:?}");
    assert_eq!(chain.ident().await, "60", "a dead nut");
    // A copy is used once.
    site.tap.calls();
    assert_eq!(again.clone().ident().await, "60");
    assert_eq!(site.tap.calls(), [GetNut(Pending)]);
}

#[tokio::test]
async fn a_refusal_without_a_take_looks_at_the_nut() {
    let (site, other) = Site::pair(|builder| builder.trusted_proxy("127.0.0.1")).await;
    let elsewhere = site.http_from("198.51.100.1");
    let alterations: [(&str, Alter<'_>, &str); 3] = [
        ("another `server`", &|chain| chain.server = base64url::encode("qrl://elsewhere"), "c4"),
        ("another address", &|chain| *chain = chain.with_http(&elsewhere), "40"),
        ("another identity", &|chain| *chain = chain.as_other(&mallory()), "1c4"),
    ];
    for (what, alter, while_live) in alterations {
        let mut live = site.visit().await.chain(&alice());
        assert_eq!(live.query().await, "4");
        alter(&mut live);
        assert_eq!(live.ident().await, while_live, "{what}, a live nut");

        // The second server has consumed the nut of the first one's reply.
        let mut chain = site.visit().await.chain(&alice());
        assert_eq!(chain.query().await, "4");
        assert_eq!(chain.with_http(&other.http()).query().await, "4");
        site.tap.calls();
        alter(&mut chain);
        assert_eq!(chain.ident().await, "60", "{what}");
        assert_eq!(site.tap.calls(), [GetNut(Pending)], "{what}: nothing is stored");
    }
}

#[tokio::test]
async fn a_failed_take_issues_a_live_nut_only_if_the_nut_was_seen() {
    let (site, other) = Site::pair(|builder| builder).await;
    let mut chain = consumed_elsewhere(&site, &other).await;
    site.tap.plan(RemoveNut(Pending), Verdict::Fail);
    assert_eq!(chain.ident().await, "64");
    assert_eq!(count(&site.tap.calls(), StoreNut(Pending)), 0);
    assert_eq!(chain.ident().await, "60", "a dead nut");
}

#[tokio::test]
async fn a_nut_that_another_server_has_consumed_is_noted_as_spent() {
    let (site, other) = Site::pair(|builder| builder.failures_per_minute(1).nut_key([7; 32])).await;
    let chain = consumed_elsewhere(&site, &other).await;
    site.visit().await.chain(&alice()).post("nonsense").await;
    site.tap.calls();
    for _ in 0..3 {
        assert_eq!(chain.clone().ident().await, "c0");
    }
    let calls = site.tap.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!((count(&calls, RemoveNut(Pending)), count(&calls, LookUp)), (1, 1), "{calls:?}");
}

#[tokio::test]
async fn what_the_store_has_not_confirmed_is_not_copied() {
    for (verdict, tif) in [(Verdict::Fail, "60"), (Verdict::LoseReply, "4")] {
        let site = Site::new().await;
        let mut chain = site.visit().await.chain(&alice());
        site.tap.plan(StoreNut(Pending), verdict);
        assert_eq!(chain.query().await, "4");
        site.tap.calls();
        assert_eq!(chain.query().await, tif);
        assert_eq!(count(&site.tap.calls(), GetNut(Pending)), 1);
    }
}
