//! Section 4: CPS. The client hands the browser a one-time URL.

use axum::http::header::{HeaderMap, HeaderValue, LOCATION};
use axum::http::{HeaderName, Method};
use tower_sqrl_client::browser::{Browser, Page, Waiting};

use crate::common::{Chain, Hook, Site, Visit, alice, change, cps_id};

/// Sends the `ident` with `cps` and returns the CPS URL.
async fn given(chain: &mut Chain) -> String {
    chain.opt = "cps~suk";
    assert_eq!(chain.ident().await, "5");
    chain.cps_url()
}

async fn open(browser: &Browser, url: &str) -> Page {
    browser.open(url).await.expect("a page")
}

#[tokio::test]
async fn the_requesting_browser_is_signed_in_without_a_question() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    let url = given(&mut chain).await;
    // The waiting page is notified and does not collect.
    assert_eq!(visit.poll().await, Waiting::Gone("taken-over".into()));
    let page = open(&visit.browser, &visit.signed_in_url()).await;
    assert_eq!(page.status, 401);
    let id = cps_id(&url);
    let first = visit.get(&format!("cps.sqrl?{id}")).await;
    assert_eq!(first.status(), 303);
    assert_eq!(first.headers()[LOCATION], "/signed-in", "a clean address");
    assert_eq!(first.headers()["cache-control"], "no-store");
    assert_eq!(first.headers()["referrer-policy"], "no-referrer");
    let page = open(&visit.browser, &format!("{}/signed-in", site.public_url)).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&chain.idk()));
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    assert!(visit.browser.cookies().get("sqrl-cps").is_none(), "used up");
}

#[tokio::test]
async fn a_url_is_used_once() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let url = given(&mut visit.chain(&alice())).await;
    assert_eq!(open(&visit.browser, &url).await.status, 200);
    assert_eq!(open(&visit.browser, &url).await.status, 410);
    assert_eq!(open(&visit.browser, &format!("{}/signed-in", site.public_url)).await.status, 401);
    assert_eq!(open(&Browser::new(site.http()), &url).await.status, 410);
}

#[tokio::test]
async fn a_url_is_used_once_concurrently() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let url = given(&mut visit.chain(&alice())).await;
    let (twin, twin_url) = (Browser::new(site.http()), url.clone());
    twin.set_cookies(visit.browser.cookies());
    let (sender, receiver) = tokio::sync::oneshot::channel();
    site.tap.before(Hook::RemoveCpsSessionId, async move {
        sender.send(open(&twin, &twin_url).await.status.as_u16()).expect("a listener");
    });
    assert_eq!(open(&visit.browser, &url).await.status, 401);
    assert_eq!(receiver.await.expect("a status"), 200);
}

#[tokio::test]
async fn head_consumes_nothing() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let url = given(&mut visit.chain(&alice())).await;
    let id = cps_id(&url);
    let head = visit.request(Method::HEAD, &format!("cps.sqrl?{id}"), HeaderMap::new(), "").await;
    assert_eq!(head.status(), 405);
    assert_eq!(head.headers()["allow"], "GET, POST");
    visit.get(&format!("cps.sqrl?{id}")).await;
    visit.request(Method::HEAD, "signed-in", HeaderMap::new(), "").await;
    assert_eq!(open(&visit.browser, &format!("{}/signed-in", site.public_url)).await.status, 200);
}

#[tokio::test]
async fn another_browser_is_asked_first() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice());
    let url = given(&mut chain).await;
    let other = Browser::new(site.http());
    let page = open(&other, &url).await;
    assert_eq!(
        (page.status.as_u16(), page.url.as_str()),
        (200, &*format!("{}/cps.sqrl", site.public_url))
    );
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(page.body.contains("<h1>Sign in with a new identity?</h1>"), "{}", page.body);
    assert!(!page.body.contains(&chain.idk()));
    assert_eq!(open(&other, &format!("{}/signed-in", site.public_url)).await.status, 401);
    let id = cps_id(&url);
    let page = other.submit(&page.url, "/cps.sqrl", &[("id", id)]).await.expect("a page");
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/signed-in"));
    assert!(page.body.contains(&chain.idk()));
    assert_eq!(page.url.query(), None);
}

/// A form of another site, a script of another site, or no browser at all.
#[tokio::test]
async fn a_confirmation_must_have_the_same_origin() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let url = given(&mut visit.chain(&alice())).await;
    let id = cps_id(&url).to_owned();
    let other = Browser::new(site.http());
    let page = open(&other, &url).await;
    let confirm = async |headers: &[(&'static str, &str)], id: &str| {
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        });
        let url = page.url.join("/cps.sqrl").expect("an address");
        let body = format!("id={id}").into();
        let answer = other.fetch(Method::POST, &url, headers.collect(), body).await;
        answer.expect("an answer").status().as_u16()
    };
    let ours = site.origin();
    assert_eq!(confirm(&[], &id).await, 403);
    assert_eq!(confirm(&[("origin", "https://evil.example")], &id).await, 403);
    assert_eq!(confirm(&[("origin", "null")], &id).await, 403);
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(confirm(&[("sec-fetch-site", site), ("origin", ours)], &id).await, 403);
    }
    assert_eq!(confirm(&[("sec-fetch-site", "same-origin")], &"A".repeat(22)).await, 410);
    assert_eq!(confirm(&[("sec-fetch-site", "same-origin")], "").await, 410);
    // `Origin` counts if the browser sends no fetch metadata.
    assert_eq!(confirm(&[("origin", ours)], &id).await, 303);
}

#[tokio::test]
async fn a_confirmation_must_come_from_the_asked_browser() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let url = given(&mut visit.chain(&alice())).await;
    let id = cps_id(&url);
    let stranger = Browser::new(site.http());
    let page = stranger.submit(&visit.page.url, "/cps.sqrl", &[("id", id)]).await.expect("a page");
    assert_eq!(page.status, 410);
    assert_eq!(open(&stranger, &format!("{}/signed-in", site.public_url)).await.status, 401);
    assert_eq!(open(&visit.browser, &url).await.status, 200);
}

#[tokio::test]
async fn other_commands_show_a_page_and_the_wait_continues() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("cps~suk");
    let mut urls = Vec::new();
    assert_eq!(chain.disable().await, "d");
    urls.push(chain.cps_url());
    assert_eq!(chain.enable().await, "5");
    urls.push(chain.cps_url());
    assert_eq!(chain.remove().await, "4");
    urls.push(chain.cps_url());
    for (url, word) in urls.iter().zip(["disabled", "enabled", "removed"]) {
        let id = cps_id(url);
        let first = visit.get(&format!("cps.sqrl?{id}")).await;
        assert_eq!(first.status(), 303);
        let clean = format!("/cps.sqrl?{word}");
        assert_eq!(first.headers()[LOCATION], clean.as_str());
        assert_eq!(first.headers()["referrer-policy"], "no-referrer");
        assert_eq!(first.headers()["cache-control"], "no-store");
        let page = open(&visit.browser, &format!("{}{clean}", site.public_url)).await;
        assert_eq!(page.status, 200);
        // A link on another site to this page does not show that the identity is disabled.
        let stranger = Browser::new(site.http());
        for (browser, path) in [
            (&stranger, &*clean),
            (
                &visit.browser,
                if word == "removed" { "/cps.sqrl?disabled" } else { "/cps.sqrl?removed" },
            ),
        ] {
            let page = open(browser, &format!("{}{path}", site.public_url)).await;
            assert_eq!(page.status, 410);
            assert!(page.body.contains("no longer works"), "{}", page.body);
        }
        assert_eq!(page.headers["cache-control"], "no-store");
        let again = visit.get(&format!("cps.sqrl?{id}")).await;
        assert_eq!(again.headers()[LOCATION], "/cps.sqrl?gone", "once");
        assert_eq!(open(&visit.browser, url).await.status, 410, "once");
        assert_eq!(
            open(&visit.browser, &format!("{}/signed-in", site.public_url)).await.status,
            401
        );
        assert_eq!(visit.poll().await, Waiting::Pending);
    }
}

/// The command may have been a stranger's, about the stranger's own identity.
#[tokio::test]
async fn a_browser_that_did_not_request_the_url_does_not_learn_the_command() {
    let site = Site::new().await;
    site.sign_up(&alice()).await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("cps~suk");
    for command in ["disable", "enable", "remove"] {
        chain.run(command).await;
        // It has a wait of its own.
        let other = site.visit().await;
        let first = other.get(&format!("cps.sqrl?{}", cps_id(&chain.cps_url()))).await;
        assert_eq!(first.headers()[LOCATION], "/cps.sqrl?done", "{command}");
        assert!(!first.headers().contains_key("set-cookie"), "{command}");
        for path in ["disabled", "enabled", "removed"] {
            let page = open(&other.browser, &format!("{}/cps.sqrl?{path}", site.public_url)).await;
            assert_eq!(page.status, 410, "{command} {path}");
        }
        let page = open(&other.browser, &format!("{}/cps.sqrl?done", site.public_url)).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("has finished") && !page.body.contains("dentity"), "{command}");
    }
}

/// Even with the cookie of the last step, the id of a disable signs no browser in.
#[tokio::test]
async fn only_the_url_of_an_ident_signs_in() {
    let site = Site::new().await;
    site.sign_up_disabled(&alice()).await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("cps~suk");
    assert_eq!(chain.query().await, "d");
    assert_eq!(chain.enable().await, "5");
    let url = chain.cps_url();
    let mut jar = visit.browser.cookies();
    let mut cookie = jar.iter().next().expect("a cookie").clone();
    cookie.name = "sqrl-cps".into();
    cookie.value = cps_id(&url).into();
    jar.insert(cookie);
    visit.browser.set_cookies(jar);
    assert_eq!(open(&visit.browser, &format!("{}/signed-in", site.public_url)).await.status, 401);
}

async fn assert_no_url_survives(what: &str) {
    for same_browser in [true, false] {
        let site = Site::new().await;
        let visit: Visit = site.visit().await;
        let mut chain = visit.chain(&alice());
        let url = given(&mut chain).await;
        change(&site, &mut chain, what).await;
        let browser = if same_browser { visit.browser } else { Browser::new(site.http()) };
        let expected = if same_browser { 401 } else { 410 };
        assert_eq!(open(&browser, &url).await.status, expected, "{what}");
    }
}

#[tokio::test]
async fn no_url_outlives_a_disable_enable_remove_or_rekey() {
    for what in ["disable", "enable", "remove", "rekey"] {
        assert_no_url_survives(what).await;
    }
}

/// The name of an account on the page with the question.
#[tokio::test]
async fn the_question_shows_the_name_of_the_account() {
    use std::future::pending;
    use tower_sqrl::identities::UserId;
    use tower_sqrl::protocol::Idk;

    async fn asks(site: Site, expected: &str) {
        site.sign_up(&alice()).await;
        let visit = site.visit().await;
        let mut chain = visit.chain(&alice());
        let idk = chain.idk().parse::<Idk>().expect("a key");
        site.sqrl.link(&idk, "4711").await.expect("an account");
        let url = given(&mut chain).await;
        let page = open(&Browser::new(site.http()), &url).await;
        let heading = format!("<h1>{expected}</h1>");
        assert!(page.status == 200 && page.body.contains(&heading), "{expected}: {}", page.body);
    }

    let unnamed = "Sign in to an existing account?";
    asks(Site::new().await, "Sign in as <bdi>4711</bdi>?").await;
    let ada = async |user: UserId| (user.as_str() == "4711").then(|| "Ada <b>".to_owned());
    let named = "Sign in as <bdi>Ada &lt;b&gt;</bdi>?";
    asks(Site::with(|builder| builder.account_name(ada)).await, named).await;
    asks(Site::with(|builder| builder.account_name(async |_| None)).await, unnamed).await;
    asks(Site::with(|builder| builder.account_name(|_| pending())).await, unnamed).await;
    let panics = |_: UserId| async { panic!("on purpose") };
    asks(Site::with(|builder| builder.account_name(panics)).await, unnamed).await;
}
