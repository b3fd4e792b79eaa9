//! `cps.sqrl`: the one-time URL that a client opens in a browser.
//!
//! The browser continues to the application if it requested the SQRL URL and the client had the same
//! address. Otherwise a page names the account, and the user confirms with a same-origin POST, so that
//! following a link never signs anybody in to another person's account. Every step redirects to a URL
//! without the id.

use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use http_body::Body;

use crate::engine::NotSignedIn;
use crate::service::cookies::CpsStep;
use crate::service::request_body::read;
use crate::service::respond::{self, LayerResponse};
use crate::service::{BoxError, Sqrl};
use crate::web::{Confirm, Notice, Who};
use tower_sqrl_core::nuts::CpsId;
use tower_sqrl_core::protocol::Command;

/// The URL itself, or the clean address at which it asks, or tells what has happened.
pub(super) async fn answer(sqrl: &Sqrl, parts: &Parts) -> LayerResponse {
    match parts.uri.query() {
        None => ask(sqrl, parts).await.unwrap_or_else(|why| not_signed_in(sqrl, parts, why)),
        Some("disabled") => done(sqrl, parts, "disabled", Notice::Disabled),
        Some("enabled") => done(sqrl, parts, "enabled", Notice::Enabled),
        Some("removed") => done(sqrl, parts, "removed", Notice::Removed),
        Some("done") => tell(sqrl, parts, StatusCode::OK, Notice::Done),
        Some("gone") => tell(sqrl, parts, StatusCode::GONE, Notice::UrlExpired),
        Some(id) => match follow(sqrl, parts, id).await {
            Ok(onward) => onward,
            // What can be tried again is tried again here.
            Err(why @ NotSignedIn::Unavailable) => not_signed_in(sqrl, parts, why),
            Err(_) => to_word(sqrl, "gone"),
        },
    }
}

async fn follow(sqrl: &Sqrl, parts: &Parts, id: &str) -> Result<LayerResponse, NotSignedIn> {
    let id = CpsId::parse(id).ok_or(NotSignedIn::Nothing)?;
    let info = sqrl.engine().look_at_cps(&id).await?;
    let same_browser = sqrl.cookies().asked_for(&parts.headers, &info.wait);
    let word = match info.command {
        Command::Ident => {
            // Somebody who photographed the code can make a client ask for a URL, from elsewhere.
            let at_once = same_browser && info.attached.same_address;
            let step = if at_once { CpsStep::Go } else { CpsStep::Ask };
            return Ok(to_step(sqrl, step, &id));
        }
        Command::Disable => "disabled",
        Command::Enable => "enabled",
        Command::Remove => "removed",
        Command::Query | Command::Unknown => return Err(NotSignedIn::Nothing),
    };
    sqrl.engine().take_cps(&id).await?;
    // The URL may be a stranger's, about the stranger's identity.
    if !same_browser {
        return Ok(to_word(sqrl, "done"));
    }
    let mut response = to_word(sqrl, word);
    response.headers_mut().append(header::SET_COOKIE, sqrl.cookies().set_done(word));
    Ok(response)
}

/// Says what a CPS URL has done, in the browser that requested the sign-in URL and has just opened the
/// CPS URL. In any other browser the identity may be another person's.
fn done(sqrl: &Sqrl, parts: &Parts, word: &str, notice: Notice) -> LayerResponse {
    if sqrl.cookies().done(&parts.headers).as_deref() == Some(word) {
        tell(sqrl, parts, StatusCode::OK, notice)
    } else {
        tell(sqrl, parts, StatusCode::GONE, Notice::UrlExpired)
    }
}

/// Redirects to the clean address that tells this.
fn to_word(sqrl: &Sqrl, word: &'static str) -> LayerResponse {
    respond::see_other(&format!("{}/cps.sqrl?{word}", sqrl.base()))
}

async fn ask(sqrl: &Sqrl, parts: &Parts) -> Result<LayerResponse, NotSignedIn> {
    let id = sqrl.cookies().cps(&parts.headers, CpsStep::Ask).ok_or(NotSignedIn::Nothing)?;
    let info = sqrl.engine().look_at_cps(&id).await?;
    let identity = sqrl.engine().cps_identity(&info).await?;
    let name = match (identity.user, &sqrl.settings().account_names) {
        (None, _) => None,
        (Some(user), None) => Some(Some(user.to_string())),
        (Some(user), Some(names)) => Some(names.of(user).await),
    };
    let view = Confirm {
        who: match &name {
            None => Who::NewIdentity,
            Some(None) => Who::Account,
            Some(Some(name)) => Who::Name(name),
        },
        id: &id.to_text(),
    };
    let page = sqrl.settings().pages.confirm(&view, &sqrl.look(parts));
    Ok(respond::page(StatusCode::OK, page))
}

/// The form of the page that asks.
pub(super) async fn confirmed<B>(sqrl: &Sqrl, parts: &Parts, body: B) -> LayerResponse
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    const LIMIT: usize = 1024;
    if !is_same_origin(sqrl, parts) {
        return respond::text(StatusCode::FORBIDDEN, "this form belongs to another site\n");
    }
    let asked = sqrl.cookies().cps(&parts.headers, CpsStep::Ask);
    let body = read(body, LIMIT).await.unwrap_or_default();
    let mut ids = form_urlencoded::parse(&body).filter(|(name, _)| name == "id");
    let id = ids.next().and_then(|(_, id)| CpsId::parse(&id));
    match (asked, id) {
        (Some(asked), Some(id)) if asked == id => to_step(sqrl, CpsStep::Go, &id),
        _ => not_signed_in(sqrl, parts, NotSignedIn::Nothing),
    }
}

/// Redirects to the clean address of a step, with a cookie that says which URL brought the
/// browser there.
fn to_step(sqrl: &Sqrl, step: CpsStep, id: &CpsId) -> LayerResponse {
    let location = match step {
        CpsStep::Ask => format!("{}/cps.sqrl", sqrl.base()),
        CpsStep::Go => sqrl.signed_in_path(),
    };
    let mut response = respond::see_other(&location);
    let ttl = sqrl.engine().config.lifetimes.cps;
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, sqrl.cookies().set_cps(step, id, ttl));
    if step == CpsStep::Go {
        headers.append(header::SET_COOKIE, sqrl.cookies().forget_cps(CpsStep::Ask));
    }
    response
}

/// Whether a form comes from a page of ours: by fetch metadata, or by its origin where the
/// browser has none. Without either, it does not.
fn is_same_origin(sqrl: &Sqrl, parts: &Parts) -> bool {
    let header = |name| parts.headers.get(name).map(HeaderValue::as_bytes);
    match header("sec-fetch-site") {
        Some(site) => site == b"same-origin",
        None => header("origin") == Some(sqrl.engine().config.public_url.origin().as_bytes()),
    }
}

fn not_signed_in(sqrl: &Sqrl, parts: &Parts, why: NotSignedIn) -> LayerResponse {
    match why {
        NotSignedIn::Unavailable => {
            tell(sqrl, parts, StatusCode::SERVICE_UNAVAILABLE, Notice::Unavailable)
        }
        NotSignedIn::Nothing | NotSignedIn::Outdated => {
            tell(sqrl, parts, StatusCode::GONE, Notice::UrlExpired)
        }
    }
}

fn tell(sqrl: &Sqrl, parts: &Parts, status: StatusCode, notice: Notice) -> LayerResponse {
    let page = sqrl.settings().pages.notice(notice, None, &sqrl.look(parts));
    let mut response = respond::page(status, page);
    // The address of this page may be a CPS URL.
    let no_referrer = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(header::REFERRER_POLICY, no_referrer);
    response
}
