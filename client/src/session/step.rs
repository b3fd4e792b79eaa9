//! One request of a session and its reply.

use ::http::{HeaderMap, StatusCode};

use crate::base64url;
use crate::wire::{Form, Reply};

/// A request and its reply.
#[derive(Debug, Clone)]
pub struct Step {
    /// The URL that the request was sent to.
    pub url: String,
    /// The form that was posted.
    pub form: Form,
    /// The HTTP status of the response.
    pub status: StatusCode,
    /// The headers of the response.
    pub headers: HeaderMap,
    /// The parsed body of the response.
    pub reply: Reply,
}

impl Step {
    /// Returns the decoded `client` field of the request: lines of `name=value`.
    ///
    /// Returns `None` if the field is missing, or is not the base64url of UTF-8 text.
    pub fn client_text(&self) -> Option<String> {
        let encoded = self.form.get("client")?;
        String::from_utf8(base64url::decode(encoded).ok()?).ok()
    }
}
