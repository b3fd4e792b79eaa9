//! Attacks 2 and 3: taking an account over with a rekey.

use tower_sqrl_client::keys::{Iuk, SiteKey, UrsKey};
use tower_sqrl_client::wire::Form;

use crate::common::{Chain, Site, alice, mallory, new_alice, rekey};

const TAKEOVERS: usize = 6;

/// Requests of an attacker who has Alice's public key and none of her secrets.
fn takeovers(mallory: &Chain, alice: &Chain, command: &str) -> [Form; TAKEOVERS] {
    let params = mallory.params_with_keys(command).with("pidk", &alice.idk());
    let signed = mallory.signed(&params);
    let own_pair = tower_sqrl_client::keys::UnlockPair::generate(mallory.identity.ilk());
    let own = mallory.params(command).with_pair(&own_pair).with("pidk", &alice.idk());
    let own_urs = UrsKey::derive(mallory.identity.iuk(0).expect("unlocked"), &own_pair.suk);
    let own_urs = own_urs.expect("a good suk");
    let own = mallory.signed(&own).signed("urs", &own_urs);
    [
        signed.clone(),
        own.clone(),
        signed.clone().signed("pids", &mallory.key),
        signed.clone().signed("pids", &mallory.key).signed("urs", &mallory.key),
        own.signed("pids", &mallory.key),
        signed.with("pids", &"A".repeat(86)),
    ]
}

#[tokio::test]
async fn attack_02_a_rekey_without_the_victims_pids() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let victim = site.visit().await.chain(&alice());
    for command in ["query", "ident", "disable", "enable", "remove"] {
        for way in 0..TAKEOVERS {
            // The reply does not even have her `suk`.
            let visit = site.visit().await;
            let mut chain = visit.chain(&mallory());
            let form = &takeovers(&chain, &victim, command)[way];
            let tif = chain.send(form).await;
            assert!(["c0", "4", "44", "5"].contains(&tif.as_str()), "{command} {tif}");
            assert_eq!(chain.extra_names().contains(&"suk"), tif == "5", "{command}: only her own");
            let mut victim = site.visit().await.chain(&alice());
            assert_eq!(victim.query().await, "5", "{command}");
            if tif == "5" {
                assert!(!visit.collect().await.body.contains(&victim.idk()));
                assert_eq!(chain.remove().await, "4");
            }
        }
    }
}

/// The attacker has the victim's identity without her rescue code: `pids` is valid.
#[tokio::test]
async fn attack_02_a_rekey_without_the_victims_urs() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let thief = mallory().with_previous([Iuk::from_bytes([1; 32])]);
    for command in ["ident", "enable", "remove"] {
        let mut chain = site.visit().await.chain(&thief);
        let params = chain.params_with_pidk(command);
        let own_suk = params.get("suk").expect("a suk").parse().expect("a suk");
        let own = UrsKey::derive(thief.iuk(0).expect("unlocked"), &own_suk).expect("a good suk");
        assert_eq!(params.get("vuk"), Some(&*own.vuk().to_string()), "the request's own");
        for urs in [None, Some(own)] {
            let params = params.clone();
            let form = chain.signed(&params).signed("pids", &chain.previous());
            let form = if let Some(urs) = urs { form.signed("urs", &urs) } else { form };
            assert_eq!(chain.send(&form).await, "c6", "{command}");
        }
        // A signature by the right key of another request.
        let other = chain.signed(&chain.params_with_pidk("query")).signed("urs", &chain.urs(1));
        let form = chain.signed(&params).signed("pids", &chain.previous());
        let form = form.with("urs", other.get("urs").expect("a urs"));
        assert_eq!(chain.send(&form).await, "c6", "{command}");
        assert_eq!(site.visit().await.chain(&alice()).query().await, "5");
        assert_eq!(chain.query().await, "4", "nothing was written");
    }
}

#[tokio::test]
async fn attack_03_a_rekey_of_a_disabled_identity_without_its_urs() {
    let site = Site::new().await;
    site.sign_up_disabled(&alice()).await;
    let thief = mallory().with_previous([Iuk::from_bytes([1; 32])]);
    for command in ["ident", "enable", "remove"] {
        let visit = site.visit().await;
        let mut chain = visit.chain(&thief);
        let form = chain.signed(&chain.params_with_pidk(command)).signed("pids", &chain.previous());
        assert_eq!(chain.send(&form).await, "ce", "{command}");
        let form = chain.signed(&chain.params_with_pidk(command)).signed("pids", &chain.previous());
        assert_eq!(chain.send(&form.signed("urs", &chain.key)).await, "ce", "{command}");
        assert_eq!(visit.poll_response().await.status(), 404);
        assert_eq!(site.visit().await.chain(&alice()).query().await, "d");
    }
}

/// The attacker has everything of an old identity, including its rescue code.
#[tokio::test]
async fn attack_03_a_rekey_from_a_superseded_identity() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut old = site.visit().await.chain(&alice());
    assert_eq!(old.query().await, "5");
    rekey(&mut site.visit().await.chain(&new_alice())).await;
    let thief = mallory().with_previous([Iuk::from_bytes([1; 32])]);
    for command in ["disable", "enable", "remove", "ident"] {
        let visit = site.visit().await;
        let mut chain = visit.chain(&thief);
        chain.suk = old.suk;
        // The superseded key is ignored, so the request is from an unknown identity.
        let tif = chain.send(&chain.rekey(command)).await;
        assert_eq!(tif, if command == "ident" { "5" } else { "44" });
        assert_eq!(site.visit().await.chain(&new_alice()).query().await, "5", "{command}");
        if command == "ident" {
            let body = visit.collect().await.body;
            assert!(body.contains(&chain.idk()), "her own account, and nobody else's");
        }
    }
    // The old identity claims to replace the new one.
    let mut chain = site.visit().await.chain(&alice());
    let new: SiteKey = site.visit().await.chain(&new_alice()).key;
    let params = chain.params_with_keys("ident").with("pidk", &new.idk().to_string());
    assert_eq!(chain.send(&chain.signed(&params).signed("pids", &new)).await, "244");
}
