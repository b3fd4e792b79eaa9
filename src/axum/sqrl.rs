use axum::extract::FromRequestParts;
use http::request::Parts;

use super::error::{SqrlError, seen};
use crate::service::Sqrl;

/// The [`Sqrl`] whose layer the request passed.
///
/// ```
/// use axum::response::Html;
/// use tower_sqrl::Sqrl;
/// use tower_sqrl::axum::SqrlError;
/// # use tower_sqrl::Claim;
///
/// async fn home(sqrl: Sqrl) -> Result<Html<&'static str>, SqrlError> {
/// #   let claim: Claim = "".parse().unwrap();
///     // `claim` comes from the session.
///     let is_signed_in = sqrl.check(&claim).await?.is_current();
///     Ok(Html(if is_signed_in { "Hello!" } else { "Please sign in." }))
/// }
/// ```
impl<S: Sync> FromRequestParts<S> for Sqrl {
    type Rejection = SqrlError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SqrlError> {
        sqrl_of(parts).cloned()
    }
}

/// Returns what the layer put into the request's extensions.
pub(super) fn sqrl_of(parts: &Parts) -> Result<&Sqrl, SqrlError> {
    let sqrl = parts.extensions.get::<Sqrl>();
    sqrl.ok_or_else(|| SqrlError::MissingLayer { seen: seen(parts) })
}
