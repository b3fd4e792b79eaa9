//! The rules of section 3: questions, secrets, options, superseded keys.

use axum::http::Request;
use tower_sqrl::identities::{KeyState, UserId};
use tower_sqrl::protocol::{Ask, Idk};
use tower_sqrl::{ChallengeError, ChallengeOptions, ClaimStatus, LinkError, PeerAddress};
use tower_sqrl_client::keys::SiteKey;

use crate::common::{Chain, Hook, Site, Verdict, alice, new_alice, rekey};

fn question() -> ChallengeOptions {
    let ask = Ask::new("Really?").expect("a question").button("Yes").expect("a button");
    ChallengeOptions::default().ask(ask).data(*b"order 4711")
}

#[tokio::test]
async fn only_a_known_identity_is_asked() {
    let site = Site::new().await;
    let mut chain = site.visit_with_options(question()).await.chain(&alice());
    assert_eq!(chain.query().await, "4");
    assert_eq!(chain.reply().ask, None);
    site.sign_up(&alice()).await;
    let visit = site.visit_with_options(question()).await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.query().await, "5");
    assert_eq!(chain.reply().lines.get("ask"), Some("UmVhbGx5Pw~WWVz"));
    let form = chain.signed(&chain.params("ident").with("btn", "1"));
    assert_eq!(chain.send(&form).await, "5");
    assert_eq!(chain.reply().ask, None);
    let page = visit.collect().await;
    assert!(page.body.contains("button=1\ndata=b3JkZXIgNDcxMQ\n"), "{}", page.body);
}

#[tokio::test]
async fn the_data_of_a_sqrl_url_is_limited() {
    let site = Site::new().await;
    let peer = PeerAddress(([127, 0, 0, 1], 4711).into());
    let (parts, ()) = Request::get("/").extension(peer).body(()).expect("a request").into_parts();
    let challenge = async |octets| {
        let options = ChallengeOptions::default().data(vec![7; octets]);
        site.sqrl.challenge(&parts, options).await
    };
    assert!(challenge(4096).await.is_ok());
    let refused = challenge(4097).await.expect_err("too much");
    assert!(matches!(refused, ChallengeError::DataTooLong(4097)), "{refused}");
    assert_eq!(refused.status(), 500);
}

#[tokio::test]
async fn answers_to_a_question() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    for (btn, tif, received) in [
        (Some("0"), "5", "button=0"),
        (Some("2"), "5", "button=2"),
        (Some("3"), "5", "button=3"),
        (None, "5", ""),
        (Some("4"), "c0", ""),
        (Some(""), "c0", ""),
        (Some("11"), "c0", ""),
    ] {
        let visit = site.visit_with_options(question()).await;
        let mut chain = visit.chain(&alice());
        assert_eq!(chain.query().await, "5");
        let params = chain.params("ident");
        let params = if let Some(btn) = btn { params.with("btn", btn) } else { params };
        assert_eq!(chain.send(&chain.signed(&params)).await, tif, "{btn:?}");
        if tif == "5" {
            let body = visit.collect().await.body;
            assert_eq!(body.contains("button="), !received.is_empty(), "{btn:?}");
            assert!(body.contains(received));
        }
    }
}

#[tokio::test]
async fn an_answer_without_a_question_is_ignored() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.query().await, "5");
    let form = chain.signed(&chain.params("ident").with("btn", "1"));
    assert_eq!(chain.send(&form).await, "5");
    assert!(!visit.collect().await.body.contains("button"));
    // Nor is an answer before the question.
    let visit = site.visit_with_options(question()).await;
    let mut chain = visit.chain(&alice());
    let form = chain.signed(&chain.params("ident").with("btn", "1"));
    assert_eq!(chain.send(&form).await, "5");
    assert!(!visit.collect().await.body.contains("button"));
}

#[tokio::test]
async fn an_answer_survives_a_repeated_request() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let visit = site.visit_with_options(question()).await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.query().await, "5");
    for _ in 0..2 {
        site.tap.plan(Hook::LookUp, Verdict::Fail);
        let form = chain.signed(&chain.params("ident").with("btn", "2"));
        assert_eq!(chain.send(&form).await, "64");
    }
    let form = chain.signed(&chain.params("ident").with("btn", "1"));
    assert_eq!(chain.send(&form).await, "5");
    assert!(visit.collect().await.body.contains("button=1\n"));
}

#[tokio::test]
async fn every_successful_command_stores_the_options() {
    let site = Site::new().await;
    let flags = async |opt: &'static str| {
        let visit = site.visit().await;
        let mut chain = visit.chain(&alice()).with_opt(opt);
        assert_eq!(chain.ident().await, "5");
        let body = visit.collect().await.body;
        (body.contains("sqrlonly=true"), body.contains("hardlock=true"))
    };
    assert_eq!(flags("").await, (false, false));
    assert_eq!(flags("sqrlonly").await, (true, false));
    site.tap.calls();
    assert_eq!(flags("sqrlonly").await, (true, false));
    assert!(!site.tap.calls().contains(&Hook::Apply), "unchanged means no write");
    // A query changes nothing.
    let mut chain = site.visit().await.chain(&alice()).with_opt("hardlock");
    assert_eq!(chain.query().await, "5");
    assert!(!site.tap.calls().contains(&Hook::Apply));
    assert_eq!(flags("hardlock~sqrlonly").await, (true, true));
    assert_eq!(flags("suk").await, (false, false));
}

/// Counts the superseded keys in the store.
async fn superseded(site: &Site, keys: impl Iterator<Item = SiteKey>) -> usize {
    let mut count = 0;
    for key in keys {
        let idk = Idk::from_bytes(*key.idk().as_bytes());
        let lookup = site.tap.stores().1.look_up(&idk, None).await.expect("a look-up");
        count += usize::from(lookup.idk == KeyState::Superseded);
    }
    count
}

fn unknown_key(seed: u8) -> SiteKey {
    SiteKey::from_seed(&[seed; 32])
}

async fn with_unknown_pidk(chain: &mut Chain, command: &str, seed: u8) -> String {
    let key = unknown_key(seed);
    let params = chain.params_with_keys(command).with("pidk", &key.idk().to_string());
    chain.send(&chain.signed(&params).signed("pids", &key)).await
}

#[tokio::test]
async fn a_successful_command_supersedes_a_proved_pidk() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    assert_eq!(with_unknown_pidk(&mut chain, "query", 1).await, "4");
    assert_eq!(with_unknown_pidk(&mut chain, "disable", 1).await, "44");
    assert_eq!(superseded(&site, [unknown_key(1)].into_iter()).await, 0);
    assert_eq!(with_unknown_pidk(&mut chain, "ident", 1).await, "5");
    assert_eq!(with_unknown_pidk(&mut chain, "disable", 2).await, "d");
    assert_eq!(superseded(&site, [unknown_key(1), unknown_key(2)].into_iter()).await, 2);
    // A live pidk is not superseded.
    site.sign_up(&new_alice()).await;
    let mut chain = site.visit().await.chain(&alice());
    assert_eq!(chain.query().await, "d");
    assert_eq!(chain.enable().await, "5");
    let new = site.visit().await.chain(&new_alice());
    let params = chain.params("ident").with("pidk", &new.idk());
    assert_eq!(chain.send(&chain.signed(&params).signed("pids", &new.key)).await, "5");
    assert_eq!(site.visit().await.chain(&new_alice()).query().await, "5");
}

#[tokio::test]
async fn at_most_sixteen_never_current_keys_are_superseded() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    for seed in 0..20 {
        assert_eq!(with_unknown_pidk(&mut chain, "ident", seed).await, "5", "{seed}");
    }
    assert_eq!(superseded(&site, (0..20).map(unknown_key)).await, 16);
}

#[tokio::test]
async fn superseded_keys_outlive_the_identity() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&new_alice());
    rekey(&mut chain).await;
    assert_eq!(chain.remove().await, "4");
    assert_eq!(site.visit().await.chain(&alice()).query().await, "204");
}

#[tokio::test]
async fn accounts_are_linked() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&new_alice());
    let idk = site.visit().await.chain(&alice()).idk().parse::<Idk>().expect("a key");
    // Two sign-ins of a new identity at once: both get the account that was first.
    for _ in 0..2 {
        site.visit().await.sign_in(&alice()).await;
    }
    let logins = site.logins();
    for (login, account) in logins.iter().zip(["alice", "bob"]) {
        assert_eq!(login.user(), None);
        let claim = site.sqrl.link_if_unlinked(login, account).await.expect("linked");
        assert_eq!(claim.user().map(UserId::as_str), Some("alice"));
        assert_eq!(site.sqrl.check(&claim).await.expect("a store"), ClaimStatus::Current);
        assert_eq!(
            site.sqrl.check(&login.claim()).await.expect("a store"),
            ClaimStatus::OtherAccount
        );
    }
    assert_eq!(logins.len(), 2);
    rekey(&mut chain).await;
    let visit = site.visit().await;
    assert!(visit.sign_in(&new_alice()).await.contains("user=alice\n"), "a rekey keeps it");
    let new = chain.idk().parse::<Idk>().expect("a key");
    assert!(site.sqrl.link(&idk, "alice").await.is_err(), "superseded");
    let superseded = site.sqrl.link_if_unlinked(&logins[0], "alice").await;
    assert!(matches!(superseded, Err(LinkError::NotLive)));
    assert!(site.sqrl.link(&new, "bob").await.is_err(), "another's");
    site.sqrl.unlink(&new).await.expect("unlinked");
    assert!(!site.visit().await.sign_in(&new_alice()).await.contains("user="));
}

/// Only an answer that means yes is consent, whether the question has buttons or the client shows
/// "OK".
#[tokio::test]
async fn only_a_yes_is_consent() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let ask = Ask::new("Really?").expect("a question");
    let buttons = |ask: Ask| ask.button("Yes").and_then(|ask| ask.button("No")).expect("buttons");
    for (ask, answers) in [
        (ask.clone(), ["Yes", "Yes", "No", "No", "Unanswered"]),
        (buttons(ask), ["No", "Yes", "No", "No", "Unanswered"]),
    ] {
        for (btn, answer) in ["0", "1", "2", "3", ""].into_iter().zip(answers) {
            for asks in [true, false] {
                let options = ChallengeOptions::default();
                let options = if asks { options.ask(ask.clone()) } else { options };
                let visit = site.visit_with_options(options).await;
                let mut chain = visit.chain(&alice());
                assert_eq!(chain.query().await, "5");
                let params = chain.params("ident");
                let params = if btn.is_empty() { params } else { params.with("btn", btn) };
                assert_eq!(chain.send(&chain.signed(&params)).await, "5");
                let received = visit.collect().await.body;
                let answer = if asks { answer } else { "Unanswered" };
                assert!(received.contains(&format!("answer={answer}\n")), "{btn}: {received}");
            }
        }
    }
}

#[cfg(feature = "sin")]
mod sin {
    use tower_sqrl::SqrlBuilder;

    use super::*;
    use crate::common::Setup;

    async fn site() -> Site {
        Site::with(|builder| builder.indexed_secret("files", [7; 32])).await
    }

    #[tokio::test]
    async fn a_secret_reaches_the_application() {
        let site = site().await;
        let visit = site.visit().await;
        let mut chain = visit.chain(&alice());
        assert_eq!(chain.query().await, "4");
        assert_eq!(chain.reply().sin.as_deref(), Some("files"));
        let ins = tower_sqrl_client::base64url::encode(chain.key.index_secret("files"));
        let form =
            chain.signed(&chain.params_with_keys("ident").with("ins", &ins).with("pins", &ins));
        assert_eq!(chain.send(&form).await, "5");
        let body = visit.collect().await.body;
        assert!(body.contains(&format!("ins={ins}\n")));
        assert!(!body.contains("pins="), "of nobody proved");
    }

    /// The store does not reveal the secrets. Only a server with the key can open them.
    #[tokio::test]
    async fn a_secret_is_sealed_where_it_is_stored() {
        let setup = || Setup { origin: Some("http://site.test"), ..Setup::default() };
        let first =
            Site::with_setup(setup(), |builder| builder.indexed_secret("files", [7; 32])).await;
        for (key, opens) in [([7; 32], true), ([8; 32], false)] {
            let (tap, clock) = (first.tap.with_new_tap(), first.clock.clone());
            let other = |builder: SqrlBuilder| builder.indexed_secret("files", key);
            let second = Site::on_stores(tap, clock, setup(), other).await;
            let visit = second.visit().await;
            let mut chain = visit.chain_by(&alice(), &first.http());
            chain.query().await;
            let ins = "A".repeat(43);
            let form = chain.signed(&chain.params_with_keys("ident").with("ins", &ins));
            assert_eq!(chain.send(&form).await, "5");
            assert_eq!(visit.collect().await.body.contains(&ins), opens);
        }
    }

    #[tokio::test]
    async fn a_previous_secret_comes_with_a_proved_pidk() {
        let site = site().await;
        site.sign_up(&alice()).await;
        let visit = site.visit().await;
        let mut chain = visit.chain(&new_alice());
        assert_eq!(chain.query_as_successor().await, "6");
        let secret = tower_sqrl_client::base64url::encode(chain.previous().index_secret("files"));
        let params = chain.params_with_pidk("ident").with("ins", &secret).with("pins", &secret);
        let form = chain.signed(&params).signed("pids", &chain.previous());
        assert_eq!(chain.send(&form.signed("urs", &chain.urs(1))).await, "5");
        assert!(visit.collect().await.body.contains(&format!("pins={secret}\n")));
    }

    #[tokio::test]
    async fn a_repeated_request_asks_for_the_secret_again() {
        let site = site().await;
        let visit = site.visit().await;
        let mut chain = visit.chain(&alice());
        assert_eq!(chain.query().await, "4");
        site.tap.plan(Hook::LookUp, Verdict::Fail);
        let ins = "A".repeat(43);
        let form = chain.signed(&chain.params_with_keys("ident").with("ins", &ins));
        assert_eq!(chain.send(&form).await, "64");
        assert_eq!(chain.reply().sin.as_deref(), Some("files"));
        let form = chain.signed(&chain.params_with_keys("ident").with("ins", &ins));
        assert_eq!(chain.send(&form).await, "5");
        assert!(visit.collect().await.body.contains(&format!("ins={ins}\n")));
    }

    /// The secret arrives whatever a client does before it signs in on the same chain.
    #[tokio::test]
    async fn a_secret_is_asked_for_wherever_an_ident_may_follow() {
        let site = site().await;
        site.sign_up(&alice()).await;
        let visit = site.visit().await;
        let mut chain = visit.chain(&alice());
        let sin = |chain: &Chain| chain.reply().sin.clone();
        assert_eq!(chain.query().await, "5");
        assert_eq!(chain.disable().await, "d");
        assert_eq!(sin(&chain).as_deref(), Some("files"), "disabled");
        assert_eq!(chain.ident().await, "4d");
        assert_eq!(sin(&chain).as_deref(), Some("files"), "refused");
        assert_eq!(chain.enable().await, "5");
        assert_eq!(sin(&chain).as_deref(), Some("files"), "enabled");
        let ins = "A".repeat(43);
        let form = chain.signed(&chain.params("ident").with("ins", &ins));
        assert_eq!(chain.send(&form).await, "5");
        assert_eq!(sin(&chain), None, "signed in");
        assert!(visit.collect().await.body.contains(&format!("ins={ins}\n")));
    }

    #[tokio::test]
    async fn an_unrequested_secret_is_ignored() {
        let site = site().await;
        let visit = site.visit().await;
        let mut chain = visit.chain(&alice());
        let form = chain.signed(&chain.params_with_keys("ident").with("ins", &"A".repeat(43)));
        assert_eq!(chain.send(&form).await, "5");
        assert!(!visit.collect().await.body.contains("ins="));
    }
}
