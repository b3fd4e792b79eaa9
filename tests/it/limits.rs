//! The limits for one address, one body and one flood.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use tower_sqrl::nuts::NutState;
use tower_sqrl::{ChallengeOptions, PeerAddress, SqrlBuilder};
use tower_sqrl_client::browser::Browser;
use tower_sqrl_client::keys::SiteKey;
use tower_sqrl_client::{Http, base64url};

use crate::common::{Chain, Hook, Site, Verdict, alice, cps_id, mallory, new_alice, read, rekey};

#[tokio::test]
async fn a_body_has_a_limit() {
    let site = Site::with(|builder| builder.body_limit(5000)).await;
    for (length, tif) in [(5000, "4"), (5001, "c0")] {
        let chain = site.visit().await.chain(&alice());
        let mut body = chain.signed(&chain.params("query")).encode() + "&pad=";
        body += &"A".repeat(length - body.len());
        assert_eq!(read(&chain.post(body).await).tif.to_string(), tif, "{length}");
    }
}

#[tokio::test]
async fn repeated_failures_are_slowed_down() {
    let site =
        Site::with(|builder| builder.trusted_proxy("127.0.0.1").failures_per_minute(3)).await;
    let (bad, good) = (site.http_from("203.0.113.1"), site.http_from("203.0.113.2"));
    let visit = site.visit_in(&Browser::new(bad.clone())).await;
    let chain = visit.chain_by(&alice(), &bad);
    for _ in 0..3 {
        assert_eq!(read(&chain.post("nonsense").await).tif.to_string(), "c0");
    }
    // No reply invites the client to repeat the request: C0 instead of 60, and every refusal has a
    // dead nut.
    let mut altered = chain.clone();
    altered.server = base64url::encode("qrl://elsewhere");
    assert_eq!(altered.query().await, "c4");
    assert_eq!(altered.query().await, "c0", "nothing was stored for the reply before");
    assert_eq!(made_up(&chain).query().await, "c0");
    // Other addresses are not slowed down. After a minute this one is not either.
    assert_eq!(made_up(&chain.with_http(&good)).query().await, "60");
    site.clock.advance_seconds(61);
    assert_eq!(made_up(&chain).query().await, "60");
}

/// The same request with an unissued nut.
fn made_up(chain: &Chain) -> Chain {
    let mut chain = chain.clone();
    let (url, _) = chain.url.split_once('=').expect("a nut");
    chain.url = format!("{url}=AAAAAAAAAAAAAAAAAAAAAA");
    chain
}

const LOOK: Hook = Hook::GetNut(NutState::Pending);

/// A correct request with a live nut is answered, whatever a neighbour at the same address does.
#[tokio::test]
async fn an_address_that_is_slowed_down_can_still_sign_in() {
    let (site, other) = Site::pair(|builder| builder.failures_per_minute(3).nut_key([7; 32])).await;
    let visit = site.visit().await;
    let (first, mut chain) = (visit.chain(&alice()), visit.chain(&alice()));
    assert_eq!(chain.query().await, "4");
    site.tap.calls();
    for request in 0..500 {
        let tif = made_up(&first).query().await;
        assert_eq!(tif, if request < 3 { "60" } else { "c0" }, "{request}");
    }
    assert_eq!(site.tap.calls(), [LOOK; 6], "3 failures, and 3 nuts of others");
    // A consumed nut of this server is looked up once.
    for _ in 0..10 {
        assert_eq!(first.clone().query().await, "c0");
    }
    assert_eq!(site.tap.calls(), [LOOK]);
    // Every step of a sign-in works, also after a refusal, and with a nut of the other server.
    assert_eq!(chain.send(&chain.signed(&chain.params("disable"))).await, "44");
    assert_eq!(chain.ident().await, "5");
    visit.collect().await;
    let visit = other.visit().await;
    let mut chain = visit.chain_by(&alice(), &site.http());
    assert_eq!(chain.query().await, "5");
    assert_eq!(chain.ident().await, "5");
    visit.collect().await;
}

/// An attacker who has seen a QR code has its nut, and changes the last byte.
#[tokio::test]
async fn an_unissued_nut_consumes_no_other() {
    let site = Site::with(|builder| builder.failures_per_minute(3)).await;
    let mut chain = site.visit().await.chain(&alice());
    for _ in 0..3 {
        made_up(&chain).query().await;
    }
    let (url, nut) = chain.url.split_once("nut=").expect("a nut");
    let mut bytes = base64url::decode(nut).expect("base64url");
    bytes[15] ^= 1;
    let mut twin = chain.clone();
    twin.url = format!("{url}nut={}", base64url::encode(bytes));
    site.tap.calls();
    assert_eq!(twin.query().await, "c0");
    assert_eq!(site.tap.calls(), [LOOK], "it was looked up");
    assert_eq!(chain.query().await, "4");
}

/// Without a shared key, a server cannot tell another server's nuts from unissued ones.
#[tokio::test]
async fn some_nuts_of_another_server_are_looked_up_without_a_shared_key() {
    let (site, other) = Site::pair(|builder| builder.failures_per_minute(3)).await;
    let [answered, late] = [other.visit().await, other.visit().await]
        .map(|visit| visit.chain_by(&alice(), &site.http()));
    let own = site.visit().await.chain(&alice());
    for _ in 0..3 {
        made_up(&own).query().await;
    }
    assert_eq!(answered.clone().query().await, "4");
    for _ in 0..2 {
        assert_eq!(made_up(&own).query().await, "c0");
    }
    site.tap.calls();
    assert_eq!(late.clone().query().await, "c0");
    assert!(site.tap.calls().is_empty());
    assert_eq!(own.clone().query().await, "4");
    assert_eq!(
        late.with_http(&other.http()).query().await,
        "4",
        "the other server counts for itself"
    );
}

#[tokio::test]
async fn an_ipv6_network_counts_as_one_address() {
    let site =
        Site::with(|builder| builder.trusted_proxy("127.0.0.1").failures_per_minute(3)).await;
    for host in 1..=3 {
        let http = site.http_from(&format!("2001:db8::{host}"));
        let url = format!("{}/cli.sqrl", site.socket_url);
        http.post_form(&url, HeaderMap::new(), "nonsense").await.expect("an answer");
    }
    for (address, tif) in [("2001:db8::4", "c0"), ("2001:db8:0:1::1", "60")] {
        let http = site.http_from(address);
        let visit = site.visit_in(&Browser::new(http.clone())).await;
        assert_eq!(made_up(&visit.chain_by(&alice(), &http)).query().await, tif);
    }
}

/// Successful requests do not count as failures.
#[tokio::test]
async fn success_is_not_slowed_down() {
    let site = Site::with(|builder| builder.failures_per_minute(1)).await;
    for _ in 0..5 {
        let mut chain = site.visit().await.chain(&alice());
        chain.query().await;
        assert_eq!(chain.ident().await, "5");
    }
}

/// Everything that an address can leave in a shared store begins with a SQRL URL.
#[tokio::test]
async fn sqrl_urls_per_minute_are_limited() {
    let site =
        Site::with(|builder| builder.trusted_proxy("127.0.0.1").challenges_per_minute(3)).await;
    let (many, other) = (site.http_from("203.0.113.1"), site.http_from("203.0.113.2"));
    let visit = site.visit_in(&Browser::new(many.clone())).await;
    let sqrl_url = format!("{}/nut.sqrl", site.socket_url);
    let asked = async |http: &Http, url: &str| {
        let answer = http.get(url, HeaderMap::new()).await.expect("an answer");
        answer.status().as_u16()
    };
    // The page, the endpoint and a renewal count the same.
    assert_eq!(asked(&many, &sqrl_url).await, 200);
    let renewal = format!("nut.sqrl?renew={}", visit.sqrl_url.nut());
    assert_eq!(visit.get(&renewal).await.status(), 200);
    assert_eq!(visit.get(&renewal).await.status(), 429);
    assert_eq!(asked(&many, &sqrl_url).await, 429);
    assert_eq!(asked(&many, &format!("{}/login", site.socket_url)).await, 429);
    // A renewal over the limit makes no store call.
    assert!(site.tap.calls().ends_with(&[Hook::StoreNut(NutState::Pending)]));
    // The sign-in continues, and other addresses are not refused.
    let mut chain = visit.chain_by(&alice(), &many);
    assert_eq!(chain.query().await, "4");
    assert_eq!(asked(&other, &sqrl_url).await, 200);
    site.clock.advance_seconds(61);
    assert_eq!(asked(&many, &sqrl_url).await, 200);
}

#[tokio::test]
async fn the_limit_of_sqrl_urls_is_on_by_default() {
    let asked = async |site: &Site| {
        let mut urls = 0;
        for _ in 0..601 {
            let answer =
                site.http().get(&format!("{}/nut.sqrl", site.socket_url), HeaderMap::new()).await;
            urls += usize::from(answer.expect("an answer").status() == 200);
        }
        urls
    };
    assert_eq!(asked(&Site::new().await).await, 600);
    assert_eq!(asked(&Site::with(SqrlBuilder::without_limiting_challenges).await).await, 601);
}

/// Requests from so many networks that the limiter has no room for another one.
#[tokio::test]
#[ignore = "slow: 70,000 SQRL URLs"]
async fn a_flood_of_networks_does_not_lift_the_limit() {
    let site = Site::new().await;
    let challenge = async |address: IpAddr| {
        let peer = PeerAddress(SocketAddr::new(address, 1025));
        let request = Request::get("/").extension(peer).body(()).expect("a request");
        site.sqrl.challenge(&request.into_parts().0, ChallengeOptions::default()).await
    };
    // Each network is in its own /32. One network alone does not fill the limiter.
    for network in 0..65_536_u128 {
        let flood = Ipv6Addr::from_bits((0x3000_0000 + network) << 96);
        assert!(challenge(flood.into()).await.is_ok(), "{flood}");
    }
    for address in ["2001:db9::1".parse().expect("an address"), IpAddr::from([192, 0, 2, 1])] {
        let mut urls = 0;
        for _ in 0..2500 {
            urls += usize::from(challenge(address).await.is_ok());
        }
        assert_eq!(urls, 600, "{address}");
    }
}

/// Data that outlasts a request is counted across SQRL URLs: identities and CPS URLs.
#[tokio::test]
async fn stored_data_per_minute_is_limited() {
    let site = Site::with(|builder| builder.challenges_per_minute(3)).await;
    let mut chain = site.visit().await.chain(&alice()).with_opt("cps~suk");
    assert_eq!(chain.ident().await, "5", "the sqrl_url was the first, this is the second");
    assert_eq!(chain.ident().await, "5", "another URL");
    site.tap.calls();
    assert_eq!(chain.ident().await, "44");
    assert_eq!(chain.reply().url, None);
    assert!(!site.tap.calls().contains(&Hook::StoreCpsSessionId));
    // A request that stores nothing works.
    chain.opt = "suk";
    assert_eq!(chain.ident().await, "5");
    site.clock.advance_seconds(61);
    chain.opt = "cps~suk";
    assert_eq!(chain.ident().await, "5");
}

/// Every write of an identity counts: a changed option, a superseded key, a rekey.
#[tokio::test]
async fn writes_per_minute_are_limited() {
    let site = Site::with(|builder| builder.challenges_per_minute(10)).await;
    let mut chain = site.visit().await.chain(&alice());
    assert_eq!(chain.ident().await, "5", "the sqrl_url was the first, this is the second");
    site.tap.calls();
    // The same identity, each time with another unknown previous key.
    for seed in 0..4 {
        let stranger = SiteKey::from_seed(&[seed; 32]);
        let params = chain.params("ident").with("pidk", &stranger.idk().to_string());
        let form = chain.signed(&params).signed("pids", &stranger);
        assert_eq!(chain.send(&form).await, "5");
    }
    for opt in ["suk~sqrlonly", "suk", "suk~sqrlonly", "suk"] {
        chain.opt = opt;
        assert_eq!(chain.ident().await, "5");
    }
    assert_eq!(site.tap.calls().iter().filter(|hook| **hook == Hook::Apply).count(), 8);
    // The limit of ten is reached. A request that changes nothing works, and nothing else is
    // written.
    assert_eq!(chain.ident().await, "5");
    chain.opt = "suk~sqrlonly";
    assert_eq!(chain.ident().await, "44");
    let mut new = site.visit_in(&Browser::new(site.http_at("127.0.0.2"))).await.chain(&new_alice());
    new.opt = "suk~noiptest";
    assert_eq!(new.query_as_successor().await, "2");
    assert_eq!(new.send(&new.rekey("ident")).await, "40");
    let calls = site.tap.calls();
    assert!(!calls.contains(&Hook::Apply), "{calls:?}");
    // A refused request can be repeated later.
    site.clock.advance_seconds(61);
    assert_eq!(chain.ident().await, "5");
    assert_eq!(new.query_as_successor().await, "2");
    assert_eq!(new.send(&new.rekey("ident")).await, "1");
}

/// The limit of a shared address must not keep an owner from disabling a stolen identity.
#[tokio::test]
async fn a_disable_is_never_refused() {
    let site = Site::with(|builder| builder.challenges_per_minute(3)).await;
    let mut chain = site.visit().await.chain(&alice()).with_opt("suk~cps");
    assert_eq!(chain.ident().await, "5");
    assert_eq!(chain.ident().await, "5");
    assert_eq!(chain.ident().await, "44", "the limit");
    assert_eq!(chain.disable().await, "d");
    assert!(chain.cps_url().contains("cps.sqrl?"));
    // It happens once. To disable it again, the owner must first enable it, which counts.
    site.tap.calls();
    assert_eq!(chain.disable().await, "44");
    chain.opt = "suk~sqrlonly";
    assert_eq!(chain.disable().await, "44");
    assert_eq!(chain.send(&chain.signed(&chain.params("query"))).await, "d");
    assert_eq!(chain.enable().await, "44");
    let calls = site.tap.calls();
    assert!(
        !calls.contains(&Hook::Apply) && !calls.contains(&Hook::StoreCpsSessionId),
        "{calls:?}"
    );
    site.clock.advance_seconds(61);
    assert_eq!(chain.enable().await, "5");
}

/// A request counts once, however often its swap is lost.
#[tokio::test]
async fn a_request_counts_once() {
    let site = Site::with(|builder| builder.challenges_per_minute(3)).await;
    let mut chain = site.visit().await.chain(&alice());
    for _ in 0..3 {
        site.tap.plan(Hook::Apply, Verdict::Preempt);
    }
    assert_eq!(chain.ident().await, "5");
    assert!(site.tap.is_done());
    chain.opt = "suk~sqrlonly";
    assert_eq!(chain.ident().await, "5");
    chain.opt = "suk";
    assert_eq!(chain.ident().await, "44");
}

#[tokio::test]
async fn one_sqrl_url_enrols_one_identity() {
    let site = Site::with(|builder| builder.challenges_per_minute(2)).await;
    let visit = site.visit().await;
    // The refusal issues an alias and leaves the SQRL URL to the next client.
    let mut other = visit.chain(&mallory());
    other.server = base64url::encode("qrl://elsewhere");
    assert_eq!(other.query().await, "c4");
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    site.tap.calls();
    assert_eq!(other.ident().await, "60");
    assert!(!site.tap.calls().contains(&Hook::Apply));
}

/// The `ident`s of two clients of one page are refused alternately for different reasons.
#[tokio::test]
async fn alternating_refusals_are_counted() {
    let site = Site::with(|builder| builder.challenges_per_minute(10)).await;
    site.sign_up(&alice()).await;
    rekey(&mut site.visit().await.chain(&new_alice())).await;
    site.sign_up_disabled(&mallory()).await;
    site.clock.advance_seconds(61);
    let visit = site.visit().await;
    let mut superseded = visit.chain(&alice());
    let mut disabled = visit.renew().await.chain(&mallory());
    site.tap.calls();
    for _ in 0..10 {
        assert_eq!(superseded.ident().await, "244");
        assert_eq!(disabled.ident().await, "4d");
    }
    let calls = site.tap.calls();
    let replaced = calls.iter().filter(|&&call| call == Hook::RemoveNut(NutState::Authorized));
    assert_eq!(replaced.count(), 8, "10, and two of them were SQRL URLs");
}

/// A page of another site that embeds images must not use up the limit of its visitors.
#[tokio::test]
async fn another_site_uses_up_no_limit() {
    let limits = |builder: SqrlBuilder| builder.challenges_per_minute(2).failures_per_minute(1);
    let site = Site::with(limits).await;
    for other in ["cross-site", "same-site"] {
        let image = headers(&[("sec-fetch-site", other), ("sec-fetch-mode", "no-cors")]);
        for path in ["nut.sqrl", "login"] {
            assert_eq!(statuses(&site, path, &image).await, [403; 3], "{path}, {other}");
        }
    }
    let mut chain = site.visit().await.chain(&alice());
    assert_eq!(chain.query().await, "4");
    assert_eq!(chain.ident().await, "5");
}

/// A form that submits itself is a navigation and needs no user gesture.
#[tokio::test]
async fn a_web_page_cannot_act_as_a_client() {
    let site = Site::with(|builder| builder.failures_per_minute(3)).await;
    let post = async |lines: &[(&str, &str)]| {
        let url = format!("{}/cli.sqrl", site.socket_url);
        let answer = site.http().post_form(&url, headers(lines), "x").await.expect("an answer");
        read(&answer).tif.to_string()
    };
    let form = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    for site in ["cross-site", "same-site", "same-origin"] {
        for origin in ["https://elsewhere.example", "http://127.0.0.1", "null"] {
            let sent = [form[0], form[1], ("sec-fetch-site", site), ("origin", origin)];
            assert_eq!(post(&sent).await, "c0", "{site}, {origin}");
            assert_eq!(post(&[("origin", origin)]).await, "c0", "{origin}");
        }
    }
    // Not even with a correct request, so that no page can act for an extension.
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let query = chain.signed(&chain.params("query")).encode();
    let by_page = headers(&[("origin", "null")]);
    let answer = site.http().post_form(&chain.url, by_page, query.clone()).await;
    assert_eq!(read(&answer.expect("an answer")).tif.to_string(), "c0");
    // Nothing was counted or consumed. The request of an extension is like any client's and counts.
    let extension = [("origin", "moz-extension://a"), ("sec-fetch-site", "cross-site")];
    let answer = site.http().post_form(&chain.url, headers(&extension), query).await;
    assert_eq!(read(&answer.expect("an answer")).tif.to_string(), "4");
    assert_eq!(made_up(&chain).query().await, "60", "not slowed down; the first failure");
    for _ in 0..2 {
        assert_eq!(post(&extension).await, "c0");
    }
    assert_eq!(made_up(&chain).query().await, "c0", "slowed down");
}

/// Browsers prefetch for another site with `Sec-Fetch-Site: none`, and the user may never see the
/// page.
#[tokio::test]
async fn a_prefetch_creates_nothing() {
    let site = Site::with(|builder| builder.challenges_per_minute(2)).await;
    let visit = site.visit().await;
    site.tap.calls();
    let nut = visit.sqrl_url.nut();
    for line in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
    ] {
        let ahead = [line, ("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")];
        for path in ["login", "nut.sqrl", &format!("nut.sqrl?renew={nut}")] {
            let sent = visit.request(Method::GET, path, headers(&ahead), "").await;
            assert_eq!(sent.status(), 503, "{path}, {line:?}");
            assert_eq!(sent.headers()["cache-control"], "no-store", "{path}, {line:?}");
            assert!(!sent.headers().contains_key("set-cookie"), "{path}, {line:?}");
        }
    }
    assert_eq!(site.tap.calls(), []);
    // One of the two SQRL URLs is left.
    assert_eq!(visit.get("login").await.status(), 200);
}

/// A one-time URL is consumed only by a visit that the user sees.
#[tokio::test]
async fn only_a_visit_collects() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("cps");
    assert_eq!(chain.ident().await, "5");
    let cps = format!("cps.sqrl?{}", cps_id(&chain.cps_url()));
    let mut disable = site.visit().await.chain(&alice()).with_opt("cps~suk");
    let page = site.visit().await;
    assert_eq!(page.chain(&alice()).ident().await, "5");
    let signed_in = format!("signed-in?nut={}", page.sqrl_url.nut());
    site.tap.calls();
    for (lines, status) in [
        ([("sec-purpose", "prefetch"), ("sec-fetch-site", "none")], 503),
        ([("sec-fetch-site", "same-site"), ("sec-fetch-dest", "image")], 403),
        ([("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "iframe")], 403),
    ] {
        for (visit, path) in [(&visit, &cps), (&page, &signed_in)] {
            let sent = visit.request(Method::GET, path, headers(&lines), "").await;
            assert_eq!(sent.status(), status, "{path}");
            assert!(!sent.headers().contains_key("set-cookie"), "{path}");
        }
    }
    assert_eq!(site.tap.calls(), []);
    assert!(page.collect().await.body.contains(&chain.idk()));
    assert_eq!(visit.browser.open(&chain.cps_url()).await.expect("a page").status, 200);
    // The page about a command is shown once, too.
    assert_eq!(disable.disable().await, "d");
    let (by, url) = (site.visit().await, format!("cps.sqrl?{}", cps_id(&disable.cps_url())));
    let ahead = headers(&[("purpose", "prefetch")]);
    assert_eq!(by.request(Method::GET, &url, ahead, "").await.status(), 503);
    assert_eq!(by.get(&url).await.headers()["location"], "/cps.sqrl?done");
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&str, &str)| {
        let name = name.parse::<HeaderName>().expect("a name");
        (name, HeaderValue::from_str(value).expect("a value"))
    };
    lines.iter().map(line).collect()
}

/// The statuses of three requests.
async fn statuses(site: &Site, path: &str, headers: &HeaderMap) -> [u16; 3] {
    let mut statuses = [0; 3];
    for status in &mut statuses {
        let url = format!("{}/{path}", site.socket_url);
        let answer = site.http().get(&url, headers.clone()).await.expect("an answer");
        *status = answer.status().as_u16();
    }
    statuses
}
