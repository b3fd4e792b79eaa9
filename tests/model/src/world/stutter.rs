//! Stores in memory answer at once, so that two requests at the same instant would come one
//! after the other: this lets others go first now and then.

use std::cell::Cell;

use async_trait::async_trait;
use tower_sqrl::faults::{Hook, Intercept, Verdict};

/// Has calls begin a little later, none to three turns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stutter;

thread_local! {
    /// Where the turns come from: the same every time, for a history plays on one thread.
    static TURNS: Cell<u64> = const { Cell::new(0) };
}

/// Does something with the turns of that number; without, no call waits.
pub(super) async fn with_turns<T>(number: u8, act: impl Future<Output = T>) -> T {
    TURNS.set(u64::from(number) + 1);
    let done = act.await;
    TURNS.set(0);
    done
}

#[async_trait]
impl Intercept for Stutter {
    async fn before(&self, _: Hook) -> Verdict {
        let mut turns = TURNS.get();
        turns ^= turns << 13;
        turns ^= turns >> 7;
        turns ^= turns << 17;
        TURNS.set(turns);
        for _ in 0..turns >> 8 & 3 {
            tokio::task::yield_now().await;
        }
        Verdict::Proceed
    }
}
