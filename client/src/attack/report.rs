//! The results of the attacks.

use std::fmt;

use serde::Serialize;

/// The result of an attack. Displayed as one or two words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The attack failed.
    Refused {
        /// How the server responded.
        how: String,
    },
    /// The attack succeeded.
    Worked {
        /// What the attacker gained.
        how: String,
    },
    /// The attack was not tried, or proved nothing.
    CouldNotTry {
        /// The reason.
        why: String,
    },
}

impl Verdict {
    /// Returns the explanation.
    pub fn text(&self) -> &str {
        match self {
            Self::Refused { how: text }
            | Self::Worked { how: text }
            | Self::CouldNotTry { why: text } => text,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Refused { .. } => "refused",
            Self::Worked { .. } => "WORKED",
            Self::CouldNotTry { .. } => "not tried",
        })
    }
}

/// An attack and its result.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The number, such as `4b`.
    pub number: &'static str,
    /// What the attacker does.
    pub name: &'static str,
    /// The requests and how the server responded, in order.
    pub steps: Vec<String>,
    /// The result.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// An attack that needs more than HTTP requests, and the tests of tower-sqrl that try it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct NotOverHttp {
    /// The number.
    pub number: &'static str,
    /// What the attacker does.
    pub name: &'static str,
    /// Tests, each as a file of the repository of tower-sqrl, `::`, and the name of the test.
    pub tests: &'static [&'static str],
}

/// The results of all attacks.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The sign-in page.
    pub url: String,
    /// The attacks over HTTP.
    pub findings: Vec<Finding>,
    /// The attacks that were not tried because they need more than HTTP requests.
    pub not_over_http: Vec<NotOverHttp>,
    /// Number of identities that the attacks created and could not remove.
    pub left_behind: usize,
}

impl Report {
    /// Returns whether an attack succeeded.
    pub fn any_worked(&self) -> bool {
        self.findings.iter().any(|one| matches!(one.verdict, Verdict::Worked { .. }))
    }

    /// Returns whether all attacks over HTTP were tried and failed.
    pub fn all_refused(&self) -> bool {
        self.findings.iter().all(|one| matches!(one.verdict, Verdict::Refused { .. }))
    }

    /// Returns the report as JSON.
    #[expect(clippy::missing_panics_doc, reason = "texts and numbers can be serialized")]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers can be serialized")
    }
}
