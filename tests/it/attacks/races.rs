//! Attack 9: races, as far as one process can run them. What the other server does happens
//! between two calls of the first one's stores.

use tower_sqrl::store::NutState::Authorized;
use tower_sqrl_client::browser::Browser;

use crate::common::{Chain, Hook, Setup, Site, alice, mallory, new_alice, rekey};

/// Two servers over the same stores; the tap is the first one's alone.
async fn two_servers() -> (Site, Site) {
    let first = Site::new().await;
    let tap = first.tap.untapped();
    let second = Site::over(tap, first.clock.clone(), Setup::default(), |builder| builder).await;
    (first, second)
}

/// Alice at the second server, having asked already.
async fn at(second: &Site) -> Chain {
    let mut chain = second.visit().await.chain(&alice());
    assert_eq!(chain.query().await, "5");
    chain
}

#[tokio::test]
async fn attack_09_an_ident_does_not_undo_a_disable() {
    let (first, second) = two_servers().await;
    first.knows(&alice()).await;
    let visit = first.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("sqrlonly");
    let mut other = at(&second).await;
    first.tap.first(Hook::Apply, async move { assert_eq!(other.disable().await, "d") });
    assert_eq!(chain.ident().await, "4d");
    assert!(first.tap.is_played());
    assert_eq!(visit.pag().await.status(), 404);
    assert_eq!(second.visit().await.chain(&alice()).query().await, "d");
}

#[tokio::test]
async fn attack_09_an_ident_does_not_resurrect_what_is_removed() {
    let (first, second) = two_servers().await;
    first.knows(&alice()).await;
    let visit = first.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("sqrlonly");
    let mut other = at(&second).await;
    first.tap.first(Hook::Apply, async move { assert_eq!(other.remove().await, "4") });
    let form = chain.signed(&chain.params("ident"));
    assert_eq!(chain.send(&form).await, "c4");
    assert!(first.tap.is_played());
    assert_eq!(visit.pag().await.status(), 404);
    assert_eq!(second.visit().await.chain(&alice()).query().await, "4");
}

#[tokio::test]
async fn attack_09_a_superseded_mark_is_not_lost() {
    let (first, second) = two_servers().await;
    // Unknown to the first when it looks; superseded as a stranger when it writes.
    let mut other = second.visit().await.chain(&new_alice());
    first.tap.first(Hook::Apply, async move {
        let form = other.signed(&other.succeeding("ident")).signed("pids", &other.previous());
        assert_eq!(other.send(&form).await, "5");
    });
    assert_eq!(first.visit().await.chain(&alice()).ident().await, "244");
    assert!(first.tap.is_played());
    // Live when it looks, and rekeyed when it writes.
    let (first, second) = two_servers().await;
    first.knows(&alice()).await;
    let mut other = second.visit().await.chain(&new_alice());
    first.tap.first(Hook::Apply, async move { rekey(&mut other).await });
    let mut chain = first.visit().await.chain(&alice()).with_opt("sqrlonly");
    assert_eq!(chain.ident().await, "244");
    assert_eq!(second.visit().await.chain(&alice()).query().await, "204");
}

#[tokio::test]
async fn attack_09_two_rekeys_have_one_winner() {
    let (first, second) = two_servers().await;
    first.knows(&alice()).await;
    let mut chain = first.visit().await.chain(&new_alice());
    assert_eq!(chain.query_as_successor().await, "6");
    let iuk = tower_sqrl_client::keys::Iuk::from_bytes([3; 32]);
    let third = alice().rekey_to(iuk).expect("unlocked");
    let mut other = second.visit().await.chain(&third);
    first.tap.first(Hook::Apply, async move { rekey(&mut other).await });
    // The first is too late: its pidk is superseded, so it is a stranger with an account of
    // its own, and the account stays the second's.
    let tif = chain.send(&chain.rekey("ident")).await;
    assert_eq!(tif, "5");
    assert_eq!(second.visit().await.chain(&third).query().await, "5");
    assert_eq!(second.visit().await.chain(&alice()).query().await, "204");
}

/// The disable falls between the ident's decision and its outcome, where the ident writes no
/// row; and between the outcome and its collection.
#[tokio::test]
async fn attack_09_a_result_is_not_collected_after_a_change() {
    for change in ["disable", "remove", "rekey"] {
        for moment in [
            Hook::StoreNut(Authorized),
            Hook::GetNut(Authorized),
            Hook::LookUp,
            // Answered after the look-up, before the take.
            Hook::RemoveNut(Authorized),
        ] {
            let (first, second) = two_servers().await;
            first.knows(&alice()).await;
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
                first.tap.first(moment, act);
                assert_eq!(chain.ident().await, "5");
            } else {
                assert_eq!(chain.ident().await, "5");
                first.tap.first(moment, act);
            }
            let page = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
            assert_eq!(page.status, 401, "{change} before {moment:?}");
            assert!(first.tap.is_played());
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
    let url = visit.signed_in_url().replace(&first.here, &second.here);
    let (tell, told) = tokio::sync::oneshot::channel();
    first.tap.first(Hook::RemoveNut(Authorized), async move {
        let page = twin.open(&url).await.expect("a page");
        tell.send(page.status.as_u16()).expect("a listener");
    });
    let page = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
    assert_eq!((page.status.as_u16(), told.await.expect("a status")), (401, 200));
}

#[tokio::test]
async fn attack_09_a_cps_url_is_not_collected_after_a_change() {
    for change in ["disable", "remove", "rekey"] {
        let (first, second) = two_servers().await;
        first.knows(&alice()).await;
        let visit = first.visit().await;
        let mut chain = visit.chain(&alice()).with_opt("cps");
        assert_eq!(chain.ident().await, "5");
        let mut other = at(&second).await;
        let mut new = second.visit().await.chain(&new_alice());
        first.tap.first(Hook::RemoveCpsSessionId, async move {
            match change {
                "disable" => assert_eq!(other.disable().await, "d"),
                "remove" => assert_eq!(other.remove().await, "4"),
                _ => rekey(&mut new).await,
            }
        });
        let page = visit.browser.open(&chain.cps_url()).await.expect("a page");
        assert_eq!(page.status, 401, "{change}");
        assert!(first.tap.is_played());
    }
}

/// Two sign-ins on one page, of which one finds a refusal to replace; the other has replaced it when
/// it is taken away.
#[tokio::test]
async fn attack_09_a_sign_in_is_not_lost_to_a_refusal() {
    let (first, second) = two_servers().await;
    first.knows_disabled(&alice()).await;
    let visit = first.visit().await;
    let [one, other] = [visit.renew().await, visit.renew().await];
    assert_eq!(visit.chain(&alice()).ident().await, "4d");
    let mut other = other.chain_by(&new_alice(), &second.http());
    let url = other.url.replace(&first.here, &second.here);
    other.url = url;
    first.tap.first(Hook::RemoveNut(Authorized), async move {
        assert_eq!(other.ident().await, "5");
    });
    assert_eq!(one.chain(&mallory()).ident().await, "1c4", "the wait has another's outcome");
    assert!(first.tap.is_played());
    let page = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
    assert!(page.body.contains(&visit.chain(&new_alice()).idk()), "{}", page.body);
}
