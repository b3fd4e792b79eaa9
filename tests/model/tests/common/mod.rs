//! Runs histories on stores in real time.

use std::sync::Arc;

use model::{Lifetimes, Stores, run_on, search_concurrently};
use tokio::sync::Semaphore;

/// The shortest that the builder allows, so that the tests can wait for their end.
const LIFETIMES: Lifetimes = Lifetimes { url: 1, nut: 2, chain: 5, cps: 1 };

const HISTORIES: u32 = 32;

/// Histories that run concurrently. They mostly wait, but must not delay each other for long.
const CONCURRENT: usize = 20;

/// Runs histories concurrently. `stores` receives a number that is unique to the history.
pub(crate) async fn run_concurrently(stores: impl Fn(u64) -> Stores) {
    let permits = Arc::new(Semaphore::new(CONCURRENT));
    let summary = search_concurrently(HISTORIES, |history, number| {
        let (stores, permits) = (stores(number), Arc::clone(&permits));
        async move {
            let _permit = permits.acquire().await.expect("never closed");
            run_on(&history, &stores, LIFETIMES).await
        }
    })
    .await;
    println!("{summary:?}");
}
