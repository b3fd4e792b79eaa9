//! Attack 9: races, as far as one process can run them. The other server acts between two store
//! calls of the first server.

use tower_sqrl::nuts::NutState::Authorized;
use tower_sqrl_client::Identity;
use tower_sqrl_client::browser::{Browser, Waiting};

use crate::common::{
    Chain, Hook, Setup, Site, Verdict, Visit, alice, cps_id, mallory, new_alice, rekey,
};

/// Two servers that share their stores. Only the first one has the tap.
async fn two_servers() -> (Site, Site) {
    let first = Site::new().await;
    let tap = first.tap.with_new_tap();
    let second =
        Site::on_stores(tap, first.clock.clone(), Setup::default(), |builder| builder).await;
    (first, second)
}

/// A chain of Alice at the second server, after a query.
async fn at(second: &Site) -> Chain {
    let mut chain = second.visit().await.chain(&alice());
    assert_eq!(chain.query().await, "5");
    chain
}

#[tokio::test]
async fn attack_09_an_ident_does_not_undo_a_disable() {
    let (first, second) = two_servers().await;
    first.sign_up(&alice()).await;
    let visit = first.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("sqrlonly");
    let mut other = at(&second).await;
    first.tap.before(Hook::Apply, async move { assert_eq!(other.disable().await, "d") });
    assert_eq!(chain.ident().await, "4d");
    assert!(first.tap.is_done());
    assert_eq!(visit.poll_response().await.status(), 404);
    assert_eq!(second.visit().await.chain(&alice()).query().await, "d");
}

#[tokio::test]
async fn attack_09_an_ident_does_not_resurrect_what_is_removed() {
    let (first, second) = two_servers().await;
    first.sign_up(&alice()).await;
    let visit = first.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("sqrlonly");
    let mut other = at(&second).await;
    first.tap.before(Hook::Apply, async move { assert_eq!(other.remove().await, "4") });
    let form = chain.signed(&chain.params("ident"));
    assert_eq!(chain.send(&form).await, "c4");
    assert!(first.tap.is_done());
    assert_eq!(visit.poll_response().await.status(), 404);
    assert_eq!(second.visit().await.chain(&alice()).query().await, "4");
}

#[tokio::test]
async fn attack_09_a_superseded_mark_is_not_lost() {
    let (first, second) = two_servers().await;
    // The key is unknown when the first server looks it up, and superseded when it writes.
    let mut other = second.visit().await.chain(&new_alice());
    first.tap.before(Hook::Apply, async move {
        let form = other.signed(&other.params_with_pidk("ident")).signed("pids", &other.previous());
        assert_eq!(other.send(&form).await, "5");
    });
    assert_eq!(first.visit().await.chain(&alice()).ident().await, "244");
    assert!(first.tap.is_done());
    // The key is live when the first server looks it up, and rekeyed when it writes.
    let (first, second) = two_servers().await;
    first.sign_up(&alice()).await;
    let mut other = second.visit().await.chain(&new_alice());
    first.tap.before(Hook::Apply, async move { rekey(&mut other).await });
    let mut chain = first.visit().await.chain(&alice()).with_opt("sqrlonly");
    assert_eq!(chain.ident().await, "244");
    assert_eq!(second.visit().await.chain(&alice()).query().await, "204");
}

#[tokio::test]
async fn attack_09_two_rekeys_have_one_winner() {
    let (first, second) = two_servers().await;
    first.sign_up(&alice()).await;
    let mut chain = first.visit().await.chain(&new_alice());
    assert_eq!(chain.query_as_successor().await, "6");
    let iuk = tower_sqrl_client::keys::Iuk::from_bytes([3; 32]);
    let third = alice().rekey_to(iuk).expect("unlocked");
    let mut other = second.visit().await.chain(&third);
    first.tap.before(Hook::Apply, async move { rekey(&mut other).await });
    // The first server is too late: its pidk is superseded. So it stores a new identity, and the
    // account stays with the second server's.
    let tif = chain.send(&chain.rekey("ident")).await;
    assert_eq!(tif, "5");
    assert_eq!(second.visit().await.chain(&third).query().await, "5");
    assert_eq!(second.visit().await.chain(&alice()).query().await, "204");
}

/// The disable happens between the decision of an `ident` that writes no row and its outcome, and
/// between the outcome and the collection.
#[tokio::test]
async fn attack_09_a_result_is_not_collected_after_a_change() {
    for change in ["disable", "remove", "rekey"] {
        for moment in [
            Hook::StoreNut(Authorized),
            Hook::GetNut(Authorized),
            Hook::LookUp,
            // Answered after the look-up and before the take.
            Hook::RemoveNut(Authorized),
        ] {
            let (first, second) = two_servers().await;
            first.sign_up(&alice()).await;
            let visit = first.visit().await;
            let mut chain = visit.chain(&alice());
            let mut other = at(&second).await;
            let mut new = second.visit().await.chain(&new_alice());
            let act = async move {
                match change {
                    "disable" => assert_eq!(other.disable().await, "d"),
                    "remove" => assert_eq!(other.remove().await, "4"),
                    _ => rekey(&mut new).await,
                }
            };
            if moment == Hook::StoreNut(Authorized) {
                first.tap.before(moment, act);
                assert_eq!(chain.ident().await, "5");
            } else {
                assert_eq!(chain.ident().await, "5");
                first.tap.before(moment, act);
            }
            let page = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
            assert_eq!(page.status, 401, "{change} before {moment:?}");
            assert!(first.tap.is_done());
        }
    }
}

#[tokio::test]
async fn attack_09_one_result_has_one_collector() {
    let (first, second) = two_servers().await;
    let visit = first.visit().await;
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    let twin = Browser::new(second.http());
    twin.set_cookies(visit.browser.cookies());
    let url = visit.signed_in_url().replace(&first.socket_url, &second.socket_url);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    first.tap.before(Hook::RemoveNut(Authorized), async move {
        let page = twin.open(&url).await.expect("a page");
        sender.send(page.status.as_u16()).expect("a listener");
    });
    let page = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
    assert_eq!((page.status.as_u16(), receiver.await.expect("a status")), (401, 200));
}

#[tokio::test]
async fn attack_09_a_cps_url_is_not_collected_after_a_change() {
    for change in ["disable", "remove", "rekey"] {
        let (first, second) = two_servers().await;
        first.sign_up(&alice()).await;
        let visit = first.visit().await;
        let mut chain = visit.chain(&alice()).with_opt("cps");
        assert_eq!(chain.ident().await, "5");
        let mut other = at(&second).await;
        let mut new = second.visit().await.chain(&new_alice());
        first.tap.before(Hook::RemoveCpsSessionId, async move {
            match change {
                "disable" => assert_eq!(other.disable().await, "d"),
                "remove" => assert_eq!(other.remove().await, "4"),
                _ => rekey(&mut new).await,
            }
        });
        let page = visit.browser.open(&chain.cps_url()).await.expect("a page");
        assert_eq!(page.status, 401, "{change}");
        assert!(first.tap.is_done());
    }
}

/// A chain at the second server for another SQRL URL of the same page, which was photographed.
async fn photographed(visit: &Visit, who: &Identity, [first, second]: [&Site; 2]) -> Chain {
    let mut chain = visit.renew().await.chain_by(who, &second.http());
    chain.url = chain.url.replace(&first.socket_url, &second.socket_url);
    chain
}

/// Other identities with photographed QR codes cause one refusal after another while the victim
/// signs in, and one of them tries to sign in between two store calls.
#[tokio::test]
async fn attack_09_refusals_take_no_sign_in_away() {
    let (first, second) = two_servers().await;
    let (servers, disabled) = ([&first, &second], Identity::from_seed([7; 32]));
    first.sign_up_disabled(&disabled).await;
    first.sign_up(&alice()).await;
    rekey(&mut first.visit().await.chain(&new_alice())).await;
    let visit = first.visit().await;
    let mut superseded = photographed(&visit, &alice(), [&first, &first]).await;
    let mut stranger = photographed(&visit, &mallory(), servers).await;
    let mut victim = photographed(&visit, &new_alice(), servers).await;
    let idk = victim.idk();
    assert_eq!(photographed(&visit, &disabled, servers).await.ident().await, "4d");
    // Replacing a refusal: create, take, create.
    first.tap.plan(Hook::StoreNut(Authorized), Verdict::Proceed);
    first.tap.before(Hook::RemoveNut(Authorized), async move {
        assert_eq!(victim.ident().await, "5");
    });
    first.tap.before(Hook::StoreNut(Authorized), async move {
        assert_eq!(stranger.ident().await, "1c4", "the wait has another's outcome");
    });
    assert_eq!(superseded.ident().await, "244");
    assert!(first.tap.is_done());
    let page = visit.collect().await;
    assert!(page.body.contains(&idk), "{}", page.body);
}

/// The mark that a wait has ended is stored next to a refusal, whenever that arrives. Afterwards no
/// identity signs in to the page, even with a cookie.
#[tokio::test]
async fn attack_09_a_refusal_leaves_no_wait_open() {
    for opt in ["suk", "suk~noiptest~cps"] {
        let (first, second) = two_servers().await;
        let (servers, disabled) = ([&first, &second], Identity::from_seed([7; 32]));
        first.sign_up_disabled(&disabled).await;
        let visit = first.visit().await;
        let mut refused = photographed(&visit, &disabled, servers).await;
        let mut stranger = photographed(&visit, &mallory(), servers).await;
        let mut chain = visit.renew().await.chain(&alice()).with_opt(opt);
        let before = visit.browser.cookies();
        if opt == "suk" {
            assert_eq!(chain.ident().await, "5");
            first.tap.before(Hook::StoreNut(Authorized), async move {
                assert_eq!(refused.ident().await, "4d");
            });
            visit.collect().await;
        } else {
            assert_eq!(refused.ident().await, "4d");
            chain = chain.with_http(&first.http_at("127.0.0.2"));
            assert_eq!(chain.ident().await, "1");
            let url = chain.cps_url();
            let page = visit.browser.open(&url).await.expect("a page");
            let form = [("id", cps_id(&url))];
            let page = visit.browser.submit(&page.url, "/cps.sqrl", &form).await.expect("a page");
            assert!(page.body.contains(&chain.idk()), "{}", page.body);
        }
        assert!(first.tap.is_done());
        visit.browser.set_cookies(before);
        assert_eq!(visit.poll().await, Waiting::Gone("collected".into()), "{opt}");
        assert_eq!(stranger.ident().await, "1c4", "{opt}");
        let page = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
        assert_eq!(page.status, 401, "{opt}");
    }
}
