//! The application's route that receives the sign-in.

use http::request::Parts;
use http::{HeaderValue, Method, header};

use super::completion::to_completion;
use super::cookies::{CpsStep, Ended};
use super::query;
use super::{Routes, Sqrl};
use crate::engine::{NotSignedIn, SignIn};
use tower_sqrl_core::nuts::WaitId;
use tower_sqrl_core::protocol::Nut;

/// The sign-in that a request to `signed_in_path` brings, or why it brings none. The layer inserts it into
/// the request's extensions.
#[derive(Debug, Clone)]
pub struct SignInResult(pub Result<SignIn, NotSignedIn>);

/// The result, and the cookies to delete in the browser.
type Collected = (Result<SignIn, NotSignedIn>, Vec<HeaderValue>);

/// Collects the sign-in for a request, and returns the cookies to set.
///
/// The waiting page navigates here with `?nut=`. A CPS URL redirects here with a cookie. Only GET collects,
/// because a navigation is a GET.
pub(super) async fn collect(sqrl: &Sqrl, parts: &Parts) -> (SignInResult, Vec<HeaderValue>) {
    let collected = match (&parts.method, query::nut(parts)) {
        (&Method::GET, Some(nut)) => by_page(sqrl, parts, &nut).await,
        (&Method::GET, None) => by_cps(sqrl, parts).await,
        _ => None,
    };
    let Some((result, forget)) = collected else {
        tracing::debug!("nobody is signed in: {}", NotSignedIn::Nothing);
        return (SignInResult(Err(NotSignedIn::Nothing)), Vec::new());
    };
    if let Err(why) = &result {
        tracing::debug!("nobody is signed in: {why}");
    }
    (SignInResult(result), forget)
}

/// Collects for the waiting page. Returns `None` if this browser has no wait with this nut.
async fn by_page(sqrl: &Sqrl, parts: &Parts, nut: &Nut) -> Option<Collected> {
    let cookie = sqrl.cookies().wait(&parts.headers, nut)?;
    if cookie.is_over(sqrl.engine().config.clock.now()) {
        return None;
    }
    let (collecting, wait) = (sqrl.clone(), cookie.wait());
    let result = uninterrupted(async move { collecting.engine().collect(&wait).await }).await;
    // A wait without a sign-in continues, so that a link to this URL on another site ends nothing.
    let over = matches!(result, Ok(_) | Err(NotSignedIn::Outdated));
    let forget = if over { end_wait(sqrl, parts, &wait, Ended::Collected) } else { Vec::new() };
    Some((result, forget))
}

/// Collects for the browser that the client opened. Returns `None` without the cookie of a CPS URL.
async fn by_cps(sqrl: &Sqrl, parts: &Parts) -> Option<Collected> {
    let id = sqrl.cookies().cps(&parts.headers, CpsStep::Go)?;
    let (collecting, waits) = (sqrl.clone(), sqrl.cookies().wait_ids(&parts.headers));
    let collect = async move { collecting.engine().collect_cps(&id, &waits).await };
    let result = uninterrupted(collect).await;
    let mut forget = Vec::new();
    // A retry needs the cookie.
    if !matches!(result, Err(NotSignedIn::Unavailable)) {
        forget.push(sqrl.cookies().forget_cps(CpsStep::Go));
    }
    if let Ok(sign_in) = &result {
        forget.extend(end_wait(sqrl, parts, sign_in.wait(), Ended::TakenOver));
    }
    Some((result, forget))
}

/// Ends a wait in this browser, so that it collects nothing more.
fn end_wait(sqrl: &Sqrl, parts: &Parts, wait: &WaitId, how: Ended) -> Vec<HeaderValue> {
    let chain = sqrl.engine().config.lifetimes.chain;
    sqrl.cookies().end_wait(&parts.headers, wait, how, chain)
}

/// Collects to the end even if the browser disconnects.
async fn uninterrupted(
    collect: impl Future<Output = Result<SignIn, NotSignedIn>> + Send + 'static,
) -> Result<SignIn, NotSignedIn> {
    to_completion(collect).await.unwrap_or(Err(NotSignedIn::Unavailable))
}

/// Warns that a sign-in was lost because the application has no route for it.
pub(super) fn has_no_route(routes: &Routes) {
    tracing::warn!(
        "the application answered 404 on `{}` to a request that brought a sign-in: is \
         `signed_in_path` right, and is the route there?",
        routes.signed_in,
    );
}

/// Keeps the application's response out of caches and its URL out of referrers, and deletes cookies.
pub(super) fn set_headers(headers: &mut http::HeaderMap, forget: Vec<HeaderValue>) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    for forget in forget {
        headers.append(header::SET_COOKIE, forget);
    }
}
