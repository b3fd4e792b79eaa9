//! Rows 31 to 33: stores that fail, lose replies or lose swaps, in every step.

use std::time::Duration;

use axum::http::Request;
use axum::http::request::Builder;
use tower_sqrl::LinkError;
use tower_sqrl::nuts::NutState::{Authorized, Pending};
use tower_sqrl::protocol::Idk;
use tower_sqrl_client::browser::Waiting;

use crate::common::Hook::{
    Apply, GetNut, GetUserIdByCpsSessionId, LookUp, RemoveCpsSessionId, RemoveNut,
    StoreCpsSessionId, StoreNut,
};
use crate::common::{Hook, Site, Verdict, alice, call_layer, mallory, new_alice};

/// The server that issued the SQRL URL.
#[derive(PartialEq)]
enum Issuer {
    /// The server that receives the request.
    Same,
    /// Another server, so that the receiving one looks up the record of the nut.
    Other,
}

/// A store call fails once during an `ident`. Checks the `tif` of the reply, and of the next
/// attempt (`again`).
async fn ident(issuer: Issuer, hook: Hook, verdict: Verdict, tif: &str, again: &str) {
    for opt in ["suk", "cps"] {
        let (site, other) = Site::pair(|builder| builder).await;
        let mut visit = if issuer == Issuer::Same { &site } else { &other }.visit().await;
        visit.http = site.http();
        let mut chain = visit.chain(&alice()).with_opt(opt);
        site.tap.plan(hook, verdict);
        assert_eq!(chain.ident().await, tif, "{opt}");
        assert!(site.tap.is_done());
        assert_eq!(site.sqrl.store_failures(), 1, "counted once");
        if tif == "60" {
            // The SQRL URL is still valid.
            chain = visit.chain(&alice()).with_opt(opt);
        }
        assert_eq!(chain.ident().await, again, "{opt}");
        if again == "60" {
            continue;
        }
        if opt == "suk" {
            visit.collect().await;
        } else if again == "5" {
            let url = chain.cps_url();
            assert_eq!(visit.browser.open(&url).await.expect("a page").status, 200);
        }
        assert!(matches!(visit.poll().await, Waiting::Gone(_)));
    }
}

#[tokio::test]
async fn row_31_looking_at_the_nut() {
    ident(Issuer::Other, GetNut(Pending), Verdict::Fail, "60", "5").await;
    ident(Issuer::Other, GetNut(Pending), Verdict::LoseReply, "60", "5").await;
}

#[tokio::test]
async fn row_31_taking_the_nut() {
    ident(Issuer::Other, RemoveNut(Pending), Verdict::Fail, "64", "5").await;
    ident(Issuer::Other, RemoveNut(Pending), Verdict::LoseReply, "64", "5").await;
    ident(Issuer::Same, RemoveNut(Pending), Verdict::Fail, "64", "5").await;
    // The server has not looked up the nut, which another request may have consumed before.
    ident(Issuer::Same, RemoveNut(Pending), Verdict::LoseReply, "64", "60").await;
    // If the nut was not taken, the reply's nut is an alias, and only one of the two can be used.
    for used_first in [false, true] {
        let site = Site::new().await;
        let visit = site.visit().await;
        let (sqrl_url, mut alias) = (visit.chain(&alice()), visit.chain(&alice()));
        site.tap.plan(RemoveNut(Pending), Verdict::Fail);
        assert_eq!(alias.ident().await, "64");
        let mut chains = [sqrl_url, alias];
        assert_eq!(chains[usize::from(used_first)].query().await, "4");
        assert_eq!(chains[usize::from(!used_first)].query().await, "60");
    }
    // If the server cannot find out, the reply's nut is dead.
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    site.tap.plan(RemoveNut(Pending), Verdict::Fail);
    site.tap.plan(GetNut(Pending), Verdict::Fail);
    assert_eq!(chain.ident().await, "64");
    assert_eq!(chain.ident().await, "60");
}

#[tokio::test]
async fn row_31_looking_the_identity_up() {
    ident(Issuer::Same, LookUp, Verdict::Fail, "64", "5").await;
}

#[tokio::test]
async fn row_31_nothing_happened() {
    let site = Site::new().await;
    for hook in [RemoveNut(Pending), LookUp, Apply] {
        site.tap.plan(hook, Verdict::Fail);
        let visit = site.visit().await;
        visit.chain(&alice()).ident().await;
        assert_eq!(visit.poll().await, Waiting::Pending, "{hook:?}");
        assert_eq!(site.visit().await.chain(&alice()).query().await, "4", "{hook:?}");
    }
}

#[tokio::test]
async fn row_32_the_write_whose_reply_is_lost() {
    ident(Issuer::Same, Apply, Verdict::LoseReply, "5", "5").await;
}

#[tokio::test]
async fn row_32_the_write_that_fails() {
    ident(Issuer::Same, Apply, Verdict::Fail, "64", "5").await;
}

#[tokio::test]
async fn row_32_it_is_unknown_whether_the_write_succeeded() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    let tap = site.tap.clone();
    site.tap.before(Apply, async move { tap.plan(LookUp, Verdict::Fail) });
    site.tap.plan(Apply, Verdict::LoseReply);
    assert_eq!(chain.ident().await, "64");
    assert!(site.tap.is_done());
    assert_eq!(visit.poll().await, Waiting::Pending);
    assert_eq!(chain.ident().await, "5");
    visit.collect().await;
}

#[tokio::test]
async fn row_32_other_commands_whose_reply_is_lost() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&alice());
    for (command, tif, query) in [("disable", "d", "d"), ("enable", "5", "5"), ("remove", "4", "4")]
    {
        site.tap.plan(Apply, Verdict::LoseReply);
        assert_eq!(chain.run(command).await, tif, "{command}");
        assert!(site.tap.is_done());
        assert_eq!(chain.query().await, query, "{command}");
    }
}

/// The server cannot know which request superseded the old key, so the client must query again.
#[tokio::test]
async fn row_32_a_rekey_with_a_removal_whose_reply_is_lost() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&new_alice());
    assert_eq!(chain.query_as_successor().await, "6");
    site.tap.plan(Apply, Verdict::LoseReply);
    assert_eq!(chain.send(&chain.rekey("remove")).await, "64");
    assert_eq!(chain.query().await, "4");
    assert_eq!(site.visit().await.chain(&alice()).query().await, "204");
}

#[tokio::test]
async fn row_32_other_commands_whose_write_fails() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&alice());
    site.tap.plan(Apply, Verdict::Fail);
    assert_eq!(chain.disable().await, "64");
    assert_eq!(chain.query().await, "5");
    site.tap.plan(Apply, Verdict::Fail);
    assert_eq!(chain.remove().await, "64");
    assert_eq!(chain.query().await, "5");
}

#[tokio::test]
async fn row_32_the_outcome() {
    ident(Issuer::Same, StoreNut(Authorized), Verdict::Fail, "64", "5").await;
    ident(Issuer::Same, StoreNut(Authorized), Verdict::LoseReply, "64", "5").await;
}

#[tokio::test]
async fn row_32_the_cps_id() {
    for verdict in [Verdict::Fail, Verdict::LoseReply] {
        let site = Site::new().await;
        let visit = site.visit().await;
        let mut chain = visit.chain(&alice()).with_opt("cps~suk");
        site.tap.plan(StoreCpsSessionId, verdict);
        assert_eq!(chain.ident().await, "64");
        assert_eq!(chain.reply().url, None);
        assert_eq!(chain.ident().await, "5");
        let url = chain.cps_url();
        // The disable is done even if there is no page about it.
        site.tap.plan(StoreCpsSessionId, verdict);
        assert_eq!(chain.disable().await, "d");
        assert_eq!(chain.reply().url, None);
        assert_eq!(chain.query().await, "d", "the reply's nut is live");
        assert_eq!(visit.browser.open(&url).await.expect("a page").status, 401);
    }
}

#[tokio::test]
async fn row_32_the_next_nut() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    site.tap.plan(StoreNut(Pending), Verdict::Fail);
    assert_eq!(chain.query().await, "4");
    assert_eq!(chain.query().await, "60");
    let visit = site.visit().await;
    site.tap.plan(StoreNut(Pending), Verdict::Fail);
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    visit.collect().await;
}

#[tokio::test]
async fn row_33_swaps_that_are_lost() {
    for losses in 1..=4 {
        let site = Site::new().await;
        let visit = site.visit().await;
        let mut chain = visit.chain(&alice());
        for _ in 0..losses {
            site.tap.plan(Apply, Verdict::Preempt);
        }
        site.tap.calls();
        let expected = if losses <= 3 { "5" } else { "64" };
        assert_eq!(chain.ident().await, expected, "{losses}");
        assert!(site.tap.is_done());
        let count = |hook| site.tap.calls().into_iter().filter(|call| *call == hook).count();
        assert_eq!(count(Apply), if losses <= 3 { losses + 1 } else { 4 });
        if expected == "64" {
            assert_eq!(visit.poll().await, Waiting::Pending);
            assert_eq!(chain.ident().await, "5");
        }
        visit.collect().await;
    }
}

#[tokio::test]
async fn row_33_looking_up_again_fails() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    let tap = site.tap.clone();
    site.tap.before(Apply, async move { tap.plan(LookUp, Verdict::Fail) });
    site.tap.plan(Apply, Verdict::Preempt);
    assert_eq!(chain.ident().await, "64");
    assert!(site.tap.is_done());
    assert_eq!(chain.ident().await, "5");
}

/// A site with one identity, and its key.
async fn site_with_key() -> (Site, Idk) {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let idk = site.visit().await.chain(&alice()).idk();
    (site, idk.parse::<Idk>().expect("a key"))
}

#[tokio::test]
async fn linking_can_be_retried() {
    let (site, idk) = site_with_key().await;
    for (hook, verdict) in
        [(LookUp, Verdict::Fail), (Apply, Verdict::Fail), (Apply, Verdict::LoseReply)]
    {
        site.tap.plan(hook, verdict);
        let linked = site.sqrl.link(&idk, "alice").await;
        assert!(matches!(linked, Err(LinkError::Store(_))), "{hook:?}: {linked:?}");
    }
    assert_eq!(site.sqrl.store_failures(), 3);
    site.sqrl.link(&idk, "alice").await.expect("linked");
    let identity = site.sqrl.identity(&idk).await.expect("a store").expect("an identity");
    assert_eq!(identity.user, Some("alice".into()));
}

#[tokio::test]
async fn linking_survives_three_lost_swaps() {
    for losses in [3, 4] {
        let (site, idk) = site_with_key().await;
        for _ in 0..losses {
            site.tap.plan(Apply, Verdict::Preempt);
        }
        let linked = site.sqrl.link(&idk, "alice").await;
        assert!(site.tap.is_done());
        match losses {
            3 => linked.expect("linked"),
            _ => assert!(matches!(linked, Err(LinkError::Busy)), "{linked:?}"),
        }
    }
}

#[tokio::test]
async fn collecting_can_be_retried() {
    for hook in [GetNut(Authorized), LookUp, RemoveNut(Authorized)] {
        let site = Site::new().await;
        let visit = site.visit().await;
        visit.chain(&alice()).ident().await;
        let url = visit.signed_in_url();
        site.tap.plan(hook, Verdict::Fail);
        let page = visit.browser.open(&url).await.expect("a page");
        assert_eq!((page.status.as_u16(), site.tap.is_done()), (503, true), "{hook:?}");
        assert_eq!(visit.browser.open(&url).await.expect("a page").status, 200, "{hook:?}");
        assert_eq!(visit.browser.open(&url).await.expect("a page").status, 401, "{hook:?}");
    }
}

#[tokio::test]
async fn a_sign_in_is_collected_once_or_not_at_all() {
    let site = Site::new().await;
    let visit = site.visit().await;
    visit.chain(&alice()).ident().await;
    let url = visit.signed_in_url();
    // The take succeeds but its reply is lost. A lost sign-in is better than two sign-ins.
    site.tap.plan(RemoveNut(Authorized), Verdict::LoseReply);
    assert_eq!(visit.browser.open(&url).await.expect("a page").status, 503);
    assert_eq!(visit.browser.open(&url).await.expect("a page").status, 401);
    // The sign-in succeeds even if the mark that it is collected cannot be stored.
    let visit = site.visit().await;
    visit.chain(&mallory()).ident().await;
    site.tap.plan(StoreNut(Authorized), Verdict::Fail);
    let cookies = visit.browser.cookies();
    let url = visit.signed_in_url();
    assert_eq!(visit.browser.open(&url).await.expect("a page").status, 200);
    visit.browser.set_cookies(cookies);
    assert_eq!(visit.browser.open(&url).await.expect("a page").status, 401);
}

#[tokio::test]
async fn a_cps_url_can_be_retried() {
    for (hook, clean) in
        [(GetUserIdByCpsSessionId, false), (LookUp, true), (RemoveCpsSessionId, true)]
    {
        let site = Site::new().await;
        let visit = site.visit().await;
        let mut chain = visit.chain(&alice()).with_opt("cps");
        chain.ident().await;
        let url = chain.cps_url();
        site.tap.plan(hook, Verdict::Fail);
        let page = visit.browser.open(&url).await.expect("a page");
        assert_eq!((page.status.as_u16(), site.tap.is_done()), (503, true), "{hook:?}");
        assert_eq!(page.url.path() == "/signed-in", clean);
        let page = visit.browser.open(page.url.as_str()).await.expect("a page");
        assert_eq!(page.status, 200, "{hook:?}");
    }
}

#[tokio::test]
async fn pages_report_an_unreachable_store() {
    let site = Site::new().await;
    let visit = site.visit().await;
    for url in ["/login", "/nut.sqrl"] {
        site.tap.plan(StoreNut(Pending), Verdict::Fail);
        let page = visit.browser.open(&format!("{}{url}", site.socket_url)).await.expect("a page");
        assert_eq!(page.status, 503, "{url}");
    }
    for url in ["pag.sqrl", "pag.sqrl?go"] {
        site.tap.plan(GetNut(Authorized), Verdict::Fail);
        let query = if url.contains('?') { "&" } else { "?" };
        let answer = visit.get(&format!("{url}{query}nut={}", visit.sqrl_url.nut())).await;
        assert_eq!(answer.status(), 503, "{url}");
    }
    site.tap.plan(GetNut(Pending), Verdict::Fail);
    assert_eq!(visit.get(&format!("nut.sqrl?renew={}", visit.sqrl_url.nut())).await.status(), 503);
    assert_eq!(site.sqrl.store_failures(), 5);
}

/// Sends a request, disconnects during a store call, and then completes the call. A server drops
/// the unfinished future of a request whose client has disconnected.
async fn hangs_up_during(site: &Site, hook: Hook, request: Builder, body: String) {
    let (reached, begun) = tokio::sync::oneshot::channel();
    let (go_on, released) = tokio::sync::oneshot::channel::<()>();
    site.tap.before(hook, async move {
        reached.send(()).expect("a listener");
        released.await.expect("a word");
    });
    tokio::select! {
        answer = call_layer(site, request, body.into()) => panic!("not held: {answer:?}"),
        begun = begun => begun.expect("a word"),
    }
    // If the work was dropped together with the request, nothing receives this.
    let _ = go_on.send(());
}

#[tokio::test]
async fn a_disconnecting_client_leaves_no_step_unfinished() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let body = chain.signed(&chain.params_with_keys("ident")).encode();
    let path = chain.url.strip_prefix(&site.socket_url).expect("ours");
    hangs_up_during(&site, Apply, Request::post(path), body).await;
    let polled = visit.browser.wait(&visit.page.url, &visit.sqrl_url, Duration::from_secs(5)).await;
    assert!(matches!(polled, Ok(Waiting::GoTo(_))), "{polled:?}");
    visit.collect().await;
}

#[tokio::test]
async fn a_disconnecting_browser_leaves_no_collection_unfinished() {
    let site = Site::new().await;
    let visit = site.visit().await;
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    let path = format!("/signed-in?nut={}", visit.sqrl_url.nut());
    let request = Request::get(path).header("cookie", visit.cookies());
    // The sign-in is taken, and the mark is not yet stored.
    hangs_up_during(&site, StoreNut(Authorized), request, String::new()).await;
    let polled = visit.browser.wait(&visit.page.url, &visit.sqrl_url, Duration::from_secs(5)).await;
    assert!(matches!(polled, Ok(Waiting::Gone(_))), "{polled:?}");
}
