//! Assertions that errors and debug output of a store do not reveal passwords.
//!
//! They are not part of the conformance suites, because the forms of a URL, and what a server
//! repeats of its input in errors, differ between stores.

use std::error::Error;
use std::fmt::Debug;
use std::iter::successors;

/// The two halves of a password. A test puts a character between them that splits a URL.
pub const PASSWORD_HALVES: [&str; 2] = ["hunter2hunter2", "swordfish9fish"];

/// Returns everything that a log can show of a value.
pub fn debug_output(value: &impl Debug) -> String {
    format!("{value:?}\n{value:#?}\n")
}

/// Returns everything that a log can show of an error and its causes.
pub fn error_output(error: &(dyn Error + 'static)) -> String {
    let causes = successors(Some(error), |&error| error.source());
    causes.fold(String::new(), |text, error| text + &format!("{error}\n") + &debug_output(&error))
}

/// Asserts that the text contains neither half of the password.
///
/// # Panics
///
/// Panics if it does.
#[track_caller]
pub fn assert_hides_password(text: &str) {
    assert!(
        PASSWORD_HALVES.iter().all(|half| !text.contains(half)),
        "the password is shown: {text}"
    );
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// The `Display` of the outer error does not show the inner cause.
    #[test]
    #[should_panic(expected = "the password is shown")]
    fn the_last_cause_is_included() {
        #[derive(Debug)]
        struct Outer(io::Error);

        impl std::fmt::Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("outer")
            }
        }

        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }

        let text =
            error_output(&Outer(io::Error::other(format!("no user {}", PASSWORD_HALVES[1]))));
        assert!(text.starts_with("outer\n"), "{text}");
        assert_hides_password(&text);
    }
}
