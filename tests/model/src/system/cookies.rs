//! The cookies of a browser. They do not expire, because a server must not rely on it that browsers
//! delete them.

use std::collections::BTreeMap;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use tower_sqrl::nuts::WaitId;
use tower_sqrl_client::base64url;

const PREFIX: &str = "__Host-sqrl-";

#[derive(Debug, Clone, Default)]
pub(crate) struct Jar(BTreeMap<String, String>);

impl Jar {
    /// The headers of a request.
    pub(crate) fn headers(&self) -> HeaderMap {
        let line = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        let line = line.collect::<Vec<_>>().join("; ");
        let mut headers = HeaderMap::new();
        if !line.is_empty() {
            headers.insert(COOKIE, HeaderValue::try_from(line).expect("a header"));
        }
        headers
    }

    /// Stores the cookies of a response.
    pub(crate) fn store(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let line = line.to_str().expect("text");
            let pair = line.split("; ").next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a name and a value");
            if line.contains("; Max-Age=0;") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The id of the wait of a SQRL URL, from the secret in the cookie.
    pub(crate) fn wait(&self, nut: &str) -> Option<WaitId> {
        let (secret, _) = self.0.get(&format!("{PREFIX}{nut}"))?.split_once('.')?;
        Some(WaitId::of_secret(&base64url::decode_array(secret).ok()?))
    }
}
