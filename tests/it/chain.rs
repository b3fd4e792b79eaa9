//! Rows 25 to 30 and 34: the place of a request in its chain. A refused client may repeat some
//! requests, and a refusal changes nothing.

use tower_sqrl::ChallengeOptions;
use tower_sqrl::nuts::NutState;
use tower_sqrl::protocol::Idk;
use tower_sqrl_client::browser::Waiting;
use tower_sqrl_client::keys::SiteKey;
use tower_sqrl_client::{SqrlUrl, base64url};

use crate::common::{Chain, Hook, Site, alice, mallory};

#[tokio::test]
async fn row_25_a_sqrl_url_that_is_too_old() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    let first = chain.clone();
    site.clock.advance_seconds(301);
    assert_eq!(chain.ident().await, "64");
    // The old nut is consumed, and the new nut continues the chain.
    assert_eq!(first.clone().ident().await, "60");
    assert_eq!(chain.ident().await, "5");
    visit.collect().await;

    let mut chain = site.visit().await.chain(&alice());
    site.clock.advance_seconds(299);
    assert_eq!(chain.ident().await, "5");
}

#[tokio::test]
async fn row_25_a_later_nut_that_is_too_old() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.query().await, "4");
    site.clock.advance_seconds(599);
    assert_eq!(chain.query().await, "4");
    site.clock.advance_seconds(601);
    assert_eq!(chain.ident().await, "64");
    assert_eq!(chain.ident().await, "5");
    visit.collect().await;
}

/// A photographed QR code leads to no live nut once it is too old, whatever is wrong with the
/// request.
#[tokio::test]
async fn row_25b_too_old_and_from_another_address() {
    let site = Site::behind_proxy().await;
    let (owner, thief) = (site.http_from("203.0.113.1"), site.http_from("198.51.100.1"));
    let visit = site.visit_in(&tower_sqrl_client::browser::Browser::new(owner.clone())).await;
    let photographed = visit.chain_by(&mallory(), &thief);
    site.clock.advance_seconds(301);
    for (opt, server) in [
        ("suk~noiptest", photographed.server.clone()),
        ("suk", photographed.server.clone()),
        ("suk~noiptest", base64url::encode("qrl://elsewhere")),
    ] {
        site.tap.calls();
        let mut chain = photographed.clone().with_opt(opt);
        chain.server = server;
        assert_eq!(chain.ident().await, "60");
        assert_eq!(site.tap.calls(), [Hook::GetNut(NutState::Pending)], "nothing is stored");
        assert_eq!(chain.ident().await, "60", "a dead nut");
    }
    // The owner can still repeat the request.
    let mut chain = visit.chain_by(&alice(), &owner);
    assert_eq!(chain.ident().await, "64");
    assert_eq!(chain.ident().await, "5");
    visit.collect().await;
    // The same with a later nut.
    let visit = site.visit_in(&visit.browser).await;
    let mut later = visit.chain_by(&mallory(), &thief).with_opt("suk~noiptest");
    assert_eq!(later.query().await, "0");
    site.clock.advance_seconds(601);
    assert_eq!(later.ident().await, "60");
    assert_eq!(later.ident().await, "60", "a dead nut");
}

#[tokio::test]
async fn a_chain_ends_with_its_lifetime() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    for _ in 0..3 {
        assert_eq!(chain.query().await, "4");
        site.clock.advance_seconds(599);
    }
    assert_eq!(chain.query().await, "4");
    site.clock.advance_seconds(4);
    let before = chain.clone();
    assert_eq!(chain.ident().await, "60");
    assert_eq!(chain.ident().await, "60");
    assert_eq!(before.clone().ident().await, "60");
    assert!(matches!(visit.poll().await, Waiting::Gone(_)));
}

#[tokio::test]
async fn a_chain_has_fifty_nuts_at_most() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    for step in 0..50 {
        // An alias is no step of its own.
        chain.server = base64url::encode("qrl://elsewhere");
        assert_eq!(chain.query().await, "c4", "{step}");
        assert_eq!(chain.query().await, "4", "{step}");
    }
    assert_eq!(chain.query().await, "60");
    assert_eq!(chain.query().await, "60", "a dead nut");
}

#[tokio::test]
async fn row_26_used_or_never_issued() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    let first = chain.clone();
    assert_eq!(chain.query().await, "4");
    let fresh = site.visit().await.chain(&alice());
    site.tap.calls();
    let mut again = first.clone();
    assert_eq!(again.query().await, "60");
    assert_eq!(again.query().await, "60", "a dead nut");
    for query in ["?nut=AAAAAAAAAAAAAAAAAAAAAA", "?nut=", "?nut=%00", "?", "", "?nut=A&nut=B"] {
        let mut chain = first.clone();
        chain.url = format!("{}/cli.sqrl{query}", site.socket_url);
        assert_eq!(chain.query().await, "60", "{query}");
    }
    // A nut has only one encoding.
    let url = fresh.url.clone();
    for url in
        [format!("{url}=="), format!("{url}%3D%3D"), format!("{url}A"), format!("{url}&nut=")]
    {
        let mut chain = fresh.clone();
        chain.url = url;
        assert_eq!(chain.query().await, "60", "{}", chain.url);
    }
    let looks = site.tap.calls().into_iter();
    assert!(looks.clone().count() >= 3);
    assert!(looks.into_iter().all(|call| call == Hook::GetNut(NutState::Pending)));
}

#[tokio::test]
async fn row_27_server_does_not_match() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let sqrl_url = visit.sqrl_url.as_str();
    let other = site.visit().await;
    for server in [
        String::new(),
        format!("{sqrl_url}&"),
        format!("{sqrl_url}&can="),
        format!("{sqrl_url}&can=a.b"),
        format!("{sqrl_url}&can=YQ&can=YQ"),
        format!("{sqrl_url}&can=YQ&x=1"),
        sqrl_url.replace("qrl://", "sqrl://"),
        sqrl_url.replace("127.0.0.1", "example.com"),
        other.sqrl_url.as_str().to_owned(),
    ] {
        let mut altered = chain.clone();
        altered.server = base64url::encode(&server);
        assert_eq!(altered.query().await, "c4", "{server}");
    }
    // The SQRL URL's nut is still live, also with the `can` that the page's script adds.
    let with_can: SqrlUrl =
        visit.sqrl_url.with_can(&(visit.sqrl_url.origin() + "/")).expect("a sqrl_url");
    let mut first = chain.clone();
    first.server = base64url::encode(with_can.as_str());
    assert_eq!(first.query().await, "4");
    // `server` of a later request must not have a `can` or be altered.
    for altered in ["tif=4", "tif=44"] {
        let text = String::from_utf8(base64url::decode(&first.server).expect("base64url"));
        let text = text.expect("text");
        let text =
            if altered == "tif=4" { text + "&can=YQ" } else { text.replace("tif=4", altered) };
        let mut chain = first.clone();
        chain.server = base64url::encode(text);
        assert_eq!(chain.query().await, "c4", "{altered}");
    }
    assert_eq!(first.ident().await, "5");
}

#[tokio::test]
async fn row_28_another_address() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let mut elsewhere = visit.chain_by(&alice(), &site.http_at("127.0.0.2"));
    assert_eq!(elsewhere.ident().await, "40");
    assert_eq!(elsewhere.ident().await, "40");
    assert_eq!(chain.clone().ident().await, "5");
    visit.collect().await;
}

#[tokio::test]
async fn row_29_another_address_with_noiptest() {
    let site = Site::behind_proxy().await;
    let browser = tower_sqrl_client::browser::Browser::new(site.http_from("203.0.113.1"));
    let visit = site.visit_in(&browser).await;
    let mut chain = visit.chain_by(&alice(), &site.http_from("198.51.100.1"));
    // The client repeats the request, with the refusal as `server`.
    assert_eq!(chain.query().await, "40");
    chain.opt = "suk~noiptest";
    assert_eq!(chain.query().await, "0");
    assert_eq!(chain.ident().await, "1");
    visit.collect().await;
    // The same address, according to the proxy.
    let visit = site.visit_in(&browser).await;
    let mut chain = visit.chain_by(&alice(), &site.http_from("203.0.113.1"));
    assert_eq!(chain.query().await, "5");
}

#[tokio::test]
async fn addresses_of_one_ipv6_network_match_if_configured() {
    for (is_by_network, near) in [(false, "40"), (true, "5")] {
        let site = Site::with(|builder| {
            let builder = builder.trusted_proxy("127.0.0.1");
            if is_by_network { builder.same_address_by_ipv6_network() } else { builder }
        })
        .await;
        for (browser, client, tif) in [
            ("2001:db8::1", "2001:db8::1", "5"),
            ("2001:db8::1", "2001:db8::ffff:0:2", near),
            ("2001:db8::1", "2001:db8:0:1::1", "40"),
            ("203.0.113.1", "203.0.113.1", "5"),
            ("203.0.113.1", "::ffff:203.0.113.1", "5"),
            ("203.0.113.1", "203.0.113.2", "40"),
            ("2001:db8::1", "203.0.113.1", "40"),
        ] {
            let browser = tower_sqrl_client::browser::Browser::new(site.http_from(browser));
            let visit = site.visit_in(&browser).await;
            let mut chain = visit.chain_by(&alice(), &site.http_from(client));
            assert_eq!(chain.ident().await, tif, "{client}, by network: {is_by_network}");
        }
    }
}

#[tokio::test]
async fn row_30_another_identity_on_the_chain() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.query().await, "4");
    for opt in ["suk", "suk~cps"] {
        let mut other = chain.as_other(&mallory()).with_opt(opt);
        assert_eq!(other.ident().await, "1c4");
        assert_eq!(other.ident().await, "60", "a dead nut");
        assert_eq!(other.extra_names(), Vec::<&str>::new());
    }
    assert_eq!(chain.ident().await, "5");
    let idk = chain.idk();
    assert!(visit.collect().await.body.contains(&idk));
}

#[tokio::test]
async fn row_30_a_sqrl_url_for_one_identity() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    site.sign_up(&mallory()).await;
    let idk = site.visit().await.chain(&alice()).idk().parse::<Idk>().expect("a key");
    let visit = site.visit_with_options(ChallengeOptions::default().only_for(idk)).await;
    assert_eq!(visit.chain(&mallory()).query().await, "1c4");
    assert_eq!(visit.chain(&mallory()).ident().await, "1c4");
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    visit.collect().await;
}

/// An alias of an alias too, whichever of them is used.
#[tokio::test]
async fn the_nut_of_a_refusal_is_an_alias_of_the_requests_nut() {
    let site = Site::new().await;
    let wrong = base64url::encode("qrl://example.com/?nut=A");
    let refused = async |chain: &Chain| {
        let mut chain = chain.clone();
        chain.server.clone_from(&wrong);
        assert_eq!(chain.query().await, "c4");
        chain
    };
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let (one, two) = (refused(&chain).await, refused(&chain).await);
    let mut third = refused(&two).await;
    assert_eq!(third.query().await, "4");
    for used in [chain, one, two] {
        assert_eq!(used.clone().query().await, "60");
    }
    // An alias of a later nut.
    let mut alias = refused(&third).await;
    let mut again = alias.clone();
    assert_eq!(alias.ident().await, "5");
    assert_eq!(again.query().await, "60", "it is used");
    assert_eq!(third.query().await, "60");
    visit.collect().await;
    // The alias is as old as the SQRL URL, and the request can be repeated once as well.
    let visit = site.visit().await;
    site.clock.advance_seconds(200);
    let mut alias = refused(&visit.chain(&alice())).await;
    site.clock.advance_seconds(101);
    assert_eq!(alias.query().await, "64");
    assert_eq!(alias.query().await, "5");
    // The nut of that reply is not an alias and has its own lifetime.
    site.clock.advance_seconds(599);
    assert_eq!(alias.ident().await, "5");
    visit.collect().await;
}

/// Two concurrent requests with two nuts of the same step. The take of the shared nut decides.
#[tokio::test]
async fn only_one_of_two_aliases_can_be_used() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let mut alias = chain.clone();
    alias.server = base64url::encode("qrl://example.com/?nut=A");
    assert_eq!(alias.query().await, "c4");
    let mut first = chain.clone();
    site.tap.before(Hook::RemoveNut(NutState::Pending), async move {
        assert_eq!(first.query().await, "4");
    });
    assert_eq!(alias.query().await, "60");
    assert!(site.tap.is_done());
}

#[tokio::test]
async fn the_next_request_answers_a_refusal_like_any_reply() {
    let site = Site::new().await;
    let visit = site.visit().await;
    // A refusal of step 3. Its nut belongs to the client that received it.
    let mut refused = visit.chain(&mallory());
    refused.server = base64url::encode("qrl://example.com/?nut=A");
    assert_eq!(refused.query().await, "c4");
    assert_eq!(refused.as_other(&alice()).query().await, "1c4");
    assert_eq!(refused.query().await, "4");
    // The same with a refusal of the engine's decision.
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let mut tries = chain.clone();
    assert_eq!(tries.send(&tries.signed(&tries.params("disable"))).await, "44");
    assert_eq!(tries.as_other(&mallory()).query().await, "1c4");
    assert_eq!(tries.ident().await, "5");
    assert!(visit.collect().await.body.contains(&chain.idk()));
}

#[tokio::test]
async fn row_34_a_second_ident() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.ident().await, "5");
    assert_eq!(chain.ident().await, "5");
    visit.collect().await;
    assert_eq!(chain.ident().await, "5");
    assert!(matches!(visit.poll().await, Waiting::Gone(_)));
}

#[tokio::test]
async fn row_34_a_second_ident_with_cps() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("cps");
    assert_eq!(chain.ident().await, "5");
    let first = chain.cps_url();
    assert_eq!(chain.ident().await, "5");
    let second = chain.cps_url();
    assert_ne!(first, second);
    let page = visit.browser.open(&second).await.expect("a page");
    assert_eq!(page.status, 200, "{}", page.body);
}

/// A wait can have two SQRL URLs: one that was renewed, and its successor.
#[tokio::test]
async fn row_34_another_identity_after_the_outcome() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let renewed = visit.renew().await;
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    let mut other = renewed.chain(&mallory()).with_opt("suk~cps");
    assert_eq!(other.ident().await, "1c4");
    assert!(other.extra_names().is_empty());
    assert_eq!(other.ident().await, "60", "a dead nut");
    let idk = visit.chain(&alice()).idk();
    assert!(renewed.collect().await.body.contains(&idk));
}

#[tokio::test]
async fn several_pidks_on_one_chain() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let mut chain = site.visit().await.chain(&crate::common::new_alice());
    for seed in 0..3 {
        let stranger = SiteKey::from_seed(&[seed; 32]);
        let params = chain.params("query").with("pidk", &stranger.idk().to_string());
        let form = chain.signed(&params).signed("pids", &stranger);
        assert_eq!(chain.send(&form).await, "4");
    }
    assert_eq!(chain.query_as_successor().await, "6");
    assert_eq!(chain.send(&chain.rekey("ident")).await, "5");
}

#[tokio::test]
async fn every_successful_command_but_query_gets_a_cps_url() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice()).with_opt("cps~suk");
    assert_eq!(chain.query().await, "4");
    assert_eq!(chain.reply().url, None);
    let mut seen = Vec::new();
    for (command, tif) in
        [("ident", "5"), ("disable", "d"), ("enable", "5"), ("ident", "5"), ("remove", "4")]
    {
        assert_eq!(chain.run(command).await, tif, "{command}");
        let url = chain.cps_url();
        let id = url.strip_prefix(&format!("{}/cps.sqrl?", site.public_url)).expect("absolute");
        assert_eq!(id.len(), 22, "128 bits");
        assert!(!seen.contains(&url));
        seen.push(url);
    }
    assert_eq!(chain.disable().await, "44");
    assert_eq!(chain.reply().url, None);
}
