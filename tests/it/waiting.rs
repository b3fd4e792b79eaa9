//! Section 4: the cookie, the waiting page, and the collection of a sign-in.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, SET_COOKIE};
use tower_sqrl::identities::{Change, Swap, Version};
use tower_sqrl::protocol::Idk;
use tower_sqrl_client::browser::{Browser, Waiting};

use crate::common::{Setup, Site, Visit, alice, change, mallory, new_alice, rekey};

fn set_cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(SET_COOKIE).iter();
    lines.map(|line| line.to_str().expect("text").to_owned()).collect()
}

#[tokio::test]
async fn each_sqrl_url_has_a_cookie() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let [cookie] = &set_cookies(&visit.page.headers)[..] else { panic!("one cookie") };
    let (name, rest) = cookie.split_once('=').expect("a name");
    assert_eq!(name, format!("sqrl-{}", visit.sqrl_url.nut()));
    let (value, attributes) = rest.split_once("; ").expect("attributes");
    assert_eq!(attributes, "Path=/; Max-Age=1800; HttpOnly; SameSite=Lax");
    let (secret, _) = value.split_once('.').expect("a secret");
    assert_eq!(secret.len(), 22, "128 bits");
    assert!(!visit.page.body.contains(secret));
    let other = site.visit_in(&visit.browser).await;
    assert!(!set_cookies(&other.page.headers)[0].contains(secret));
    // Both SQRL URLs stay valid in this browser.
    other.sign_in(&alice()).await;
    visit.sign_in(&alice()).await;
}

#[tokio::test]
async fn the_fragment_in_a_custom_page() {
    let setup = Setup { mount: "/app", ..Setup::default() };
    let site = Site::with_setup(setup, |builder| builder.prefix("/auth")).await;
    let visit = site.visit_custom_page().await;
    let nut = visit.sqrl_url.nut();
    for part in [
        "<div id=\"sqrl\"".to_owned(),
        format!("data-nut=\"{nut}\""),
        "data-base=\"/app/auth\" data-expires-in=\"300\"".to_owned(),
        format!("src=\"/app/auth/svg.sqrl?nut={nut}\""),
    ] {
        assert!(visit.page.body.contains(&part), "{part} in {}", visit.page.body);
    }
    assert!(!visit.page.body.contains("<html"), "the part alone");
    visit.sign_in(&alice()).await;
}

#[tokio::test]
async fn over_https_the_cookie_is_for_this_host_only() {
    let setup = Setup { origin: Some("https://example.com"), ..Setup::default() };
    let site = Site::with_setup(setup, |builder| builder).await;
    let visit = site.visit().await;
    assert!(visit.sqrl_url.as_str().starts_with("sqrl://example.com/cli.sqrl?nut="));
    let cookie = &set_cookies(&visit.page.headers)[0];
    assert!(cookie.starts_with(&format!("__Host-sqrl-{}=", visit.sqrl_url.nut())));
    assert!(cookie.ends_with("; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax; Secure"));
    visit.sign_in(&alice()).await;
    // A cookie without the `__Host-` prefix is not accepted instead.
    let visit = site.visit().await;
    visit.chain(&alice()).ident().await;
    let mut jar = visit.browser.cookies();
    let mut cookie = jar.iter().next().expect("a cookie").clone();
    jar.remove(&cookie.name);
    cookie.name = cookie.name.replace("__Host-", "");
    jar.insert(cookie);
    visit.browser.set_cookies(jar);
    assert!(matches!(visit.poll().await, Waiting::Gone(_)));
}

#[tokio::test]
async fn results_of_polling() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let pending = visit.poll_response().await;
    assert_eq!((pending.status().as_u16(), &pending.body()[..]), (404, &b"pending"[..]));
    assert_eq!(pending.headers()["cache-control"], "no-store");
    visit.chain(&alice()).ident().await;
    // Polling consumes nothing.
    for _ in 0..2 {
        let ready = visit.poll_response().await;
        let url = String::from_utf8(ready.body().to_vec()).expect("text");
        assert_eq!((ready.status().as_u16(), url), (200, visit.signed_in_url()));
        assert_eq!(ready.headers()["cache-control"], "no-store");
        assert_eq!(ready.headers()["referrer-policy"], "no-referrer");
    }
    let jar = visit.browser.cookies();
    let page = visit.collect().await;
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let names: Vec<_> = visit.browser.cookies().iter().map(|cookie| cookie.name.clone()).collect();
    assert_eq!(names, ["sqrl-ended"], "the secret is gone, and the word is left");
    assert_eq!(visit.poll().await, Waiting::Gone("collected".into()));
    visit.browser.set_cookies(jar);
    assert_eq!(visit.poll().await, Waiting::Gone("collected".into()));
    let again = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
    assert_eq!(again.status, 401);
}

#[tokio::test]
async fn without_scripts_the_page_reloads() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let go = format!("pag.sqrl?nut={}&go", visit.sqrl_url.nut());
    assert_eq!(visit.get(&go).await.status(), 404);
    visit.chain(&alice()).ident().await;
    let answer = visit.get(&go).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], visit.signed_in_url().as_str());
    visit.collect().await;
    assert_eq!(visit.get(&go).await.status(), 410);
}

#[tokio::test]
async fn a_wait_ends_with_its_chain() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.ident().await, "5");
    site.clock.advance_seconds(1801);
    assert_eq!(visit.poll().await, Waiting::Gone("expired".into()));
    let page = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
    assert_eq!(page.status, 401);
}

/// An attacker sets the browser's cookie, for example from a neighbour subdomain over http.
#[tokio::test]
async fn a_secret_that_was_not_issued_is_never_adopted() {
    let site = Site::new().await;
    let planted = format!("{}.9999999999", "A".repeat(22));
    let visit = site.visit().await;
    let name = format!("sqrl-{}", visit.sqrl_url.nut());
    let mut jar = visit.browser.cookies();
    let mut cookie = jar.get(&name).expect("a cookie").clone();
    cookie.value.clone_from(&planted);
    jar.insert(cookie);
    visit.browser.set_cookies(jar);
    // Neither for this SQRL URL, nor its renewal, nor the next one.
    assert_eq!(visit.get(&format!("nut.sqrl?renew={}", visit.sqrl_url.nut())).await.status(), 410);
    let next = site.visit_in(&visit.browser).await;
    assert!(!set_cookies(&next.page.headers)[0].contains(&planted[..22]));
    visit.chain(&alice()).ident().await;
    assert_eq!(visit.poll().await, Waiting::Pending);
    let page = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
    assert_eq!(page.status, 401);
}

#[tokio::test]
async fn a_renewal_keeps_the_wait() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let before = visit.browser.cookies();
    let old = before.get(&format!("sqrl-{}", visit.sqrl_url.nut())).expect("a cookie").clone();
    site.clock.advance_seconds(400);
    let renewed = visit.renew().await;
    assert_ne!(renewed.sqrl_url.nut(), visit.sqrl_url.nut());
    let after = visit.browser.cookies();
    assert_eq!(after.iter().count(), 1, "one cookie for the wait");
    let new = after.get(&format!("sqrl-{}", visit.sqrl_url.nut())).expect("a cookie");
    assert_eq!(new.value[..22], old.value[..22], "the secret stays");
    assert_ne!(new.value, old.value, "as long as the new chain");
    // A page may poll with the wait's first nut or with its latest.
    for page in [&visit, &renewed] {
        assert_eq!(page.poll().await, Waiting::Pending);
    }
    // A client that has started with the old SQRL URL can finish, and the page is notified.
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.ident().await, "64");
    assert_eq!(chain.ident().await, "5");
    assert!(renewed.collect().await.body.contains(&chain.idk()));
}

#[tokio::test]
async fn only_the_requesting_browser_renews() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let stranger = visit.in_browser(Browser::new(site.http()));
    let renew = format!("nut.sqrl?renew={}", visit.sqrl_url.nut());
    assert_eq!(stranger.get(&renew).await.status(), 410);
    assert_eq!(visit.get("nut.sqrl?renew=nonsense").await.status(), 410);
    assert_eq!(visit.get(&format!("nut.sqrl?renew={}", "A".repeat(22))).await.status(), 410);
    // A later nut of the chain is not a SQRL URL.
    let mut chain = visit.chain(&alice());
    assert_eq!(chain.query().await, "4");
    let mut jar = visit.browser.cookies();
    let mut cookie = jar.iter().next().expect("a cookie").clone();
    cookie.name = format!("sqrl-{}", chain.reply().nut);
    jar.insert(cookie);
    visit.browser.set_cookies(jar);
    let later = format!("nut.sqrl?renew={}", chain.reply().nut);
    assert_eq!(visit.get(&later).await.status(), 410);
    assert_eq!(visit.get(&renew).await.status(), 410, "it has been answered");
}

#[tokio::test]
async fn a_browser_keeps_twenty_waits_and_an_evicted_one_ends_visibly() {
    let site = Site::new().await;
    let first = site.visit().await;
    let mut others = Vec::new();
    for _ in 0..20 {
        site.clock.advance_seconds(1);
        others.push(site.visit_in(&first.browser).await);
    }
    assert_eq!(first.browser.cookies().iter().count(), 21, "and the word of the first");
    assert!(first.browser.cookies().get(&format!("sqrl-{}", first.sqrl_url.nut())).is_none());
    // Only the evicted page is notified.
    assert_eq!(first.poll().await, Waiting::Gone("evicted".into()));
    let stream = first.get(&format!("evt.sqrl?nut={}", first.sqrl_url.nut())).await;
    assert_eq!((stream.status().as_u16(), &stream.body()[..]), (410, &b"evicted"[..]));
    let stranger = first.in_browser(Browser::new(site.http()));
    assert_eq!(stranger.poll().await, Waiting::Gone("expired".into()));
    // A renewed wait counts as new, so the next one to be evicted is another.
    let renewed = others[0].renew().await;
    site.visit_in(&first.browser).await;
    renewed.sign_in(&alice()).await;
    assert_eq!(others[1].poll().await, Waiting::Gone("evicted".into()));
}

/// An attacker who has seen the QR code sends the browser to its renewal. The page does not notice.
#[tokio::test]
async fn a_renewal_by_another_site_leaves_the_page_its_wait() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let lured = visit.renew().await;
    assert_eq!(visit.poll().await, Waiting::Pending);
    // The page continues with the nut that it began with, although another one was the latest.
    let renewed = visit.renew().await;
    assert_ne!(renewed.sqrl_url.nut(), lured.sqrl_url.nut());
    let mut chain = renewed.chain(&alice());
    assert_eq!(chain.ident().await, "5");
    assert!(visit.collect().await.body.contains(&chain.idk()));
}

/// The cookie has the form of the previous release: one for each SQRL URL, without a latest nut.
#[tokio::test]
async fn a_cookie_of_the_previous_release_collects() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let renewed = visit.renew().await;
    let mut jar = visit.browser.cookies();
    let mut cookie = jar.iter().next().expect("a cookie").clone();
    let form = cookie.value.rsplit_once('.').expect("a latest nut").0.to_owned();
    jar.remove(&cookie.name);
    cookie.name = format!("sqrl-{}", renewed.sqrl_url.nut());
    cookie.value = form;
    jar.insert(cookie);
    visit.browser.set_cookies(jar);
    renewed.sign_in(&alice()).await;
}

/// Returns the status of collecting a sign-in after this change of the identity.
async fn collect_after(what: &str) -> u16 {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let visit = site.visit().await;
    assert_eq!(visit.chain(&alice()).ident().await, "5");
    let mut chain = site.visit().await.chain(&alice());
    assert_eq!(chain.query().await, "5");
    match what {
        "flags" => {
            chain.opt = "sqrlonly";
            assert_eq!(chain.ident().await, "5");
        }
        "remove and come back" => {
            change(&site, &mut chain, "remove").await;
            assert_eq!(chain.ident().await, "5");
        }
        _ => change(&site, &mut chain, what).await,
    }
    visit.browser.open(&visit.signed_in_url()).await.expect("a page").status.as_u16()
}

#[tokio::test]
async fn nothing_pending_outlives_a_disable() {
    assert_eq!(collect_after("disable").await, 401);
}

#[tokio::test]
async fn nothing_pending_outlives_an_enable() {
    assert_eq!(collect_after("enable").await, 401);
}

#[tokio::test]
async fn nothing_pending_outlives_a_remove() {
    assert_eq!(collect_after("remove").await, 401);
    assert_eq!(collect_after("remove and come back").await, 401);
}

#[tokio::test]
async fn nothing_pending_outlives_a_rekey() {
    assert_eq!(collect_after("rekey").await, 401);
}

/// An application may disable an identity in its own users table, without a new epoch.
#[tokio::test]
async fn a_disabled_identity_is_not_collected_whoever_disabled_it() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let (page, browser) = (site.visit().await, site.visit().await);
    assert_eq!(page.chain(&alice()).ident().await, "5");
    let mut chain = browser.chain(&alice()).with_opt("cps");
    assert_eq!(chain.ident().await, "5");

    let idk = chain.idk().parse::<Idk>().expect("a key");
    let current = site.sqrl.identity(&idk).await.expect("a store").expect("a row");
    let mut next = current.clone();
    (next.disabled, next.version) = (true, Version::new(1));
    let (_, identities) = site.tap.stores();
    let swap = identities.apply(&Change::set(idk, &current, next)).await;
    assert_eq!(swap.expect("a store"), Swap::Done);

    for (visit, url) in [(&page, page.signed_in_url()), (&browser, chain.cps_url())] {
        assert_eq!(visit.browser.open(&url).await.expect("a page").status, 401, "{url}");
    }
}

#[tokio::test]
async fn other_changes_keep_a_pending_sign_in() {
    assert_eq!(collect_after("flags").await, 200);
}

#[tokio::test]
async fn collecting_too_early_ends_nothing() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let page = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
    assert_eq!(page.status, 401);
    visit.sign_in(&alice()).await;
}

#[tokio::test]
async fn only_get_collects() {
    let site = Site::new().await;
    let visit = site.visit().await;
    visit.chain(&alice()).ident().await;
    for method in ["HEAD", "POST", "PUT"] {
        let name = format!("signed-in?nut={}", visit.sqrl_url.nut());
        let method = method.parse().expect("a method");
        let answer = visit.request(method, &name, HeaderMap::new(), "").await;
        assert!([401, 405].contains(&answer.status().as_u16()));
    }
    visit.collect().await;
}

#[tokio::test]
async fn other_cookies_do_no_harm() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mine = visit.browser.cookies();
    let mine = mine.iter().next().expect("a cookie");
    let stranger = visit.in_browser(Browser::new(site.http()));
    for noise in [
        "a=b; ;;=; sqrl-; sqrl-x=; sqrl-cps=1",
        "\u{fc}=\u{fc}; \"=,",
        "sqrl-ask==",
        "name=Jos\u{e9}",
        "a=\"b",
    ] {
        let line = format!("{noise}; {}={}", mine.name, mine.value);
        let headers = HeaderMap::from_iter([(COOKIE, line.parse().expect("a header"))]);
        let name = format!("pag.sqrl?nut={}", visit.sqrl_url.nut());
        let answer = stranger.request("GET".parse().expect("a method"), &name, headers, "").await;
        assert_eq!(answer.status(), 404, "{noise}");
    }
}

#[tokio::test]
async fn two_concurrent_browsers_get_one_sign_in() {
    let site = Site::new().await;
    let visit = site.visit().await;
    visit.chain(&mallory()).ident().await;
    let url = visit.signed_in_url();
    let tabs: Vec<_> = (0..8)
        .map(|_| {
            let (tab, url) = (Browser::new(site.http()), url.clone());
            tab.set_cookies(visit.browser.cookies());
            tokio::spawn(async move { tab.open(&url).await.expect("a page").status.as_u16() })
        })
        .collect();
    let mut collected = 0;
    for tab in tabs {
        collected += u32::from(tab.await.expect("a status") == 200);
    }
    assert_eq!(collected, 1);
}

/// The word that the page receives while it waits.
async fn word(visit: &Visit) -> String {
    let answer = visit.poll_response().await;
    assert_eq!(answer.status(), 404);
    String::from_utf8(answer.body().to_vec()).expect("text")
}

#[tokio::test]
async fn the_page_receives_the_reason_of_a_refusal() {
    let site = Site::with(tower_sqrl::SqrlBuilder::known_identities_only).await;
    let enrolling =
        site.visit_with_options(tower_sqrl::ChallengeOptions::default().accept_new()).await;
    let mut member = enrolling.chain(&alice());
    assert_eq!(member.ident().await, "5");
    let idk = member.idk().parse::<Idk>().expect("a key");
    site.sqrl.link(&idk, "alice").await.expect("linked");
    let visit = site.visit().await;
    let further = visit.renew().await;
    assert_eq!(word(&visit).await, "pending");
    assert_eq!(visit.chain(&mallory()).ident().await, "44");
    assert_eq!(word(&visit).await, "refused-new");
    let go = visit.get(&format!("pag.sqrl?nut={}&go", visit.sqrl_url.nut())).await;
    assert_eq!(go.status(), 404);
    assert!(String::from_utf8_lossy(go.body()).contains("accepts no new ones"));
    // It blocks no client, names no identity, and ends with the next sign-in.
    let mut chain = further.chain(&alice());
    assert_eq!(chain.query().await, "5");
    assert_eq!(chain.disable().await, "d");
    assert_eq!(word(&visit).await, "refused-new", "no ident, no word");
    assert_eq!(chain.ident().await, "4d");
    assert_eq!(word(&visit).await, "refused-disabled");
    let page = visit.browser.open(&visit.signed_in_url()).await.expect("a page");
    assert_eq!(page.status, 401);
    assert_eq!(chain.enable().await, "5");
    assert_eq!(chain.ident().await, "5");
    assert!(visit.collect().await.body.contains(&chain.idk()));
    // A sign-in that a page may have collected is never replaced.
    assert_eq!(chain.disable().await, "d");
    assert_eq!(chain.ident().await, "4d");
    assert!(matches!(visit.poll().await, Waiting::Gone(_)));
}

#[tokio::test]
async fn the_page_receives_that_an_identity_is_superseded() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    rekey(&mut site.visit().await.chain(&new_alice())).await;
    let visit = site.visit().await;
    let further = visit.renew().await;
    let mut old = visit.chain(&alice());
    assert_eq!(old.disable().await, "244");
    assert_eq!(word(&visit).await, "pending");
    assert_eq!(old.ident().await, "244");
    assert_eq!(word(&visit).await, "refused-superseded");
    let mut chain = further.chain(&new_alice());
    assert_eq!(chain.ident().await, "5");
    // A refusal does not replace a sign-in.
    assert_eq!(old.ident().await, "244");
    assert!(visit.collect().await.body.contains(&chain.idk()));
}
