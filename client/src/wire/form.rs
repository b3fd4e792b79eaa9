//! The body of a request.

use crate::base64url;
use crate::keys::Signer;

/// The form that a request posts, in order: `client`, `server`, `ids`, `pids`, `urs`.
/// May hold what the protocol forbids: tests need that.
///
/// *On The Wire*, "SQRL Data Exchange Format", and figure 1, "Client's POST data assembly".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// An unsigned form of the two signed values, both base64url already.
    pub fn new(client: &str, server: &str) -> Self {
        Self(Vec::new()).with("client", client).with("server", server)
    }

    /// Adds the signature of `client` and `server`, concatenated as they stand, under a
    /// name: `ids`, `pids` or `urs`.
    pub fn signed(self, name: &str, signer: &impl Signer) -> Self {
        let message = format!(
            "{}{}",
            self.get("client").unwrap_or_default(),
            self.get("server").unwrap_or_default()
        );
        let signature = base64url::encode(signer.sign(message.as_bytes()));
        self.with(name, &signature)
    }

    /// Adds a field, whether it is there already or not.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces a field's value; signatures stay as they are.
    pub fn altered(mut self, name: &str, value: &str) -> Self {
        for (_, old) in self.0.iter_mut().filter(|(n, _)| n == name) {
            value.clone_into(old);
        }
        self
    }

    /// Takes a field out.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(n, _)| n != name);
        self
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(n, _)| n == name);
        field.map(|(_, value)| value.as_str())
    }

    /// The body, `application/x-www-form-urlencoded`.
    pub fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// Reads such a body.
    pub fn decode(body: &str) -> Self {
        Self(form_urlencoded::parse(body.as_bytes()).into_owned().collect())
    }
}
