//! Attack 15: what another site's page can make its visitor's browser send here.

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use bytes::Bytes;
use url::Url;

use super::error::{Trouble, not_busy};
use super::hand::Hand;
use super::scene::{Scene, Tried, refused, worked};
use crate::base64url;
use crate::browser::{Browser, Cookie};
use crate::identity::Identity;

/// What a browser says of itself in a request.
type Said = [(&'static str, &'static str)];

/// Forms of each kind that another site submits.
const FORMS: usize = 40;

/// How a browser describes a form of another site's page: in a tab, in a frame, in a sandboxed
/// frame, by a script, and without fetch metadata.
const FORM_HEADERS: [&Said; 5] = [
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

/// 15a: forms that are counted against the visitor. How the server answers a client that comes
/// too late tells whether it slows the address down.
pub(super) async fn forms(scene: &mut Scene<'_>) -> Tried {
    let visitor = scene.known().await?;
    let visit = scene.visit().await?;
    let mut hers = visit.hand(&visitor);
    let spent = hers.clone();
    hers.query().await?.honest("query")?;
    let late = async |spent: &Hand| spent.clone().query().await;
    let before = late(&spent).await?;
    scene.note("a late client of hers", &before);
    for headers in FORM_HEADERS {
        let mut last = None;
        for _ in 0..FORMS {
            last = Some(spent.post_with(header_map(headers), "client=evil".to_owned()).await?);
        }
        let Some(last) = last else { continue };
        scene.note(&format!("{FORMS} forms of another site"), &last);
    }
    let after = late(&spent).await?;
    scene.note("a late client of hers, after them", &after);
    let slowed = before.text() != after.text();
    let answer = hers.ident().await?;
    if !answer.is_success() {
        return worked(format!("after them her own client is answered {}", answer.text()));
    }
    if let Err(Trouble(why)) = scene.collect(&visit).await {
        return worked(format!("after them {why}"));
    }
    if let Err(Trouble(why)) = scene.state(&visitor).await {
        return worked(format!("after them {why}"));
    }
    if slowed {
        return worked(format!(
            "a late client of hers is answered {} after them, and {} before: her address is \
             slowed down",
            after.text(),
            before.text()
        ));
    }
    refused(format!("{}; her own requests go on", scene.answers()))
}

/// How browsers load a page ahead of a visit.
const AHEAD: [&Said; 3] = [
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

/// 15b: a page that makes the browser load sign-in pages ahead of a visit.
pub(super) async fn prefetch(scene: &mut Scene<'_>) -> Tried {
    unseen(scene, &AHEAD, "a page that is loaded ahead of a visit").await
}

/// How browsers load a part of a page of a sibling subdomain, or of another site.
const PARTS: [&Said; 4] = [
    &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
    &[
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "iframe"),
    ],
    &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
];

/// 15c: a page of another site with sign-in pages as its images, frames and requests.
pub(super) async fn parts(scene: &mut Scene<'_>) -> Tried {
    unseen(scene, &PARTS, "a part of another site's page").await
}

/// Whether the sign-in page, or `nut.sqrl`, issues a nut to a request that nobody sees.
async fn unseen(scene: &mut Scene<'_>, ways: &[&Said], what: &str) -> Tried {
    let visit = scene.visit().await?;
    let beside = visit.link.sibling("nut.sqrl");
    let beside = Url::parse(&beside).map_err(|error| Trouble::new(error.to_string()))?;
    for (name, url) in [("the sign-in page", &visit.page.url), ("nut.sqrl", &beside)] {
        for headers in ways {
            let browser = scene.browser();
            let headers = header_map(headers);
            let answer = browser.fetch(Method::GET, url, headers, Bytes::new()).await?;
            let status = answer.status();
            if status == StatusCode::TOO_MANY_REQUESTS {
                return Err(Trouble::new("the site answers HTTP 429"));
            }
            let body = String::from_utf8_lossy(answer.body());
            let has_nut = status.is_success() && body.contains("nut=");
            let has_cookie = name == "nut.sqrl" && browser.cookies().iter().next().is_some();
            scene.say(format!("{name} for {what}: HTTP {}", status.as_u16()));
            if has_nut || has_cookie {
                return worked(format!("{name} issues a nut or a cookie for {what}"));
            }
        }
    }
    refused(format!("{}, and no nut", scene.answers()))
}

/// Cookies that another application on the host, or a sibling subdomain, may set.
const FOREIGN: [&str; 4] = ["Jos\u{e9}", "\u{65e5}\u{672c}", "\u{2028}", "\u{1f980}"];

/// 15d: a foreign cookie that is not ASCII.
pub(super) async fn foreign_cookie(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    for value in FOREIGN {
        let visit = scene.visit().await?;
        plant(&visit.browser, &visit.page.url, "name", value);
        visit.hand(&victim).ident().await?.honest("ident")?;
        if let Err(Trouble(why)) = scene.collect(&visit).await {
            return worked(format!("beside a cookie {value:?} {why}"));
        }
        scene.say("a sign-in beside a cookie that is not ASCII: it arrives");
    }
    refused("sign-ins arrive beside such cookies")
}

/// White space, as some see it, that is no part of a cookie's syntax.
const SPACES: [&str; 3] = ["\u{2000}", "\u{a0}", "\u{3000}"];

/// 13e: the attacker's own cookie, planted under a name that a sibling subdomain may set, because
/// it does not begin with `__Host-`.
pub(super) async fn planted_cookie(scene: &mut Scene<'_>) -> Tried {
    let attacker = scene.person().await?;
    for space in SPACES {
        let visit = scene.visit().await?;
        visit.hand(&attacker.identity).ident().await?.honest("ident")?;
        let url = scene.told(&visit.browser, &visit).await?;
        let url = url.ok_or_else(|| Trouble::new("an honest waiting page is told nothing"))?;
        let victims = scene.browser();
        for cookie in visit.browser.cookies().iter() {
            plant(&victims, &visit.page.url, &format!("{space}{}", cookie.name), &cookie.value);
        }
        let page = victims.open(url.as_str()).await?;
        scene.say(format!("the attacker's address, with it: HTTP {}", page.status.as_u16()));
        if scene.is_in(&victims, &page, &attacker).await? {
            return worked(format!("a cookie whose name begins with {space:?} signs a browser in"));
        }
    }
    refused(format!("{}, and her browser is not signed in", scene.answers()))
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

/// 10a: `can` of another site, or with what ends a line.
pub(super) async fn can_elsewhere(scene: &mut Scene<'_>) -> Tried {
    let visit = scene.visit().await?;
    let site = visit.link.origin();
    let ask = async |scene: &Scene<'_>, can: &str| {
        let url = format!("{}?can={}", visit.link.sibling("nut.sqrl"), base64url::encode(can));
        let url = Url::parse(&url).map_err(|error| Trouble::new(error.to_string()))?;
        let answer =
            scene.browser().fetch(Method::GET, &url, HeaderMap::new(), Bytes::new()).await?;
        not_busy(answer.status())?;
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        let comes_back = body.contains(&base64url::encode(can)) || body.contains(can);
        Ok::<_, Trouble>((answer.status(), answer.status().is_success() && comes_back))
    };
    let (status, taken) = ask(scene, visit.page.url.as_str()).await?;
    if !taken {
        return Err(Trouble::new(format!(
            "nut.sqrl gives back no can of its own site (HTTP {})",
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
        let (status, taken) = ask(scene, &can).await?;
        scene.say(format!("nut.sqrl?can= of {can:?}: HTTP {}", status.as_u16()));
        if taken {
            return worked(format!("nut.sqrl passes can={can:?} on"));
        }
    }
    refused(scene.answers())
}

/// Octets of a body that no client sends.
const HUGE: usize = 2_000_000;

/// Bodies of that length: the reply is lost only now and then.
const HUGE_BODIES: usize = 8;

/// 11a: a body that no server wants to read. A client that gets no reply repeats it.
pub(super) async fn huge_body(scene: &mut Scene<'_>) -> Tried {
    let hand = scene.visit().await?.hand(&Identity::generate());
    for _ in 0..HUGE_BODIES {
        let answer = match hand.exchange(HeaderMap::new(), "a".repeat(HUGE)).await {
            Ok(answer) => answer,
            Err(error) => return worked(format!("a body of 2 MB gets no reply: {error}")),
        };
        if answer.reply.is_none() {
            not_busy(answer.status)?;
            return worked(format!("a body of 2 MB is answered {}", answer.text()));
        }
        scene.note("a body of 2 MB", &answer);
        if answer.is_success() {
            return worked(format!("a body of 2 MB is accepted: {}", answer.text()));
        }
    }
    refused(scene.answers())
}

fn header_map(headers: &Said) -> HeaderMap {
    let pair = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    headers.iter().map(pair).collect()
}
