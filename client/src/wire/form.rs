//! The form that a request posts.

use std::fmt;

use crate::base64url;
use crate::keys::Signer;

/// The form that a request posts: `client`, `server`, `ids`, `pids`, `urs`, in that order.
///
/// It may hold what the protocol forbids, such as a repeated field. `Debug` shows the
/// length of each value, not the value: a signature, or a list with an indexed secret.
///
/// *On The Wire*, "SQRL Data Exchange Format", and figure 1, "Client's POST data assembly".
#[derive(Clone, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths = self.0.iter().map(|(name, value)| (name, value.len()));
        f.write_str("Form")?;
        f.debug_map().entries(lengths).finish()
    }
}

impl Form {
    /// Returns an unsigned form. Both values are base64url.
    pub fn new(client: &str, server: &str) -> Self {
        Self(Vec::new()).with("client", client).with("server", server)
    }

    /// Adds a signature of the `client` and `server` values, concatenated as they are.
    /// `name` is `ids`, `pids` or `urs`.
    pub fn signed(self, name: &str, signer: &impl Signer) -> Self {
        let message = format!(
            "{}{}",
            self.get("client").unwrap_or_default(),
            self.get("server").unwrap_or_default()
        );
        let signature = base64url::encode(signer.sign(message.as_bytes()));
        self.with(name, &signature)
    }

    /// Adds a field, even if there is one of that name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces the value of a field. Signatures stay as they are.
    pub fn altered(mut self, name: &str, value: &str) -> Self {
        for (_, old) in self.0.iter_mut().filter(|(n, _)| n == name) {
            value.clone_into(old);
        }
        self
    }

    /// Removes a field.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(n, _)| n != name);
        self
    }

    /// Returns the first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(n, _)| n == name);
        field.map(|(_, value)| value.as_str())
    }

    /// Returns the body of the request, `application/x-www-form-urlencoded`.
    pub fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// Parses a body of the type `application/x-www-form-urlencoded`.
    pub fn decode(body: &str) -> Self {
        Self(form_urlencoded::parse(body.as_bytes()).into_owned().collect())
    }
}
