//! Histories on stores whose time passes by itself.

use std::time::Duration;

use model::{Lifetimes, Stores, run_on, search_together};

/// As short as the builder allows, so that all of them really end.
const LIFETIMES: Lifetimes = Lifetimes { link: 1, later: 2, chain: 5, cps: 1 };

/// So many histories. Most of their time they wait.
const HISTORIES: u32 = 60;

/// Plays histories side by side; `stores` gets a number that is nobody else's.
pub(crate) async fn side_by_side(stores: impl Fn(u64) -> Stores) {
    let summary = search_together(HISTORIES, |history, number| {
        let stores = stores(number);
        async move {
            // Not all at once, so that none comes late.
            tokio::time::sleep(Duration::from_millis(number % u64::from(HISTORIES) * 20)).await;
            run_on(&history, &stores, LIFETIMES).await
        }
    })
    .await;
    println!("{summary:?}");
}
