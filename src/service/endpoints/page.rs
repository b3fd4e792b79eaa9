//! `pag.sqrl` and `evt.sqrl`: a page waits for its sign-in.

use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;

use crate::engine::WaitStatus;
use crate::service::Sqrl;
use crate::service::cookies::{Ended, WaitCookie};
use crate::service::events::Events;
use crate::service::query::{nut, parameter};
use crate::service::respond::{self, LayerResponse};
use crate::web::Notice;
use tower_sqrl_core::nuts::Refusal;
use tower_sqrl_core::protocol::Nut;

/// Returns 200 and the URL to go to, 404 and a word while nobody is signed in, or 410 and a word if there
/// is nothing to wait for. With `go`, for browsers without JavaScript, returns a page or a redirect.
pub(super) async fn answer(sqrl: &Sqrl, parts: &Parts) -> LayerResponse {
    let go = parameter(parts, "go").is_some();
    let Some((nut, cookie)) = waiting(sqrl, parts) else {
        let (word, notice) = ended(sqrl, parts);
        return gone(sqrl, parts, go, word, notice);
    };
    let retry = || format!("{}/pag.sqrl?nut={nut}&go", sqrl.base());
    match sqrl.engine().wait_status(&cookie.wait()).await {
        Ok(WaitStatus::Ready) => {
            let path = &sqrl.settings().routes.signed_in;
            let url = format!("{}{path}?nut={nut}", sqrl.engine().config.public_url);
            if go { respond::see_other(&url) } else { respond::text(StatusCode::OK, url) }
        }
        Ok(WaitStatus::Pending) if go => {
            tell(sqrl, parts, StatusCode::NOT_FOUND, Notice::Pending, Some(&retry()))
        }
        Ok(WaitStatus::Pending) => respond::text(StatusCode::NOT_FOUND, "pending"),
        Ok(WaitStatus::Refused(why)) => {
            let (word, notice) = match why {
                Refusal::New => ("refused-new", Notice::RefusedNew),
                Refusal::Disabled => ("refused-disabled", Notice::RefusedDisabled),
                Refusal::Superseded => ("refused-superseded", Notice::RefusedSuperseded),
            };
            if go {
                tell(sqrl, parts, StatusCode::NOT_FOUND, notice, None)
            } else {
                respond::text(StatusCode::NOT_FOUND, word)
            }
        }
        Ok(WaitStatus::TakenOver) => gone(sqrl, parts, go, "taken-over", Notice::TakenOver),
        Ok(WaitStatus::Collected) => gone(sqrl, parts, go, "collected", Notice::Collected),
        Err(_) if go => {
            tell(sqrl, parts, StatusCode::SERVICE_UNAVAILABLE, Notice::Unavailable, Some(&retry()))
        }
        Err(_) => respond::text(StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    }
}

/// Returns the event stream of a wait.
pub(super) fn events(sqrl: &Sqrl, parts: &Parts) -> LayerResponse {
    let Some((_, cookie)) = waiting(sqrl, parts) else {
        return respond::text(StatusCode::GONE, ended(sqrl, parts).0);
    };
    // Without a stream the page polls.
    let Ok(permit) = Arc::clone(sqrl.streams()).try_acquire_owned() else {
        return respond::text(StatusCode::SERVICE_UNAVAILABLE, "too many event streams");
    };
    let remaining = cookie.remaining(sqrl.engine().config.clock.now());
    let remaining = remaining.min(sqrl.engine().config.lifetimes.chain);
    respond::events(Events::of(sqrl.clone(), cookie.wait(), remaining, permit))
}

/// Returns the nut in the URL and the cookie of its wait, until the chain expires.
fn waiting(sqrl: &Sqrl, parts: &Parts) -> Option<(Nut, WaitCookie)> {
    let nut = nut(parts)?;
    let cookie = sqrl.cookies().wait(&parts.headers, &nut)?;
    (!cookie.is_over(sqrl.engine().config.clock.now())).then_some((nut, cookie))
}

/// Returns why this browser has no cookie of the wait.
fn ended(sqrl: &Sqrl, parts: &Parts) -> (&'static str, Notice) {
    match nut(parts).and_then(|nut| sqrl.cookies().ended(&parts.headers, &nut)) {
        Some(Ended::Evicted) => ("evicted", Notice::Evicted),
        Some(Ended::Collected) => ("collected", Notice::Collected),
        Some(Ended::TakenOver) => ("taken-over", Notice::TakenOver),
        None => ("expired", Notice::Expired),
    }
}

fn gone(sqrl: &Sqrl, parts: &Parts, go: bool, word: &'static str, notice: Notice) -> LayerResponse {
    if go {
        tell(sqrl, parts, StatusCode::GONE, notice, None)
    } else {
        respond::text(StatusCode::GONE, word)
    }
}

fn tell(
    sqrl: &Sqrl,
    parts: &Parts,
    status: StatusCode,
    notice: Notice,
    retry: Option<&str>,
) -> LayerResponse {
    let look = sqrl.look(parts);
    respond::page(status, sqrl.settings().pages.notice(notice, retry, &look))
}
