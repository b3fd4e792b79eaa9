//! Attacks 10, 13e and 15: what a page of another site, or a subdomain, can do in a browser.

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use bytes::Bytes;
use url::Url;

use super::error::{Inconclusive, check_not_busy};
use super::raw_client::RawClient;
use super::trial::{AttackResult, Trial, refused, worked};
use crate::base64url;
use crate::browser::{Browser, Cookie};

/// Headers that a browser adds to a request.
type Headers = [(&'static str, &'static str)];

/// Number of forms of each kind.
const FORMS: usize = 40;

/// The headers of a form of another site: in a tab, in a frame, in a sandboxed frame, from a
/// script, and without fetch metadata.
const FORM_HEADERS: [&Headers; 5] = [
    &[
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-user", "?1"),
    ],
    &[
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "iframe"),
    ],
    &[
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ],
    &[
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-dest", "empty"),
    ],
    &[("origin", "http://evil.example")],
];

/// 15a: forms of another site count against the visitor's limits. The reply to a used nut
/// shows whether the server limits the address.
pub(super) async fn forms(trial: &mut Trial<'_>) -> AttackResult {
    let visitor = trial.registered_identity().await?;
    let visit = trial.visit().await?;
    let mut client = visit.client(&visitor);
    let used = client.clone();
    client.query().await?.expect_success("query")?;
    let probe = async |used: &RawClient| used.clone().query().await;
    let before = probe(&used).await?;
    trial.record_answer("the visitor's request on a used nut", &before);
    for headers in FORM_HEADERS {
        let mut last = None;
        for _ in 0..FORMS {
            last = Some(used.post_with(header_map(headers), "client=evil".to_owned()).await?);
        }
        let Some(last) = last else { continue };
        trial.record_answer(&format!("{FORMS} forms of another site"), &last);
    }
    let after = probe(&used).await?;
    trial.record_answer("the visitor's request on a used nut, after the forms", &after);
    let is_limited = before.text() != after.text();
    let answer = client.ident().await?;
    if !answer.is_success() {
        return worked(format!("then the visitor's own ident returns {}", answer.text()));
    }
    if let Err(Inconclusive(why)) = trial.collect(&visit).await {
        return worked(format!("then {why}"));
    }
    if let Err(Inconclusive(why)) = trial.state(&visitor).await {
        return worked(format!("then {why}"));
    }
    if is_limited {
        return worked(format!(
            "then a request on a used nut returns {}, and {} before: the address is limited",
            after.text(),
            before.text()
        ));
    }
    refused(format!("{}; the visitor's own requests succeed", trial.answers()))
}

/// The headers of requests that load a page before the user opens it.
const PREFETCHES: [&Headers; 3] = [
    &[
        ("sec-purpose", "prefetch"),
        ("sec-fetch-site", "none"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ],
    &[
        ("sec-purpose", "prefetch;prerender"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ],
    &[("purpose", "prefetch")],
];

/// 15b: a page makes the browser prefetch sign-in pages.
pub(super) async fn prefetch(trial: &mut Trial<'_>) -> AttackResult {
    hidden_load(trial, &PREFETCHES, "a prefetch").await
}

/// The headers of requests for parts of a page of a sibling subdomain, or of another site.
const PARTS: [&Headers; 4] = [
    &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
    &[
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "iframe"),
    ],
    &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
];

/// 15c: a page of another site loads sign-in pages as images, frames and scripts.
pub(super) async fn parts(trial: &mut Trial<'_>) -> AttackResult {
    hidden_load(trial, &PARTS, "a part of another site's page").await
}

/// Checks whether the sign-in page or `nut.sqrl` issues a nut to a request that the user does
/// not see.
async fn hidden_load(trial: &mut Trial<'_>, ways: &[&Headers], what: &str) -> AttackResult {
    let visit = trial.visit().await?;
    let nut_url = visit.sqrl_url.sibling("nut.sqrl");
    let nut_url = Url::parse(&nut_url)?;
    for (name, url) in [("the sign-in page", &visit.page.url), ("nut.sqrl", &nut_url)] {
        for headers in ways {
            let browser = trial.browser();
            let headers = header_map(headers);
            let answer = browser.fetch(Method::GET, url, headers, Bytes::new()).await?;
            let status = answer.status();
            if status == StatusCode::TOO_MANY_REQUESTS {
                return Err(Inconclusive::new("the site returns HTTP 429"));
            }
            let body = String::from_utf8_lossy(answer.body());
            let has_nut = status.is_success() && body.contains("nut=");
            let has_cookie = name == "nut.sqrl" && browser.cookies().iter().next().is_some();
            trial.record(format!("{name} for {what}: HTTP {}", status.as_u16()));
            if has_nut || has_cookie {
                return worked(format!("{name} issues a nut or a cookie for {what}"));
            }
        }
    }
    refused(format!("{}, and no nut", trial.answers()))
}

/// Values of cookies that another application on the host, or a sibling subdomain, may set.
const FOREIGN: [&str; 4] = ["Jos\u{e9}", "\u{65e5}\u{672c}", "\u{2028}", "\u{1f980}"];

/// 15d: a cookie of another application that is not ASCII.
pub(super) async fn foreign_cookie(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    for value in FOREIGN {
        let visit = trial.visit().await?;
        plant(&visit.browser, &visit.page.url, "name", value);
        visit.client(&victim).ident().await?.expect_success("ident")?;
        if let Err(Inconclusive(why)) = trial.collect(&visit).await {
            return worked(format!("with a cookie {value:?} {why}"));
        }
        trial.record("a sign-in with a cookie that is not ASCII: signed in");
    }
    refused("sign-ins with such cookies succeed")
}

/// White space in Unicode that is not white space in the syntax of cookies.
const SPACES: [&str; 3] = ["\u{2000}", "\u{a0}", "\u{3000}"];

/// 13e: the attacker's cookie under a name that a sibling subdomain may set, because it does
/// not start with `__Host-`.
pub(super) async fn planted_cookie(trial: &mut Trial<'_>) -> AttackResult {
    let attacker = trial.user().await?;
    for space in SPACES {
        let visit = trial.visit().await?;
        visit.client(&attacker.identity).ident().await?.expect_success("ident")?;
        let url = trial.landing_url(&visit).await?;
        let victim_browser = trial.browser();
        for cookie in visit.browser.cookies().iter() {
            plant(
                &victim_browser,
                &visit.page.url,
                &format!("{space}{}", cookie.name),
                &cookie.value,
            );
        }
        let page = victim_browser.open(url.as_str()).await?;
        trial.record(format!("the attacker's landing URL: HTTP {}", page.status.as_u16()));
        if trial.is_signed_in_as(&victim_browser, &page, &attacker).await? {
            return worked(format!("a cookie whose name starts with {space:?} signs a browser in"));
        }
    }
    refused(format!("{}, and the victim's browser is not signed in", trial.answers()))
}

fn plant(browser: &Browser, url: &Url, name: &str, value: &str) {
    let mut jar = browser.cookies();
    jar.insert(Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        host: url.host_str().unwrap_or_default().to_owned(),
        path: "/".to_owned(),
        secure: false,
        http_only: false,
        expires: None,
    });
    browser.set_cookies(jar);
}

/// 10a: a `can` of another site, or with line ends.
pub(super) async fn can_of_another_site(trial: &mut Trial<'_>) -> AttackResult {
    let visit = trial.visit().await?;
    let site = visit.sqrl_url.origin();
    let ask = async |trial: &Trial<'_>, can: &str| {
        let url = format!("{}?can={}", visit.sqrl_url.sibling("nut.sqrl"), base64url::encode(can));
        let url = Url::parse(&url)?;
        let answer =
            trial.browser().fetch(Method::GET, &url, HeaderMap::new(), Bytes::new()).await?;
        check_not_busy(answer.status())?;
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        let is_returned = body.contains(&base64url::encode(can)) || body.contains(can);
        Ok::<_, Inconclusive>((answer.status(), answer.status().is_success() && is_returned))
    };
    let (status, accepted) = ask(trial, visit.page.url.as_str()).await?;
    if !accepted {
        return Err(Inconclusive::new(format!(
            "nut.sqrl does not return a can of its own site (HTTP {})",
            status.as_u16()
        )));
    }
    for can in [
        "https://evil.example/".to_owned(),
        "//evil.example/".to_owned(),
        "/\\evil.example/".to_owned(),
        "javascript:alert(1)".to_owned(),
        format!("{site}.evil.example/"),
        format!("{site}@evil.example/"),
        format!("{site}//evil.example/"),
        format!("{site}/\\evil.example/"),
        format!("{site}/\r\nSet-Cookie: evil=1"),
        format!("{site}/\nurl=https://evil.example/"),
        format!("{site}/\t/evil.example/"),
    ] {
        let (status, accepted) = ask(trial, &can).await?;
        trial.record(format!("nut.sqrl?can= with {can:?}: HTTP {}", status.as_u16()));
        if accepted {
            return worked(format!("nut.sqrl returns can={can:?}"));
        }
    }
    refused(trial.answers())
}

fn header_map(headers: &Headers) -> HeaderMap {
    let pair = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    headers.iter().map(pair).collect()
}
