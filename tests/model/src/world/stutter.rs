//! Stores in memory answer at once, so that two requests at the same instant would come one
//! after the other: these let others go first now and then.

use std::cell::Cell;
use std::time::Duration;

use async_trait::async_trait;
use tower_sqrl::identity::{Change, IdentityStore, Lookup, Swap};
use tower_sqrl::protocol::{Idk, Nut};
use tower_sqrl::store::{CpsId, CpsInfo, NutInfo, NutState, NutStore, StoreError, WaitId, Watch};

/// A store whose calls begin a little later, none to three turns.
#[derive(Debug)]
pub(super) struct Stutter<S>(pub(super) S);

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

async fn pause() {
    let mut turns = TURNS.get();
    turns ^= turns << 13;
    turns ^= turns >> 7;
    turns ^= turns << 17;
    TURNS.set(turns);
    for _ in 0..turns >> 8 & 3 {
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl<S: NutStore> NutStore for Stutter<S> {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        pause().await;
        self.0.store_nut(nut, info, state, ttl).await
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        pause().await;
        self.0.get_nut(nut, state).await
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        pause().await;
        self.0.remove_nut(nut, state).await
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        pause().await;
        self.0.store_cps_session_id(id, info, ttl).await
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        pause().await;
        self.0.get_user_id_by_cps_session_id(id).await
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        pause().await;
        self.0.remove_cps_session_id(id).await
    }

    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        self.0.watch(wait).await
    }
}

#[async_trait]
impl<S: IdentityStore> IdentityStore for Stutter<S> {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        pause().await;
        self.0.look_up(idk, pidk).await
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        pause().await;
        self.0.apply(change).await
    }
}
