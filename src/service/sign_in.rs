//! The application's route that gets the sign-in.

use http::request::Parts;
use http::{HeaderValue, Method, header};

use super::cookies::CpsStep;
use super::endpoints;
use super::to_its_end::to_its_end;
use super::{Routes, Sqrl};
use crate::engine::{NotSignedIn, SignIn};

/// What the layer found for a request to the route that gets the sign-in: in the request's
/// extensions.
#[derive(Debug, Clone)]
pub struct SignInResult(pub Result<SignIn, NotSignedIn>);

/// Collects the sign-in that a request came for, and says which cookies to forget.
///
/// A page comes with `?nut=`, a CPS URL left a cookie. Only GET collects: nothing else is
/// a person's doing.
pub(super) async fn collect(sqrl: &Sqrl, parts: &Parts) -> (SignInResult, Option<HeaderValue>) {
    let nothing = (SignInResult(Err(NotSignedIn::Nothing)), None);
    if parts.method != Method::GET {
        return nothing;
    }
    let (cookies, engine) = (sqrl.cookies(), sqrl.engine());
    let (result, forget) = if let Some(nut) = endpoints::nut(parts) {
        match cookies.wait(&parts.headers, &nut) {
            Some(cookie) if !cookie.is_over(engine.config.clock.now()) => {
                let (sqrl, wait) = (sqrl.clone(), cookie.wait());
                let collect = async move { sqrl.engine().collect(&wait).await };
                let result = uninterrupted(collect).await;
                // A wait that has no sign-in yet goes on: whoever lures the browser here with
                // the nut of its QR code ends nothing.
                let over = matches!(result, Ok(_) | Err(NotSignedIn::Outdated));
                (result, over.then(|| cookies.forget_wait(&nut)))
            }
            _ => return nothing,
        }
    } else if let Some(id) = cookies.cps(&parts.headers, CpsStep::Go) {
        let sqrl = sqrl.clone();
        let result = uninterrupted(async move { sqrl.engine().collect_cps(&id).await }).await;
        // What can be tried again keeps its cookie.
        let over = !matches!(result, Err(NotSignedIn::Unavailable));
        (result, over.then(|| cookies.forget_cps(CpsStep::Go)))
    } else {
        return nothing;
    };
    if let Err(why) = &result {
        tracing::debug!("nobody is signed in: {why}");
    }
    (SignInResult(result), forget)
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

/// Keeps the application's answer out of caches and its address out of referrers.
pub(super) fn seal(headers: &mut http::HeaderMap, forget: Option<HeaderValue>) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    if let Some(forget) = forget {
        headers.append(header::SET_COOKIE, forget);
    }
}
