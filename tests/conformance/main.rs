//! The suites themselves: stores that are broken on purpose are caught, each by the clause
//! that it breaks, and stores that are not broken pass.

#![cfg(test)]

mod broken_identities;
mod broken_nuts;
mod identities;
mod nuts;

use tokio::task::JoinError;

/// The message of the panic that the suite ended with.
fn message(error: JoinError) -> String {
    let panic = error.into_panic();
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(other) => (*other.downcast::<&str>().expect("a panic with a sentence")).to_owned(),
    }
}
