//! Rows 1 to 24 of `docs/protocol.md` as a client sees them: one case of each over HTTP. The unit
//! tests of the decision cover every combination.

use tower_sqrl::protocol::Idk;
use tower_sqrl_client::keys::UnlockPair;

use crate::common::{Chain, Site, alice, mallory, new_alice, rekey};

#[tokio::test]
async fn row_01_query_unknown() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    assert_eq!(chain.query().await, "4");
    assert!(chain.extra_names().is_empty());
}

#[tokio::test]
async fn row_02_query_live() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&alice());
    assert_eq!(chain.query().await, "5");
    assert_eq!(chain.extra_names(), ["suk"]);
    let mut chain = site.visit().await.chain(&alice()).with_opt("");
    assert_eq!(chain.query().await, "5");
    assert!(chain.extra_names().is_empty());
}

#[tokio::test]
async fn row_03_query_disabled() {
    let site = Site::new().await;
    site.sign_up_disabled(&alice()).await;
    let mut chain = site.visit().await.chain(&alice()).with_opt("");
    assert_eq!(chain.query().await, "d");
    assert_eq!(chain.extra_names(), ["suk"]);
}

#[tokio::test]
async fn row_04_query_previous() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let chain = site.visit().await.chain(&new_alice()).with_opt("");
    let mut known = chain.clone();
    let form = chain.signed(&chain.params_with_pidk("query")).signed("pids", &chain.previous());
    assert_eq!(known.send(&form).await, "6");
    assert_eq!(known.extra_names(), ["suk"]);

    assert_eq!(site.visit().await.chain(&alice()).disable().await, "d");
    let mut chain = site.visit().await.chain(&new_alice());
    assert_eq!(chain.query_as_successor().await, "e");
}

#[tokio::test]
async fn row_05_a_pidk_without_pids_is_none() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    for command in ["query", "disable"] {
        let mut chain = site.visit().await.chain(&new_alice());
        let form = chain.signed(&chain.params_with_pidk(command));
        let expected = if command == "query" { "4" } else { "44" };
        assert_eq!(chain.send(&form).await, expected, "{command}");
        assert!(chain.extra_names().is_empty());
    }
    assert_eq!(site.visit().await.chain(&alice()).query().await, "5");
}

#[tokio::test]
async fn row_06_wrong_pids() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&new_alice());
    let mallory = visit.chain(&mallory());
    let form = chain.signed(&chain.params_with_pidk("query")).signed("pids", &mallory.key);
    assert_eq!(chain.send(&form).await, "c0");
}

/// A released client always signs `ident` with its previous key if it has one, but names that key
/// only if the site knew it. So do all clients of users who have moved to a new identity.
#[tokio::test]
async fn row_05_pids_without_a_pidk_are_none() {
    let site = rekeyed().await;
    for command in ["query", "ident", "disable"] {
        let mut chain = site.visit().await.chain(&new_alice());
        let form = chain.signed(&chain.params(command)).signed("pids", &chain.previous());
        let expected = if command == "disable" { "d" } else { "5" };
        assert_eq!(chain.send(&form).await, expected, "{command}");
    }
    // They prove nothing, whether valid or not.
    let visit = site.visit().await;
    let (mut chain, known) = (visit.chain(&mallory()), visit.chain(&new_alice()));
    let form = chain.signed(&chain.params("query")).signed("pids", &known.key);
    assert_eq!(chain.send(&form).await, "4");
    let form = chain.signed(&chain.params("query")).with("pids", "AA");
    assert_eq!(chain.send(&form).await, "c0", "malformed");
}

#[tokio::test]
async fn rows_07_and_08_superseded() {
    let site = rekeyed().await;
    assert_eq!(site.visit().await.chain(&alice()).query().await, "204");
    for command in ["ident", "disable", "enable", "remove"] {
        let mut chain = site.visit().await.chain(&alice());
        let form = chain.signed(&chain.params_with_keys(command));
        assert_eq!(chain.send(&form).await, "244", "{command}");
        assert!(chain.extra_names().is_empty());
    }
}

/// Signs Alice up and rekeys her to her new identity.
async fn rekeyed() -> Site {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    rekey(&mut site.visit().await.chain(&new_alice())).await;
    site
}

#[tokio::test]
async fn rows_09_and_10_ident_unknown() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.query().await, "4");
    let pair = UnlockPair::generate(chain.identity.ilk());
    for half in [
        chain.params("ident"),
        chain.params("ident").with("suk", &pair.suk.to_string()),
        chain.params("ident").with("vuk", &pair.vuk.to_string()),
    ] {
        assert_eq!(chain.send(&chain.signed(&half)).await, "c4");
    }
    assert_eq!(visit.poll_response().await.status(), 404);
    assert_eq!(chain.send(&chain.signed(&chain.params("ident").with_pair(&pair))).await, "5");
    assert_eq!(chain.reply().suk, Some(pair.suk));
    let idk = chain.idk();
    assert!(visit.collect().await.body.contains(&format!("idk={idk}\n")));
}

#[tokio::test]
async fn row_11_a_site_that_accepts_no_new_identities() {
    let site = Site::with(tower_sqrl::SqrlBuilder::known_identities_only).await;
    let mut chain = site.visit().await.chain(&alice());
    assert_eq!(chain.query().await, "4");
    assert_eq!(chain.ident().await, "44");
    assert_eq!(chain.query().await, "4");
    // Unless the SQRL URL accepts a new identity. A renewal keeps that.
    let visit = site
        .visit_with_options(tower_sqrl::ChallengeOptions::default().accept_new())
        .await
        .renew()
        .await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.ident().await, "5");
    assert!(visit.collect().await.body.contains(&chain.idk()));
    // That alone does not make the identity known: everybody who saw the URL could use it.
    let idk = chain.idk().parse::<Idk>().expect("a key");
    for opt in ["suk", "suk~cps"] {
        let visit = site.visit().await;
        let mut stranger = visit.chain(&alice()).with_opt(opt);
        assert_eq!(stranger.query().await, "5");
        assert_eq!(stranger.ident().await, "44");
        assert_eq!(stranger.reply().url, None);
        assert_eq!(visit.poll_response().await.body(), "refused-new");
        assert_eq!(stranger.disable().await, "d");
        assert_eq!(stranger.ident().await, "4d");
        assert_eq!(stranger.enable().await, "5");
    }
    let visit = site.visit().await;
    let mut moved = visit.chain(&new_alice());
    assert_eq!(moved.query_as_successor().await, "6");
    assert_eq!(moved.send(&moved.rekey("ident")).await, "44");
    assert_eq!(visit.poll_response().await.body(), "refused-new");
    // An account makes it known, and a rekey keeps the account.
    site.sqrl.link(&idk, "alice").await.expect("linked");
    assert_eq!(site.visit().await.chain(&alice()).ident().await, "5");
    rekey(&mut site.visit().await.chain(&new_alice())).await;
    assert_eq!(site.visit().await.chain(&new_alice()).ident().await, "5");
}

#[tokio::test]
async fn row_12_ident_live() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&alice());
    assert_eq!(chain.query().await, "5");
    let suk = chain.suk;
    // The new `suk` and `vuk` are ignored.
    assert_eq!(chain.ident().await, "5");
    assert_eq!(chain.reply().suk, suk);
    assert_eq!(chain.enable().await, "5");
}

#[tokio::test]
async fn row_13_ident_disabled() {
    let site = Site::new().await;
    site.sign_up_disabled(&alice()).await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("cps");
    assert_eq!(chain.ident().await, "4d");
    assert_eq!(chain.extra_names(), ["suk"]);
    assert_eq!(visit.poll_response().await.status(), 404);
}

#[tokio::test]
async fn row_14_rekey() {
    let site = rekeyed().await;
    assert_eq!(site.visit().await.chain(&new_alice()).query().await, "5");
}

#[tokio::test]
async fn row_14_rekey_enables() {
    let site = Site::new().await;
    site.sign_up_disabled(&alice()).await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&new_alice());
    assert_eq!(chain.query_as_successor().await, "e");
    let old = chain.suk;
    assert_eq!(chain.send(&chain.rekey("ident")).await, "5");
    assert_ne!(chain.reply().suk, old, "the new one is given back");
    assert!(visit.collect().await.body.contains(&chain.idk()));
}

#[tokio::test]
async fn row_15_rekey_without_its_proof() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&new_alice());
    let form = chain.signed(&chain.params_with_pidk("ident")).signed("pids", &chain.previous());
    assert_eq!(chain.send(&form).await, "c6");
    assert_eq!(chain.extra_names(), ["suk"]);
    // With the proof but without new keys.
    let params = chain.params_with_pidk("ident").without("suk").without("vuk");
    let form = chain.signed(&params).signed("pids", &chain.previous());
    assert_eq!(chain.send(&form.signed("urs", &chain.urs(1))).await, "c6");
    assert_eq!(site.visit().await.chain(&alice()).query().await, "5");
}

#[tokio::test]
async fn row_16_disable() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&alice()).with_opt("");
    assert_eq!(chain.disable().await, "d");
    assert_eq!(chain.extra_names(), ["suk"]);
    assert_eq!(site.visit().await.chain(&alice()).query().await, "d");
}

#[tokio::test]
async fn rows_17_and_18_enable() {
    let site = Site::new().await;
    site.sign_up_disabled(&alice()).await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    let form = chain.signed(&chain.params("enable"));
    assert_eq!(chain.send(&form).await, "cd");
    assert_eq!(chain.extra_names(), ["suk"]);
    let form = chain.signed(&chain.params("enable")).signed("urs", &chain.key);
    assert_eq!(chain.send(&form).await, "cd");
    assert_eq!(chain.enable().await, "5");
    assert_eq!(visit.poll_response().await.status(), 404);
    // The identity is already enabled. Then it signs in on the same chain.
    assert_eq!(chain.enable().await, "5");
    assert_eq!(chain.ident().await, "5");
    visit.collect().await;
}

#[tokio::test]
async fn rows_18_and_19_remove() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&alice());
    let form = chain.signed(&chain.params("remove")).signed("urs", &chain.key);
    assert_eq!(chain.send(&form).await, "c5");
    assert_eq!(chain.extra_names(), ["suk"]);
    assert_eq!(chain.remove().await, "4");
    assert!(chain.extra_names().is_empty());
    assert_eq!(chain.query().await, "4");
    // A removed identity is not superseded, so it may sign up again.
    assert_eq!(chain.ident().await, "5");
}

#[tokio::test]
async fn row_20_nothing_known() {
    let site = Site::new().await;
    for command in ["disable", "enable", "remove"] {
        let mut chain = site.visit().await.chain(&alice());
        let form = chain.signed(&chain.params_with_keys(command)).signed("urs", &chain.key);
        assert_eq!(chain.send(&form).await, "44", "{command}");
    }
}

#[tokio::test]
async fn row_21_rekey_and_the_command() {
    for (command, tif, after) in [("disable", "d", "d"), ("enable", "5", "5"), ("remove", "4", "4")]
    {
        let site = Site::new().await;
        site.sign_up(&alice()).await;
        let mut chain = site.visit().await.chain(&new_alice());
        assert_eq!(chain.query_as_successor().await, "6");
        assert_eq!(chain.send(&chain.rekey(command)).await, tif, "{command}");
        assert_eq!(chain.query().await, after, "{command}");
        assert_eq!(site.visit().await.chain(&alice()).query().await, "204", "{command}");
    }
}

#[tokio::test]
async fn row_22_in_place() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&new_alice());
    for (command, without, with) in
        [("disable", "e", "e"), ("enable", "ce", "6"), ("remove", "c6", "4")]
    {
        let params = |chain: &Chain| chain.params_with_pidk(command).without("suk").without("vuk");
        let form = chain.signed(&params(&chain)).signed("pids", &chain.previous());
        assert_eq!(chain.send(&form).await, without, "{command}");
        assert_eq!(chain.extra_names(), ["suk"], "{command}");
        let form = chain.signed(&params(&chain)).signed("pids", &chain.previous());
        assert_eq!(chain.send(&form.signed("urs", &chain.urs(1))).await, with, "{command}");
        assert_eq!(chain.reply().suk.is_some(), command != "remove", "{command}");
    }
    assert_eq!(site.visit().await.chain(&alice()).query().await, "4");
}

#[tokio::test]
async fn row_23_unknown_command() {
    let site = Site::new().await;
    let chain = site.visit().await.chain(&alice());
    let mut first = chain.clone();
    assert_eq!(first.send(&chain.signed(&chain.params("dance"))).await, "54");
    // The nut is consumed, and the chain continues.
    assert_eq!(chain.clone().query().await, "60");
    assert_eq!(first.query().await, "4");
}

#[tokio::test]
async fn row_24_bad_ids() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let mut refused = chain.clone();
    let form = chain.signed_by(&chain.params("query"), &visit.chain(&mallory()).key);
    assert_eq!(refused.send(&form).await, "c0");
    // The reply has a dead nut, and the SQRL URL's nut is still live.
    assert_eq!(refused.query().await, "60");
    assert_eq!(chain.clone().query().await, "4");
}
