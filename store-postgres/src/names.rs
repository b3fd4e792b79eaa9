use crate::error::OpenError;

/// Where the tables are.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) schema: String,
    pub(crate) prefix: String,
}

impl Names {
    /// Together with the longest name behind them they have to fit into the 63 bytes of a
    /// Postgres identifier, a channel's name included.
    const MAX_LEN: usize = 40;

    /// What goes into statements as it is must not be able to end there and go on as
    /// something else.
    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let plain = |name: &str| {
            !name.starts_with(|first: char| first.is_ascii_digit())
                && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        let fits = self.schema.len() + self.prefix.len() <= Self::MAX_LEN;
        if fits && !self.schema.is_empty() && plain(&self.schema) && plain(&self.prefix) {
            Ok(())
        } else {
            Err(OpenError::Name { schema: self.schema.clone(), prefix: self.prefix.clone() })
        }
    }

    /// The statement with the names filled in. The schema may be called like a key word;
    /// a prefix with something behind it cannot.
    pub(crate) fn fill_in(&self, statement: &str) -> String {
        statement
            .replace("{schema}", &format!("\"{}\"", self.schema))
            .replace("{prefix}", &self.prefix)
    }

    /// The channel on which outcomes are announced; channels have no schema of their own.
    pub(crate) fn channel(&self) -> String {
        format!("{}.{}outcome", self.schema, self.prefix)
    }
}

impl Default for Names {
    fn default() -> Self {
        Self { schema: "public".to_owned(), prefix: "sqrl_".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names() {
        let check = |schema: &str, prefix: &str| {
            Names { schema: schema.to_owned(), prefix: prefix.to_owned() }.check().is_ok()
        };
        assert!(check("public", "sqrl_"));
        assert!(check("_x9", ""));
        assert!(check("user", "select"));
        for (schema, prefix) in [
            ("", "sqrl_"),
            ("Public", "sqrl_"),
            ("public", "sqrl-"),
            ("public", "sqrl_\"; drop schema public; --"),
            ("9", "sqrl_"),
            ("public", "9"),
            ("größe", "sqrl_"),
            ("public.x", "sqrl_"),
            ("public", "{schema}"),
        ] {
            assert!(!check(schema, prefix), "{schema}.{prefix}");
        }
        assert!(check(&"s".repeat(20), &"p".repeat(20)));
        assert!(!check(&"s".repeat(20), &"p".repeat(21)));
    }
}
