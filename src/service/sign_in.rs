//! The application's route that gets the sign-in.

use http::request::Parts;
use http::{HeaderValue, Method, header};

use super::cookies::CpsStep;
use super::endpoints;
use super::to_its_end::to_its_end;
use super::{Routes, Sqrl};
use crate::engine::{NotSignedIn, SignIn};
use crate::protocol::Nut;

/// What the layer found for a request to the route that gets the sign-in: in the request's
/// extensions.
#[derive(Debug, Clone)]
pub struct SignInResult(pub Result<SignIn, NotSignedIn>);

/// What was collected, and the cookie that is to be forgotten with it.
type Collected = (Result<SignIn, NotSignedIn>, Option<HeaderValue>);

/// Collects the sign-in that a request came for, and says which cookie to forget.
///
/// A page comes with `?nut=`, a CPS URL left a cookie. Only GET collects: nothing else is
/// a person's doing.
pub(super) async fn collect(sqrl: &Sqrl, parts: &Parts) -> (SignInResult, Option<HeaderValue>) {
    let collected = match (&parts.method, endpoints::nut(parts)) {
        (&Method::GET, Some(nut)) => by_page(sqrl, parts, &nut).await,
        (&Method::GET, None) => by_cps(sqrl, parts).await,
        _ => None,
    };
    let Some((result, forget)) = collected else {
        return (SignInResult(Err(NotSignedIn::Nothing)), None);
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
    Some((result, over.then(|| sqrl.cookies().forget_wait(nut))))
}

/// For the browser that a client has sent. None for one that no CPS URL has led here.
async fn by_cps(sqrl: &Sqrl, parts: &Parts) -> Option<Collected> {
    let id = sqrl.cookies().cps(&parts.headers, CpsStep::Go)?;
    let collecting = sqrl.clone();
    let result = uninterrupted(async move { collecting.engine().collect_cps(&id).await }).await;
    // What can be tried again keeps its cookie.
    let over = !matches!(result, Err(NotSignedIn::Unavailable));
    Some((result, over.then(|| sqrl.cookies().forget_cps(CpsStep::Go))))
}

/// Collects even if the browser hangs up, so that a sign-in is never half collected.
async fn uninterrupted(
    collect: impl Future<Output = Result<SignIn, NotSignedIn>> + Send + 'static,
) -> Result<SignIn, NotSignedIn> {
    to_its_end(collect).await.unwrap_or(Err(NotSignedIn::Unavailable))
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
/// browser forget a cookie.
pub(super) fn set_headers(headers: &mut http::HeaderMap, forget: Option<HeaderValue>) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    if let Some(forget) = forget {
        headers.append(header::SET_COOKIE, forget);
    }
}
