//! The `client` field of a request: the command, the keys and the options.

use std::fmt;

use super::list::List;
use crate::keys::{Idk, UnlockPair};

/// A command (`cmd`).
///
/// *On The Wire*, "Client Parameters", `cmd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Asks whether the site knows the identity. Changes nothing.
    Query,
    /// Signs in. Creates or updates the identity if needed.
    Ident,
    /// Disables sign-ins with the identity until it is enabled.
    Disable,
    /// Enables a disabled identity. Needs a `urs`.
    Enable,
    /// Removes the identity from the site. Needs a `urs`.
    Remove,
    /// Any other word, for tests.
    Other(String),
}

impl Command {
    /// Returns the word that is sent.
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

impl From<&str> for Command {
    fn from(word: &str) -> Self {
        match word {
            "query" => Self::Query,
            "ident" => Self::Ident,
            "disable" => Self::Disable,
            "enable" => Self::Enable,
            "remove" => Self::Remove,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// The options of a request (`opt`). By default, only `suk` is set.
///
/// Displayed as the value of `opt`, such as `cps~suk`; empty if no option is set.
///
/// *On The Wire*, "Client Parameters", `opt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one word of the protocol")]
pub struct Options {
    /// Asks for a URL that signs the browser in (client provided session).
    pub cps: bool,
    /// Asks the site to return the stored server unlock key.
    pub suk: bool,
    /// Asks the site not to compare the client's address with the browser's.
    pub noiptest: bool,
    /// Asks the site to reject other ways to sign in.
    pub sqrlonly: bool,
    /// Asks the site to reject other ways to recover the account.
    pub hardlock: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { cps: false, suk: true, noiptest: false, sqrlonly: false, hardlock: false }
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.cps, "cps"),
            (self.suk, "suk"),
            (self.noiptest, "noiptest"),
            (self.sqrlonly, "sqrlonly"),
            (self.hardlock, "hardlock"),
        ];
        let words: Vec<_> = words.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        f.write_str(&words.join("~"))
    }
}

/// The parameters of a request, in the order in which they are sent.
///
/// *On The Wire*, "Client Parameters".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientParams(pub List);

impl ClientParams {
    /// Returns the three parameters that every request has: `ver=1`, `cmd` and `idk`.
    pub fn new(command: &Command, idk: Idk) -> Self {
        let mut list = List::default();
        list.push("ver", "1");
        list.push("cmd", command.as_str());
        list.push("idk", &idk.to_string());
        Self(list)
    }

    /// Adds a parameter, even if there is one of that name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(name, value);
        self
    }

    /// Replaces the value of a parameter, or adds it.
    pub fn altered(mut self, name: &str, value: &str) -> Self {
        self.0.set(name, value);
        self
    }

    /// Removes a parameter.
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Adds `suk` and `vuk`.
    pub fn with_pair(self, pair: &UnlockPair) -> Self {
        self.with("suk", &pair.suk.to_string()).with("vuk", &pair.vuk.to_string())
    }

    /// Adds `opt`, unless no option is set.
    pub fn with_options(self, options: Options) -> Self {
        match options.to_string() {
            words if words.is_empty() => self,
            words => self.with("opt", &words),
        }
    }

    /// Returns the value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// Returns the `client` field: the base64url of the parameters.
    pub fn encode(&self) -> String {
        self.0.encode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_round_trip_as_text() {
        for word in ["query", "ident", "disable", "enable", "remove", "lock"] {
            let command = Command::from(word);
            assert_eq!(command.to_string(), word);
            assert_eq!(matches!(command, Command::Other(_)), word == "lock");
        }
    }
}
