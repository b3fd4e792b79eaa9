//! Attack 1: signing with your own key, or not at all, as another identity.

use tower_sqrl_client::browser::Waiting;
use tower_sqrl_client::keys::UnlockPair;
use tower_sqrl_client::wire::Form;

use crate::common::{Chain, Site, alice, mallory};

const FORGERIES: usize = 7;

/// Requests with Alice's key as `idk` that she never signed.
fn forged(alice: &Chain, mallory: &Chain, command: &str) -> [Form; FORGERIES] {
    let params = alice.params(command).with_pair(&UnlockPair::generate(mallory.identity.ilk()));
    let honest = alice.signed(&alice.params("query"));
    [
        mallory.signed_by(&params, &mallory.key),
        alice.signed(&params).altered("ids", &"A".repeat(86)),
        alice.signed(&params).altered("ids", ""),
        alice.signed(&params).without("ids"),
        // Her signature of another request.
        honest.altered("client", &params.encode()),
        // A valid signature in the wrong field.
        alice.signed(&params).without("ids").signed("urs", &alice.key),
        mallory.signed(&params).signed("pids", &mallory.key),
    ]
}

#[tokio::test]
async fn attack_01_a_command_that_its_owner_never_signed() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    for opt in ["suk", "cps"] {
        let visit = site.visit().await;
        let alice = visit.chain(&alice()).with_opt(opt);
        let mallory = visit.chain(&mallory());
        for command in ["query", "ident", "disable", "enable", "remove"] {
            for form in forged(&alice, &mallory, command) {
                let mut chain = mallory.clone();
                assert_eq!(chain.send(&form).await, "c0", "{command}");
                assert!(chain.extra_names().is_empty(), "neither a URL nor a suk");
            }
        }
        assert_eq!(visit.poll().await, Waiting::Pending);
        assert_eq!(alice.clone().query().await, "5");
    }
}

#[tokio::test]
async fn attack_01_a_query_that_names_the_victim_and_then_an_ident() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    for way in 0..FORGERIES {
        let visit = site.visit().await;
        let (alice, mallory) = (visit.chain(&alice()), visit.chain(&mallory()));
        let mut chain = mallory.clone();
        let form = &forged(&alice, &mallory, "query")[way];
        assert_eq!(chain.send(form).await, "c0");
        // With the nut of the refusal, and with the SQRL URL's nut.
        assert_eq!(chain.ident().await, "60");
        assert_eq!(mallory.clone().ident().await, "5");
        let body = visit.collect().await.body;
        assert!(body.contains(&mallory.idk()) && !body.contains(&alice.idk()));
    }
}

/// A command acts on the key that signed it, not on the key of an earlier request.
#[tokio::test]
async fn attack_01_an_ident_after_the_victims_own_query() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.query().await, "5");
    assert_eq!(chain.as_other(&mallory()).ident().await, "1c4");
    assert_eq!(visit.poll().await, Waiting::Pending);
}
