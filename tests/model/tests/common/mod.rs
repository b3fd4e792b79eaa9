//! Histories on stores whose time passes by itself.

use std::sync::Arc;

use model::{Lifetimes, Stores, run_on, search_together};
use tokio::sync::Semaphore;

/// As short as the builder allows, so that all of them really end.
const LIFETIMES: Lifetimes = Lifetimes { link: 1, later: 2, chain: 5, cps: 1 };

/// So many histories.
const HISTORIES: u32 = 32;

/// So many of them side by side: mostly they wait, but none may wait for another for long.
const AT_A_TIME: usize = 20;

/// Plays histories side by side; `stores` gets a number that is nobody else's.
pub(crate) async fn side_by_side(stores: impl Fn(u64) -> Stores) {
    let room = Arc::new(Semaphore::new(AT_A_TIME));
    let summary = search_together(HISTORIES, |history, number| {
        let (stores, room) = (stores(number), Arc::clone(&room));
        async move {
            let _one = room.acquire().await.expect("never closed");
            run_on(&history, &stores, LIFETIMES).await
        }
    })
    .await;
    println!("{summary:?}");
}
