use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::error::StoreError;

/// A race that takes longer is stuck.
const STUCK: Duration = Duration::from_secs(20);

/// A clause of a contract. Every failure names it.
#[derive(Clone, Copy)]
pub(crate) struct Clause(pub(crate) &'static str);

impl Clause {
    /// Fails with the observation.
    #[track_caller]
    pub(crate) fn broken(self, seen: impl AsRef<str>) -> ! {
        panic!("the contract is broken: {}: {}", self.0, seen.as_ref())
    }

    /// Fails with `seen`, unless `condition` holds.
    #[track_caller]
    pub(crate) fn holds(self, condition: bool, seen: &str) {
        if !condition {
            self.broken(seen);
        }
    }

    /// Fails unless both values are equal.
    #[track_caller]
    pub(crate) fn equal<T: PartialEq + Debug>(self, what: &str, found: &T, right: &T) {
        if found != right {
            self.broken(format!("{what} is {found:?} and should be {right:?}"));
        }
    }

    /// Returns the value, or fails if the store did.
    #[track_caller]
    pub(crate) fn ok<T>(self, what: &str, result: Result<T, StoreError>) -> T {
        result.unwrap_or_else(|error| {
            let mut chain = error.to_string();
            let mut source = error.source();
            while let Some(error) = source {
                let _ = write!(chain, ": {error}");
                source = error.source();
            }
            self.broken(format!("{what} failed: {chain}"))
        })
    }

    /// Fails unless `call` returns within 20 s.
    pub(crate) async fn in_time<T>(self, call: impl Future<Output = T>) -> T {
        match timeout(STUCK, call).await {
            Ok(value) => value,
            Err(_) => self.broken(format!("no end within {STUCK:?}")),
        }
    }
}

/// Runs all calls at once and returns their results, in the order in which they end.
pub(crate) async fn in_parallel<T: Send + 'static>(
    clause: Clause,
    calls: impl IntoIterator<Item: Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    assert!(
        Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread,
        "races show on several threads only: #[tokio::test(flavor = \"multi_thread\")]"
    );
    let calls: Vec<_> = calls.into_iter().collect();
    let start = Arc::new(Barrier::new(calls.len()));
    let mut tasks = JoinSet::new();
    for call in calls {
        let start = Arc::clone(&start);
        tasks.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    clause.in_time(tasks.join_all()).await
}
