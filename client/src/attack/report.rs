//! What came of it.

use serde::Serialize;

/// What came of one attack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The attacker has nothing of what he came for.
    Refused {
        /// What the server did instead.
        how: String,
    },
    /// The attacker has it.
    Worked {
        /// What he has.
        how: String,
    },
    /// Nothing can be said, for what the attack needs is not to be had here.
    CouldNotTry {
        /// What is missing.
        why: String,
    },
}

impl Verdict {
    /// One word, for a table.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Worked { .. } => "WORKED",
            Self::CouldNotTry { .. } => "not tried",
        }
    }

    /// What there is to say about it.
    pub fn text(&self) -> &str {
        match self {
            Self::Refused { how: text }
            | Self::Worked { how: text }
            | Self::CouldNotTry { why: text } => text,
        }
    }
}

/// One attack and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Its number: `4b` is the second way of the fourth.
    pub number: &'static str,
    /// What the attacker does.
    pub name: &'static str,
    /// What was sent and how it was answered, in order.
    pub steps: Vec<String>,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// An attack that takes more than requests, and the tests of tower-sqrl that do it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Elsewhere {
    /// Its number.
    pub number: &'static str,
    /// What the attacker does.
    pub name: &'static str,
    /// A file of tower-sqrl's repository, `::`, and the name of the test in it.
    pub tests: &'static [&'static str],
}

/// What came of all of them.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The sign-in page.
    pub url: String,
    /// The attacks over HTTP.
    pub findings: Vec<Finding>,
    /// The rest.
    pub elsewhere: Vec<Elsewhere>,
    /// How many identities were made up and could not be removed again.
    pub left_behind: usize,
}

impl Report {
    /// Whether an attack has worked.
    pub fn any_worked(&self) -> bool {
        self.findings.iter().any(|one| matches!(one.verdict, Verdict::Worked { .. }))
    }

    /// Whether all were tried, and refused.
    pub fn all_refused(&self) -> bool {
        self.findings.iter().all(|one| matches!(one.verdict, Verdict::Refused { .. }))
    }

    /// As JSON.
    ///
    /// # Panics
    /// Never: texts and numbers can always be written.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers")
    }
}
