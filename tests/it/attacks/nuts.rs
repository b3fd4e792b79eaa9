//! Attacks 4 to 8: using another user's nut, unissued and replayed nuts, altered requests, and
//! forged addresses.

use tower_sqrl_client::base64url;
use tower_sqrl_client::browser::{Browser, Waiting};

use crate::common::{Hook, Site, Visit, alice, mallory, read};

use tower_sqrl::nuts::NutState::Pending;

#[tokio::test]
async fn attack_04_photographing_the_qr_code() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let thief = visit.in_browser(Browser::new(site.http()));
    // Her own SQRL URL and cookie serve her own sign-in alone.
    thief.browser.open(&format!("{}/login", site.public_url)).await.expect("a page");
    for answered in [false, true] {
        if answered {
            assert_eq!(visit.chain(&alice()).ident().await, "5");
        }
        assert!(matches!(thief.poll().await, Waiting::Gone(_)));
        let nut = visit.sqrl_url.nut();
        assert_eq!(thief.get(&format!("pag.sqrl?nut={nut}&go")).await.status(), 410);
        assert_eq!(thief.get(&format!("evt.sqrl?nut={nut}")).await.status(), 410);
        assert_eq!(thief.get(&format!("nut.sqrl?renew={nut}")).await.status(), 410);
        let page = thief.browser.open(&visit.signed_in_url()).await.expect("a page");
        assert_eq!(page.status, 401);
        let page = thief.browser.open(&format!("{}/signed-in", site.public_url)).await;
        assert_eq!(page.expect("a page").status, 401);
    }
    // The result is still there.
    visit.collect().await;
}

/// A refusal that consumes no nut issues an alias. Mallory photographs the QR code and keeps such
/// an alias.
#[tokio::test]
async fn attack_04_a_nut_in_reserve() {
    let site = Site::new().await;
    let elsewhere = site.http_at("127.0.0.2");
    let reserve = async |visit: &Visit| {
        let mut chain = visit.chain_by(&mallory(), &elsewhere).with_opt("noiptest");
        chain.server = base64url::encode("qrl://wrong/?nut=A");
        assert_eq!(chain.query().await, "c0");
        chain
    };
    // The alias is dead once the victim's client has used the SQRL URL.
    let visit = site.visit().await;
    let mut spare = reserve(&visit).await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.query().await, "4");
    assert_eq!(spare.ident().await, "60");
    assert_eq!(spare.ident().await, "60", "a dead nut");
    assert_eq!(visit.poll().await, Waiting::Pending);
    assert_eq!(chain.ident().await, "5");
    assert!(visit.collect().await.body.contains(&chain.idk()));
    // The alias expires with the SQRL URL (row 25b).
    let visit = site.visit().await;
    site.clock.advance_seconds(200);
    let mut spare = reserve(&visit).await;
    visit.renew().await;
    site.clock.advance_seconds(101);
    assert_eq!(spare.ident().await, "60");
    assert_eq!(visit.poll().await, Waiting::Pending);
}

#[tokio::test]
async fn attack_04_burning_somebodys_nut() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let chain = visit.chain(&mallory());
    let mut sqrl_url = visit.chain(&alice());
    for step in 0..2 {
        let mut burn = chain.clone();
        (burn.url, burn.server) = (sqrl_url.url.clone(), sqrl_url.server.clone());
        for body in [
            String::new(),
            burn.signed(&burn.params("ident")).without("ids").encode(),
            burn.signed(&burn.params("ident")).altered("ids", &"A".repeat(86)).encode(),
            burn.signed(&sqrl_url.params("ident")).encode(),
        ] {
            assert_eq!(read(&burn.post(body).await).tif.to_string(), "c0");
        }
        // From another address, and with another `server`.
        let mut elsewhere = burn.with_http(&site.http_at("127.0.0.2"));
        assert_eq!(elsewhere.ident().await, "40");
        let mut altered = burn.clone();
        altered.server = base64url::encode("qrl://elsewhere/?nut=A");
        assert_eq!(altered.ident().await, "c4");
        // With another key, once the chain belongs to an identity.
        if step == 1 {
            assert_eq!(burn.clone().ident().await, "1c4");
            assert_eq!(
                burn.with_http(&site.http_at("127.0.0.2")).with_opt("noiptest").ident().await,
                "1c0"
            );
        }
        if step == 0 {
            assert_eq!(sqrl_url.query().await, "4");
        }
    }
    assert_eq!(sqrl_url.ident().await, "5");
    assert!(visit.collect().await.body.contains(&sqrl_url.idk()));
}

#[tokio::test]
async fn attack_05_the_same_body_twice() {
    let site = Site::new().await;
    for command in ["query", "ident"] {
        let visit = site.visit().await;
        let chain = visit.chain(&alice());
        let body = chain.signed(&chain.params_with_keys(command)).encode();
        let first = read(&chain.post(body.clone()).await);
        assert!(["4", "5"].contains(&first.tif.to_string().as_str()));
        let second = read(&chain.post(body.clone()).await);
        assert_eq!(second.tif.to_string(), "60", "{command}");
        // The reply to the replay has a dead nut.
        let mut replay = chain.clone();
        replay.url = format!("{}{}", site.socket_url, second.qry);
        replay.server = second.raw;
        assert_eq!(replay.query().await, "60");
        // A body for one nut, sent with another.
        let mut next = chain.clone();
        next.url = format!("{}{}", site.socket_url, first.qry);
        assert_eq!(read(&next.post(body.clone()).await).tif.to_string(), "c4");
        let other = site.visit().await.chain(&alice());
        assert_eq!(read(&other.post(body).await).tif.to_string(), "c4");
    }
}

#[tokio::test]
async fn attack_05_the_same_body_at_the_same_instant() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let form = chain.signed(&chain.params_with_keys("ident"));
    let (mut twin, twin_form) = (chain.clone(), form.clone());
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // Both requests have looked the nut up. The other one takes it first.
    site.tap.before(Hook::RemoveNut(Pending), async move {
        sender.send(twin.send(&twin_form).await).expect("a listener");
    });
    assert_eq!(chain.clone().send(&form).await, "60");
    assert_eq!(receiver.await.expect("a tif"), "5");
    // On real threads.
    let chain = site.visit().await.chain(&alice());
    let form = chain.signed(&chain.params_with_keys("ident"));
    let all = (0..16).map(|_| {
        let (mut chain, form) = (chain.clone(), form.clone());
        tokio::spawn(async move { chain.send(&form).await })
    });
    let mut won = 0;
    for one in all.collect::<Vec<_>>() {
        match one.await.expect("a tif").as_str() {
            "5" => won += 1,
            tif => assert_eq!(tif, "60"),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn attack_06_made_up_and_spent_nuts_start_no_chain() {
    let site = Site::new().await;
    let mut spent = site.visit().await.chain(&mallory());
    let first = spent.clone();
    assert_eq!(spent.query().await, "4");
    let mut made_up = first.clone();
    let nut = "AAAAAAAAAAAAAAAAAAAAAA";
    made_up.url = format!("{}/cli.sqrl?nut={nut}", site.socket_url);
    made_up.server = base64url::encode(made_up.url.replace("http://", "qrl://"));
    site.tap.calls();
    for mut chain in [first, made_up] {
        for _ in 0..3 {
            assert_eq!(chain.ident().await, "60");
        }
        assert!(chain.extra_names().is_empty());
    }
    let calls = site.tap.calls();
    assert!(calls.iter().all(|call| *call == Hook::GetNut(Pending)), "{calls:?}");
}

#[tokio::test]
async fn attack_07_another_server_than_what_was_sent() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    // A phishing page shows the SQRL URL with another host, and the client signs what it received.
    let mut phished = chain.clone();
    let seen = visit.sqrl_url.as_str().replace("127.0.0.1", "phish.example");
    phished.server = base64url::encode(seen);
    assert_eq!(phished.ident().await, "c4");
    assert_eq!(visit.poll().await, Waiting::Pending);
    // Later requests: a reply without its flags, or of another chain.
    assert_eq!(chain.query().await, "4");
    let mut other = site.visit().await.chain(&alice());
    assert_eq!(other.query().await, "4");
    let mut mixed = chain.clone();
    mixed.server.clone_from(&other.server);
    assert_eq!(mixed.ident().await, "c4");
    // If only the form is altered, the signature is not valid.
    let form = chain.signed(&chain.params_with_keys("ident")).altered("server", &other.server);
    assert_eq!(chain.clone().send(&form).await, "c0");
    assert_eq!(chain.ident().await, "5");
}

#[tokio::test]
async fn attack_08_forged_forwarding_headers() {
    // Without a trusted proxy, headers are ignored.
    let site = Site::new().await;
    let visit = site.visit().await;
    for name in ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip"] {
        let value = if name == "forwarded" { "for=127.0.0.1" } else { "127.0.0.1" };
        let http = tower_sqrl_client::Http::builder()
            .local_address("127.0.0.2".parse().expect("an address"))
            .header(name.parse().expect("a name"), value.parse().expect("a value"))
            .build();
        assert_eq!(visit.chain_by(&mallory(), &http).query().await, "40", "{name}");
    }
    // With a trusted proxy, the client's own entries are to the left of the proxy's.
    let site = Site::behind_proxy().await;
    let visit = site.visit_in(&Browser::new(site.http_from("203.0.113.1"))).await;
    for forged in ["203.0.113.1, 198.51.100.1", "203.0.113.1,203.0.113.1 ,198.51.100.1"] {
        let http = site.http_from(forged);
        assert_eq!(visit.chain_by(&mallory(), &http).query().await, "40", "{forged}");
    }
    let two_lines = site.http_from("203.0.113.1");
    let chain = visit.chain_by(&mallory(), &two_lines);
    let body = chain.signed(&chain.params("query")).encode();
    // Two lines of a header are one list.
    let path = chain.url.strip_prefix(&site.socket_url).expect("ours");
    let lines = "x-forwarded-for: 203.0.113.1\r\nx-forwarded-for: 198.51.100.1\r\n";
    let answer = site
        .raw(&format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{lines}content-length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    let (_, reply) = answer.split_once("\r\n\r\n").expect("a body");
    let reply = tower_sqrl_client::wire::Reply::parse(reply).expect("a reply");
    assert_eq!(reply.tif.to_string(), "40");
    // A sender that is not the proxy.
    let http = tower_sqrl_client::Http::builder()
        .local_address("127.0.0.2".parse().expect("an address"))
        .header("x-forwarded-for".parse().expect("a name"), "203.0.113.1".parse().expect("a value"))
        .build();
    assert_eq!(visit.chain_by(&mallory(), &http).query().await, "40");
}
