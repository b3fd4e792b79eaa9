//! Lets concurrent requests interleave. Memory stores return immediately, so without this one request
//! would complete before the other.

use std::cell::Cell;

use async_trait::async_trait;
use tower_sqrl::faults::{Hook, Intercept, Verdict};

/// Yields up to three times before each store call.
#[derive(Debug, Clone, Copy)]
pub(super) struct RandomYields;

thread_local! {
    /// The state of a pseudorandom generator. 0 means no yields. A history runs on one thread.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// Runs `act` with yields from this seed. Store calls outside do not yield.
pub(super) async fn with_yields<T>(seed: u8, act: impl Future<Output = T>) -> T {
    STATE.set(u64::from(seed) + 1);
    let result = act.await;
    STATE.set(0);
    result
}

#[async_trait]
impl Intercept for RandomYields {
    async fn before(&self, _: Hook) -> Verdict {
        let mut state = STATE.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        STATE.set(state);
        for _ in 0..state >> 8 & 3 {
            tokio::task::yield_now().await;
        }
        Verdict::Proceed
    }
}
