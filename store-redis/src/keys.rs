use std::fmt;

use tower_sqrl_core::nuts::{CpsId, NutState};
use tower_sqrl_core::protocol::Nut;

/// The names of everything that a store has in Redis.
#[derive(Clone)]
pub(crate) struct Keys {
    prefix: Box<str>,
}

impl Keys {
    pub(crate) const DEFAULT_PREFIX: &str = "sqrl:";

    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    pub(crate) fn nut(&self, nut: &Nut, state: NutState) -> String {
        let namespace = match state {
            NutState::Pending => "nut:",
            NutState::Authorized => "out:",
        };
        [&*self.prefix, namespace, &nut.to_string()].concat()
    }

    pub(crate) fn cps(&self, id: &CpsId) -> String {
        [&*self.prefix, "cps:", &id.to_text()].concat()
    }

    /// A key of each namespace that no record is stored under, and the namespace as a pattern.
    pub(crate) fn checks(&self) -> [(String, String); 3] {
        ["nut:", "out:", "cps:"].map(|namespace| {
            let key = |name| [&*self.prefix, namespace, name].concat();
            (key("check"), key("*"))
        })
    }

    /// The channel on which outcomes are announced. Channels know no databases: stores with
    /// the same prefix in two databases of a server hear each other, and nobody minds.
    pub(crate) fn channel(&self) -> String {
        [&*self.prefix, "announce"].concat()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prefix.fmt(f)
    }
}
