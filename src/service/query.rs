//! The parameters of a request's query.

use http::request::Parts;
use tower_sqrl_core::protocol::Nut;

/// Returns the value of a query parameter that occurs exactly once.
pub(super) fn parameter(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?.as_bytes();
    let mut values = form_urlencoded::parse(query).filter(|(key, _)| key == name);
    let (_, value) = values.next()?;
    values.next().is_none().then(|| value.into_owned())
}

/// Returns the nut in the query.
pub(super) fn nut(parts: &Parts) -> Option<Nut> {
    parameter(parts, "nut").and_then(|nut| nut.parse::<Nut>().ok())
}
