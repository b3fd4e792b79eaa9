use std::fmt;

/// What the client asks for: `cmd`.
///
/// *On The Wire*, "Client Parameters", `cmd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// How do you know me? Changes nothing.
    Query,
    /// Sign me in.
    Ident,
    /// Let nobody sign in with my identity until I enable it with the rescue code.
    Disable,
    /// Lift a disable. Needs an unlock request signature.
    Enable,
    /// Forget my identity. Needs an unlock request signature.
    Remove,
    /// Something that version 1 does not have; answered with tif 10.
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
