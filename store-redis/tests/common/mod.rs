//! What several tests need.
#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]

pub mod proxy;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tower_sqrl_core::identities::Epoch;
use tower_sqrl_core::nuts::{
    CpsId, CpsInfo, Digest, NutInfo, NutState, NutStore, Outcome, Timestamp, WaitId,
};
use tower_sqrl_core::protocol::{Command, Idk, Nut};
use tower_sqrl_core::{StoreError, StoreErrorKind};
use tower_sqrl_redis::RedisNutStore;

pub const TTL: Duration = Duration::from_secs(60);

/// 16 bytes that no other call of this process gets.
pub fn unique() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0x5A; 16];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    bytes
}

pub fn nut() -> Nut {
    Nut::from_bytes(unique())
}

/// A link's record with its application's 16 bytes.
pub fn pending() -> NutInfo {
    let (ip, now) = (IpAddr::V4(Ipv4Addr::LOCALHOST), Timestamp::from_millis(1_700_000_000_000));
    NutInfo::first(nut(), WaitId::from_bytes(unique()), ip, now, Digest::of("what was sent"))
}

/// A signed-in outcome, with everything that it can have but the application's own bytes.
pub fn outcome() -> NutInfo {
    let (chain, idk) = (pending(), Some(Idk::from_bytes([9; 32])));
    chain.ended(chain.created, idk, Outcome::SignedIn { epoch: Epoch::new(7) })
}

pub fn cps() -> (CpsId, CpsInfo) {
    let (idk, wait) = (Idk::from_bytes([9; 32]), WaitId::from_bytes(unique()));
    let info = CpsInfo::new(idk, Epoch::new(7), Command::Ident, [192, 0, 2, 1].into(), wait);
    (CpsId::from_bytes(unique()), info)
}

/// Stores, looks at and takes one record. It may also have got lost, in a fail-over.
pub async fn works(store: &RedisNutStore) -> Result<(), StoreError> {
    let (nut, info) = (nut(), pending());
    store.store_nut(&nut, &info, NutState::Pending, TTL).await?;
    let seen = store.get_nut(&nut, NutState::Pending).await?;
    let taken = store.remove_nut(&nut, NutState::Pending).await?;
    if [seen.as_ref(), taken.as_ref()] == [Some(&info); 2] {
        Ok(())
    } else {
        Err(StoreError::corrupt(format!("seen: {seen:?}, taken: {taken:?}")))
    }
}

/// A store that works, and has no subscription: a watch on one that stands succeeds.
pub async fn without_subscription(url: &str) -> RedisNutStore {
    let store = RedisNutStore::builder(url).build().expect("a store");
    works(&store).await.expect("it works");
    store
}

/// Longer than any server or fail-over takes, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Tries until the store works.
pub async fn until_it_works(store: &RedisNutStore) {
    let mut last = None;
    let tries = async {
        while let Err(error) = works(store).await {
            last = Some(error);
        }
    };
    let works = timeout(PATIENCE, tries).await.is_ok();
    assert!(works, "not after {PATIENCE:?}: {last:?}");
}

/// What a call comes to; none takes much longer than calls are given.
pub async fn in_time<T>(call: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(5), call).await.expect("a call hung")
}

/// Calls every hook, all at once; each has to fail as unavailable, and in time.
pub async fn every_hook_is_unavailable(store: &RedisNutStore) {
    let (nut, info, (id, cps)) = (nut(), outcome(), cps());
    let wait = WaitId::from_bytes(unique());
    let calls = async {
        tokio::join!(
            async { store.store_nut(&nut, &info, NutState::Pending, TTL).await.err() },
            async { store.store_nut(&nut, &info, NutState::Authorized, TTL).await.err() },
            async { store.get_nut(&nut, NutState::Pending).await.err() },
            async { store.remove_nut(&nut, NutState::Pending).await.err() },
            async { store.get_nut_idk(&nut).await.err() },
            async { store.check_nut_authorized(&nut).await.err() },
            async { store.store_cps_session_id(&id, &cps, TTL).await.err() },
            async { store.get_user_id_by_cps_session_id(&id).await.err() },
            async { store.remove_cps_session_id(&id).await.err() },
            async { store.watch(&wait).await.err() },
        )
    };
    let kinds = in_time(calls).await;
    let kinds =
        [kinds.0, kinds.1, kinds.2, kinds.3, kinds.4, kinds.5, kinds.6, kinds.7, kinds.8, kinds.9];
    for (hook, error) in kinds.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("hook {hook} has not failed"));
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "hook {hook}: {error:?}");
    }
}
