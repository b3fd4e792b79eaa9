//! `nut.sqrl`: issues a SQRL URL for a custom front end, and renews one that is about to expire.

use http::request::Parts;
use http::{HeaderMap, StatusCode, header};

use crate::engine::ChallengeOptions;
use crate::service::query::parameter;
use crate::service::respond::{self, LayerResponse};
use crate::service::{Challenge, ChallengeError, Sqrl};
use tower_sqrl_core::protocol::base64url;

pub(super) async fn answer(sqrl: &Sqrl, parts: &Parts) -> LayerResponse {
    // Before anything is issued.
    let can = match can(sqrl, parts) {
        Ok(can) => can,
        Err(error) => return respond::text(StatusCode::BAD_REQUEST, error),
    };
    let challenge = match parameter(parts, "renew") {
        None => sqrl.challenge(parts, ChallengeOptions::default()).await.map(Some),
        Some(old) => sqrl.renewed_challenge(parts, &old).await,
    };
    match challenge {
        Ok(Some(challenge)) => send(sqrl, &parts.headers, challenge, can),
        Ok(None) => respond::text(StatusCode::GONE, "expired"),
        Err(ref error @ ChallengeError::NoClientAddress) => {
            tracing::error!("{error}");
            respond::text(error.status(), "the server is not set up")
        }
        Err(error) => respond::text(error.status(), error.to_string()),
    }
}

/// Sends the SQRL URL as JSON if the request accepts it. Otherwise sends the query parameters from which a
/// page builds the URL.
fn send(
    sqrl: &Sqrl,
    headers: &HeaderMap,
    challenge: Challenge,
    can: Option<String>,
) -> LayerResponse {
    let nut = challenge.nut();
    let extension = sqrl.engine().config.domain_extension;
    let wants_json = headers
        .get_all(header::ACCEPT)
        .into_iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("application/json")));
    let mut response = if wants_json {
        // No value contains a character that JSON escapes.
        let x = if extension == 0 { String::new() } else { format!(",\"x\":{extension}") };
        let can = can.map(|can| format!(",\"can\":\"{can}\"")).unwrap_or_default();
        let (link, expires_in) = (challenge.sqrl_url(), challenge.lifetime().as_secs());
        let json = format!(
            "{{\"link\":\"{link}\",\"nut\":\"{nut}\",\"expires_in\":{expires_in}{x}{can}}}"
        );
        respond::whole(StatusCode::OK, "application/json", json)
    } else {
        let x = if extension == 0 { String::new() } else { format!("x={extension}&") };
        let can = can.map(|can| format!("&can={can}")).unwrap_or_default();
        respond::text(StatusCode::OK, format!("{x}nut={nut}{can}"))
    };
    challenge.set_cookies(response.headers_mut());
    response
}

/// Returns the URL for a cancelled sign-in: `can` of the request, or the referring page, if it has this
/// origin.
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
