use std::fmt;

/// The command of a request: `cmd`.
///
/// *On The Wire*, "Client Parameters", `cmd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Asks how the server knows the identity. Changes nothing.
    Query,
    /// Signs in.
    Ident,
    /// Disables the identity until its owner enables it with the rescue code.
    Disable,
    /// Enables the identity. Requires an unlock request signature.
    Enable,
    /// Removes the identity. Requires an unlock request signature.
    Remove,
    /// A command that version 1 does not have. The server answers with tif 10.
    Unknown,
}

impl Command {
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "query" => Self::Query,
            "ident" => Self::Ident,
            "disable" => Self::Disable,
            "enable" => Self::Enable,
            "remove" => Self::Remove,
            _ => Self::Unknown,
        }
    }
}

/// The word on the wire; `unknown` for [`Command::Unknown`].
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Query => "query",
            Self::Ident => "ident",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Remove => "remove",
            Self::Unknown => "unknown",
        })
    }
}
