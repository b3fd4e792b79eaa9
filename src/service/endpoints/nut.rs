//! `nut.sqrl`: a link for a page that makes its own, and the renewal of one that is about to
//! grow too old.

use http::request::Parts;
use http::{StatusCode, header};

use super::parameter;
use crate::engine::{IssuedLink, LinkOptions, Renewal};
use crate::protocol::{Nut, base64url};
use crate::service::ChallengeError;
use crate::service::Sqrl;
use crate::service::cookies::WaitCookie;
use crate::service::other_site::is_from_within_another_site;
use crate::service::respond::{self, Own};

pub(super) async fn answer(sqrl: &Sqrl, parts: &Parts) -> Own {
    // Before a link is made, which nobody would get.
    let can = match can(sqrl, parts) {
        Ok(can) => can,
        Err(error) => return respond::text(StatusCode::BAD_REQUEST, error),
    };
    let made = match parameter(parts, "renew") {
        None => issue(sqrl, parts).await.map(Some),
        Some(old) => renew(sqrl, parts, &old).await,
    };
    match made {
        Ok(Some((link, cookie))) => send(sqrl, parts, &link, &cookie, can),
        Ok(None) => respond::text(StatusCode::GONE, "expired"),
        Err(ref error @ ChallengeError::NoClientAddress) => {
            tracing::error!("{error}");
            respond::text(error.status(), "the server is not set up")
        }
        Err(error) => respond::text(error.status(), error.to_string()),
    }
}

type Made = (IssuedLink, WaitCookie);

async fn issue(sqrl: &Sqrl, parts: &Parts) -> Result<Made, ChallengeError> {
    let ip = sqrl
        .client_address(&parts.headers, &parts.extensions)
        .ok_or(ChallengeError::NoClientAddress)?;
    if is_from_within_another_site(&parts.headers) {
        return Err(ChallengeError::OtherSite);
    }
    let config = &sqrl.engine().config;
    let cookie = WaitCookie::fresh(config.clock.now(), config.lifetimes.chain);
    let link = sqrl.engine().issue(ip, cookie.wait(), LinkOptions::default()).await?;
    Ok((link, cookie))
}

async fn renew(sqrl: &Sqrl, parts: &Parts, old: &str) -> Result<Option<Made>, ChallengeError> {
    let ip = sqrl
        .client_address(&parts.headers, &parts.extensions)
        .ok_or(ChallengeError::NoClientAddress)?;
    let Some(old) = Nut::parse(old) else { return Ok(None) };
    let Some(cookie) = sqrl.cookies().wait(&parts.headers, &old) else { return Ok(None) };
    match sqrl.engine().renew(&old, ip, cookie.wait()).await? {
        Renewal::Gone => Ok(None),
        Renewal::Renewed(link) => {
            let config = &sqrl.engine().config;
            let cookie = cookie.renewed(config.clock.now(), config.lifetimes.chain);
            Ok(Some((link, cookie)))
        }
    }
}

fn send(
    sqrl: &Sqrl,
    parts: &Parts,
    link: &IssuedLink,
    cookie: &WaitCookie,
    can: Option<String>,
) -> Own {
    let config = &sqrl.engine().config;
    let extension = config.domain_extension;
    let wants_json = parts
        .headers
        .get_all(header::ACCEPT)
        .into_iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("application/json")));
    let mut response = if wants_json {
        // Every value is of an alphabet that JSON need not escape.
        let x = if extension == 0 { String::new() } else { format!(",\"x\":{extension}") };
        let can = can.map(|can| format!(",\"can\":\"{can}\"")).unwrap_or_default();
        let json = format!(
            "{{\"link\":\"{}\",\"nut\":\"{}\",\"expires_in\":{}{x}{can}}}",
            link.text,
            link.nut,
            config.lifetimes.link.as_secs(),
        );
        respond::whole(StatusCode::OK, "application/json", json)
    } else {
        let x = if extension == 0 { String::new() } else { format!("x={extension}&") };
        let can = can.map(|can| format!("&can={can}")).unwrap_or_default();
        respond::text(StatusCode::OK, format!("{x}nut={}{can}", link.nut))
    };
    let cookies = sqrl.cookies();
    // The old link's cookie stays, for the wait goes on, and whoever lures the browser here
    // with the nut of its QR code ends nothing.
    for value in cookies.set_wait(&parts.headers, &link.nut, cookie, config.lifetimes.chain) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// Where a cancelled sign-in leads back to: `can` of the request, or the page that it comes
/// from; of this origin only.
fn can(sqrl: &Sqrl, parts: &Parts) -> Result<Option<String>, &'static str> {
    let public_url = &sqrl.engine().config.public_url;
    let is_ours = |url: &str| public_url.is_same_origin(url);
    if let Some(can) = parameter(parts, "can") {
        let url = base64url::decode(can).ok().and_then(|url| String::from_utf8(url).ok());
        return match url.filter(|url| is_ours(url)) {
            Some(url) => Ok(Some(base64url::encode(url))),
            None => Err("`can` is the base64url of a URL of this site"),
        };
    }
    let referer = parts.headers.get(header::REFERER).and_then(|referer| referer.to_str().ok());
    Ok(referer.filter(|url| is_ours(url)).map(base64url::encode))
}
