//! The suites themselves: stores that are broken on purpose are caught, each by the clause
//! that it breaks, and stores that are not broken pass.

#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "what a test unwraps it has just made")]

mod broken_identities;
mod broken_nuts;
mod faults;
mod identities;
mod nuts;

use std::fmt::Debug;

/// The message of the panic that a suite ends with, if it ends with one.
async fn panic_of(suite: impl Future<Output = ()> + Send + 'static) -> Option<String> {
    let panic = tokio::spawn(suite).await.err()?.into_panic();
    Some(match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(other) => (*other.downcast::<&str>().expect("a panic with a sentence")).to_owned(),
    })
}

/// Every fault ends its suite, with one of the clauses beside it. The suites run side by
/// side: most of a run is waiting, for TTLs or for what stands still.
async fn each_is_caught<F, R>(
    faults: impl IntoIterator<Item = (F, &'static [&'static str])>,
    run: impl Fn(F) -> R,
) where
    F: Copy + Debug,
    R: Future<Output = Option<String>> + Send + 'static,
{
    let runs = faults.into_iter().map(|(fault, by)| (tokio::spawn(run(fault)), fault, by));
    for (run, fault, clauses) in runs.collect::<Vec<_>>() {
        let message = run.await.expect("the run itself does not panic");
        let message = message.unwrap_or_else(|| panic!("{fault:?} passes the suite"));
        assert!(
            clauses.iter().any(|clause| message.contains(&format!("is broken: {clause}"))),
            "{fault:?} is caught by: {message}"
        );
    }
}
