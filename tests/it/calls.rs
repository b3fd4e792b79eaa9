//! The store calls of each step.

use tower_sqrl::nuts::NutState::{Authorized, Pending};
use tower_sqrl_client::browser::Waiting;

use crate::common::Hook::{
    self, Apply, GetNut, GetUserIdByCpsSessionId, LookUp, RemoveCpsSessionId, RemoveNut,
    StoreCpsSessionId, StoreNut,
};
use crate::common::{Site, alice, new_alice};

/// Compares calls without regard to the order of concurrent ones.
fn same(mut calls: Vec<Hook>, expected: &[Hook]) {
    let text = |hook: &Hook| format!("{hook:?}");
    calls.sort_by_key(text);
    let mut expected = expected.to_vec();
    expected.sort_by_key(text);
    assert_eq!(calls, expected);
}

#[tokio::test]
async fn calls_of_client_requests() {
    let site = Site::new().await;
    let visit = site.visit().await;
    same(site.tap.calls(), &[StoreNut(Pending)]);
    let mut chain = visit.chain(&alice());
    chain.query().await;
    let step = [RemoveNut(Pending), LookUp, StoreNut(Pending)];
    same(site.tap.calls(), &step);
    chain.ident().await;
    same(site.tap.calls(), &[&step[..], &[Apply, StoreNut(Authorized)]].concat());

    // The identity is known, and nothing is written.
    let mut chain = site.visit().await.chain(&alice());
    site.tap.calls();
    chain.ident().await;
    same(site.tap.calls(), &[&step[..], &[StoreNut(Authorized)]].concat());
    let mut chain = site.visit().await.chain(&alice()).with_opt("cps");
    site.tap.calls();
    chain.ident().await;
    same(site.tap.calls(), &[&step[..], &[StoreNut(Authorized), StoreCpsSessionId]].concat());
    // The maximum: 6 calls, or 7 with a nut of another server.
    let mut chain = site.visit().await.chain(&alice()).with_opt("cps~sqrlonly");
    site.tap.calls();
    chain.ident().await;
    same(
        site.tap.calls(),
        &[&step[..], &[Apply, StoreNut(Authorized), StoreCpsSessionId]].concat(),
    );

    let mut chain = site.visit().await.chain(&new_alice());
    let form = chain.signed(&chain.params_with_pidk("query")).signed("pids", &chain.previous());
    site.tap.calls();
    chain.send(&form).await;
    same(site.tap.calls(), &step);
    chain.send(&chain.rekey("disable")).await;
    same(site.tap.calls(), &[&step[..], &[Apply]].concat());

    // The waiting page receives the reason.
    site.tap.calls();
    chain.ident().await;
    same(site.tap.calls(), &[&step[..], &[StoreNut(Authorized)]].concat());

    // An unknown command needs no look-up.
    let mut chain = site.visit().await.chain(&alice());
    site.tap.calls();
    chain.send(&chain.signed(&chain.params("dance"))).await;
    same(site.tap.calls(), &[RemoveNut(Pending), StoreNut(Pending)]);
}

#[tokio::test]
async fn a_nut_of_another_server_needs_a_look_up() {
    let (site, other) = Site::pair(|builder| builder).await;
    let mut chain = other.visit().await.chain_by(&alice(), &site.http());
    let step = [RemoveNut(Pending), LookUp, StoreNut(Pending)];
    chain.query().await;
    same(site.tap.calls(), &[&[GetNut(Pending)], &step[..]].concat());
    // This server has issued the next nut.
    chain.query().await;
    same(site.tap.calls(), &step);
}

#[tokio::test]
async fn calls_of_browser_requests() {
    let site = Site::new().await;
    let visit = site.visit().await;
    site.tap.calls();
    assert_eq!(visit.poll().await, Waiting::Pending);
    // The outcome and the refusal, concurrently.
    same(site.tap.calls(), &[GetNut(Authorized), GetNut(Authorized)]);
    visit.chain(&alice()).ident().await;
    assert!(matches!(visit.poll().await, Waiting::GoTo(_)));
    site.tap.calls();
    visit.browser.open(&visit.signed_in_url()).await.expect("a page");
    // The last call stores that the sign-in has been collected.
    let collection =
        [GetNut(Authorized), LookUp, RemoveNut(Authorized), LookUp, StoreNut(Authorized)];
    same(site.tap.calls(), &collection);

    let visit = site.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("cps");
    chain.ident().await;
    site.tap.calls();
    let page = visit.browser.open(&chain.cps_url()).await;
    assert_eq!(page.expect("a page").status, 200);
    same(
        site.tap.calls(),
        &[GetUserIdByCpsSessionId, GetUserIdByCpsSessionId, LookUp, RemoveCpsSessionId, LookUp],
    );
}

#[tokio::test]
async fn foreign_and_unsigned_requests_make_no_calls() {
    let site = Site::new().await;
    let visit = site.visit().await;
    site.tap.calls();
    for path in
        ["/", "/elsewhere", "/signed-in", "/signed-in?nut=AAAAAAAAAAAAAAAAAAAAAA", "/cps.sqrl"]
    {
        visit.browser.open(&format!("{}{path}", site.socket_url)).await.expect("a page");
    }
    let chain = visit.chain(&alice());
    chain.post("client=&server=&ids=").await;
    chain.post(vec![b'a'; 10_000]).await;
    let form = chain.signed(&chain.params("ident")).altered("ids", &"A".repeat(86));
    chain.clone().send(&form).await;
    assert!(site.tap.calls().is_empty());
}
