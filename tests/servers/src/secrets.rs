//! What a log may have of a server that cannot be used: everything but the password, and what
//! was sent or stored.
//!
//! Here and not in the conformance suites, since it is no clause of a store's contract: what may
//! stand in a URL, and what a server repeats of what it was sent, differs from one to the next.

use std::error::Error;
use std::fmt::Debug;
use std::iter::successors;

/// Both halves of a password, between which a sign may stand that cuts a URL in two.
pub const HALVES: [&str; 2] = ["hunter2hunter2", "swordfish9fish"];

/// All that a log may have of a value.
pub fn printed(value: &impl Debug) -> String {
    format!("{value:?}\n{value:#?}\n")
}

/// All that a log may have of an error and its causes.
pub fn told(error: &(dyn Error + 'static)) -> String {
    let causes = successors(Some(error), |&error| error.source());
    causes.fold(String::new(), |told, error| told + &format!("{error}\n") + &printed(&error))
}

/// Fails where half of the password can be read.
///
/// # Panics
///
/// That is how it fails.
#[track_caller]
pub fn hides_password(text: &str) {
    assert!(HALVES.iter().all(|half| !text.contains(half)), "a password is told: {text}");
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Half a password where `Display` does not show it: in the cause of a cause.
    #[test]
    #[should_panic(expected = "a password is told")]
    fn the_last_cause_is_looked_at_too() {
        #[derive(Debug)]
        struct Because(io::Error);

        impl std::fmt::Display for Because {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("because")
            }
        }

        impl Error for Because {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }

        let told = told(&Because(io::Error::other(format!("no user {}", HALVES[1]))));
        assert!(told.starts_with("because\n"), "{told}");
        hides_password(&told);
    }
}
