use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};
use http::{HeaderValue, header};

use crate::web::ContentSecurityPolicy;

/// Sets the header `Content-Security-Policy`.
impl IntoResponseParts for ContentSecurityPolicy {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        // Directives and sources are visible ASCII.
        if let Ok(policy) = HeaderValue::try_from(self.to_string()) {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        Ok(response)
    }
}
