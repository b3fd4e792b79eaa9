//! The application's route that gets the sign-in.

use http::request::Parts;
use http::{HeaderValue, Method, header};

use super::completion::to_completion;
use super::cookies::{CpsStep, Ended};
use super::endpoints;
use super::{Routes, Sqrl};
use crate::engine::{NotSignedIn, SignIn};
use tower_sqrl_core::nuts::WaitId;
use tower_sqrl_core::protocol::Nut;

/// What the layer found for a request to the route that gets the sign-in: in the request's
/// extensions.
#[derive(Debug, Clone)]
pub struct SignInResult(pub Result<SignIn, NotSignedIn>);

/// What was collected, and the cookies that the browser is to forget with it.
type Collected = (Result<SignIn, NotSignedIn>, Vec<HeaderValue>);

/// Collects the sign-in that a request came for, and returns the cookies to set.
///
/// A page comes with `?nut=`, a CPS URL left a cookie. Only GET collects: nothing else is
/// a person's doing.
pub(super) async fn collect(sqrl: &Sqrl, parts: &Parts) -> (SignInResult, Vec<HeaderValue>) {
    let collected = match (&parts.method, endpoints::nut(parts)) {
        (&Method::GET, Some(nut)) => by_page(sqrl, parts, &nut).await,
        (&Method::GET, None) => by_cps(sqrl, parts).await,
        _ => None,
    };
    let Some((result, forget)) = collected else {
        return (SignInResult(Err(NotSignedIn::Nothing)), Vec::new());
    };
    if let Err(why) = &result {
        tracing::debug!("nobody is signed in: {why}");
    }
    (SignInResult(result), forget)
}

/// For the page that has waited. None for a browser that does not wait with this link.
async fn by_page(sqrl: &Sqrl, parts: &Parts, nut: &Nut) -> Option<Collected> {
    let cookie = sqrl.cookies().wait(&parts.headers, nut)?;
    if cookie.is_over(sqrl.engine().config.clock.now()) {
        return None;
    }
    let (collecting, wait) = (sqrl.clone(), cookie.wait());
    let result = uninterrupted(async move { collecting.engine().collect(&wait).await }).await;
    // A wait that has no sign-in yet goes on: whoever lures the browser here with the nut of its
    // QR code ends nothing.
    let over = matches!(result, Ok(_) | Err(NotSignedIn::Outdated));
    let forget = if over { end_wait(sqrl, parts, &wait, Ended::Collected) } else { Vec::new() };
    Some((result, forget))
}

/// For the browser that a client has sent. None for one that no CPS URL has led here.
async fn by_cps(sqrl: &Sqrl, parts: &Parts) -> Option<Collected> {
    let id = sqrl.cookies().cps(&parts.headers, CpsStep::Go)?;
    let (collecting, waits) = (sqrl.clone(), sqrl.cookies().wait_ids(&parts.headers));
    let collect = async move { collecting.engine().collect_cps(&id, &waits).await };
    let result = uninterrupted(collect).await;
    let mut forget = Vec::new();
    // What can be tried again keeps its cookie.
    if !matches!(result, Err(NotSignedIn::Unavailable)) {
        forget.push(sqrl.cookies().forget_cps(CpsStep::Go));
    }
    if let Ok(sign_in) = &result {
        forget.extend(end_wait(sqrl, parts, sign_in.wait(), Ended::TakenOver));
    }
    Some((result, forget))
}

/// Nothing of a wait whose sign-in has been collected may be collected in this browser any more.
fn end_wait(sqrl: &Sqrl, parts: &Parts, wait: &WaitId, how: Ended) -> Vec<HeaderValue> {
    let chain = sqrl.engine().config.lifetimes.chain;
    sqrl.cookies().end_wait(&parts.headers, wait, how, chain)
}

/// Collects even if the browser hangs up, so that a sign-in is never half collected.
async fn uninterrupted(
    collect: impl Future<Output = Result<SignIn, NotSignedIn>> + Send + 'static,
) -> Result<SignIn, NotSignedIn> {
    to_completion(collect).await.unwrap_or(Err(NotSignedIn::Unavailable))
}

/// A sign-in is lost where the application has no route for it, and nobody else would say so.
pub(super) fn has_no_route(routes: &Routes) {
    tracing::warn!(
        "the application answered 404 on `{}` to a request that brought a sign-in: is \
         `signed_in_path` right, and is the route there?",
        routes.signed_in,
    );
}

/// Keeps the application's answer out of caches and its address out of referrers, and has the
/// browser forget cookies.
pub(super) fn set_headers(headers: &mut http::HeaderMap, forget: Vec<HeaderValue>) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    for forget in forget {
        headers.append(header::SET_COOKIE, forget);
    }
}
