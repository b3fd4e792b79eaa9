//! The `client` field of a request.

use std::fmt;

use super::{List, Options};
use crate::keys::{Idk, UnlockPair};

/// What the client wants (`cmd`).
///
/// *On The Wire*, "Client Parameters", `cmd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Am I known here? Changes nothing.
    Query,
    /// Sign me in, creating or updating the identity where needed.
    Ident,
    /// Let nobody sign in with this identity until it is enabled.
    Disable,
    /// Undo [`Command::Disable`]; needs a `urs`.
    Enable,
    /// Forget this identity; needs a `urs`.
    Remove,
    /// Anything else, for tests.
    Other(String),
}

impl Command {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Query => "query",
            Self::Ident => "ident",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Remove => "remove",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The parameters of a request, in the order in which they are written.
///
/// *On The Wire*, "Client Parameters".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientParams(pub List);

impl ClientParams {
    /// The three that every request has: `ver=1`, `cmd`, `idk`.
    pub fn new(command: &Command, idk: Idk) -> Self {
        let mut list = List::default();
        list.push("ver", "1");
        list.push("cmd", command.as_str());
        list.push("idk", &idk.to_string());
        Self(list)
    }

    /// Adds one more line.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(name, value);
        self
    }

    /// Replaces a line, or adds it.
    pub fn altered(mut self, name: &str, value: &str) -> Self {
        self.0.set(name, value);
        self
    }

    /// Takes a line out.
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Adds `suk` and `vuk`.
    pub fn with_pair(self, pair: &UnlockPair) -> Self {
        self.with("suk", &pair.suk.to_string()).with("vuk", &pair.vuk.to_string())
    }

    /// Adds `opt` where something is asked for.
    pub fn with_options(self, options: Options) -> Self {
        match options.to_value() {
            words if words.is_empty() => self,
            words => self.with("opt", &words),
        }
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// The field's value: base64url of the lines.
    pub fn encode(&self) -> String {
        self.0.encode()
    }
}
