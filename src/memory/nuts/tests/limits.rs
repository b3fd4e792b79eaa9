use std::net::Ipv6Addr;

use super::*;

/// Any host of one /64 network.
fn host(network: u16) -> Ipv6Addr {
    let [a, b, c, d] = rand::random();
    Ipv6Addr::new(0x2001, 0xdb8, 0, network, a, b, c, d)
}

#[tokio::test(start_paused = true)]
async fn a_flood_from_one_network_pushes_out_its_own_nuts_only() {
    // One shard, and several.
    for capacity in [100, 20_000] {
        let store = MemoryNutStore::with_capacity(capacity);
        let honest = put(&store, host(1), MINUTE).await;
        let two = [put(&store, [192, 0, 2, 1], MINUTE).await, put(&store, host(2), MINUTE).await];
        let first = put(&store, host(7), MINUTE).await;
        for _ in 0..2 * capacity {
            put(&store, host(7), MINUTE).await;
        }
        let last = put(&store, host(7), MINUTE).await;
        for nut in [honest, two[0], two[1], last] {
            assert!(holds(&store, &nut).await, "evicted for a flood: {nut:?}");
        }
        assert!(!holds(&store, &first).await, "the oldest of those who hold most goes first");
        // And somebody who comes during the flood gets in, and is not the next to go.
        let late = put(&store, host(3), MINUTE).await;
        for _ in 0..capacity {
            put(&store, host(7), MINUTE).await;
        }
        assert!(holds(&store, &late).await);
        assert!(store.shards.iter().all(|shard| {
            shard.records(store.now()).pending.len() <= capacity / store.shards.len()
        }));
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_exact_and_the_oldest_goes_first() {
    let store = MemoryNutStore::with_capacity(3);
    let mut nuts = Vec::new();
    for last in 0..5 {
        // Of equals the one that came first.
        nuts.push(put(&store, [192, 0, 2, last], MINUTE).await);
    }
    let mut held = Vec::new();
    for nut in &nuts {
        held.push(holds(&store, nut).await);
    }
    assert_eq!(held, [false, false, true, true, true]);
    // Where two are of one network, the older of them.
    let twin = put(&store, [192, 0, 2, 4], MINUTE).await;
    assert!(holds(&store, &twin).await && !holds(&store, &nuts[4]).await);
    assert!(holds(&store, &nuts[2]).await && holds(&store, &nuts[3]).await);
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_goes_before_what_has_not() {
    let store = MemoryNutStore::with_capacity(20);
    for last in 0..10 {
        put(&store, [192, 0, 2, last], MINUTE).await;
    }
    let mut living = Vec::new();
    for _ in 0..10 {
        // All of one address, which holds most.
        living.push(put(&store, [198, 51, 100, 1], 2 * MINUTE).await);
    }
    tokio::time::advance(MINUTE).await;
    for _ in 0..10 {
        living.push(put(&store, [198, 51, 100, 1], MINUTE).await);
    }
    for nut in &living {
        assert!(holds(&store, nut).await);
    }
}

/// One party's outcome and CPS id, stored under their own keys.
async fn end(store: &MemoryNutStore, ip: impl Into<IpAddr>) -> (Nut, CpsId) {
    let (wait, id, ip) = (nut(), CpsId::from_bytes(rand::random()), ip.into());
    let mut outcome = collected();
    outcome.ip = ip;
    store.store_nut(&wait, &outcome, NutState::Authorized, MINUTE).await.unwrap();
    let mut landing = landing();
    landing.ip = ip;
    store.store_cps_session_id(&id, &landing, MINUTE).await.unwrap();
    (wait, id)
}

/// Whether both are still there.
async fn has_end(store: &MemoryNutStore, (wait, id): &(Nut, CpsId)) -> bool {
    let outcome = store.get_nut(wait, NutState::Authorized).await.unwrap();
    let cps = store.get_user_id_by_cps_session_id(id).await.unwrap();
    assert_eq!(outcome.is_some(), cps.is_some());
    outcome.is_some()
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_outcomes_and_cps_ids_pushes_out_its_own_only() {
    for capacity in [100, 20_000] {
        let store = MemoryNutStore::with_capacity(capacity);
        let honest = [end(&store, host(1)).await, end(&store, [192, 0, 2, 1]).await];
        let first = end(&store, host(7)).await;
        for _ in 0..2 * capacity {
            end(&store, host(7)).await;
        }
        let last = end(&store, host(7)).await;
        let late = end(&store, [192, 0, 2, 2]).await;
        for kept in honest.iter().chain([&last, &late]) {
            assert!(has_end(&store, kept).await, "evicted for a flood: {kept:?}");
        }
        assert!(!has_end(&store, &first).await, "the oldest of those who hold most goes first");
        assert!(store.shards.iter().all(|shard| {
            let (records, room) = (shard.records(store.now()), capacity / store.shards.len());
            records.outcomes.len() <= room && records.cps_ids.len() <= room
        }));
        // What is there is still not overwritten.
        let again = store.store_nut(&last.0, &collected(), NutState::Authorized, MINUTE).await;
        assert!(again.unwrap_err().is_conflict());
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_is_freed_by_later_calls() {
    let store = MemoryNutStore::with_capacity(1000);
    for _ in 0..1000 {
        put(&store, [127, 0, 0, 1], MINUTE).await;
        let wait = nut();
        store.store_nut(&wait, &collected(), NutState::Authorized, MINUTE).await.unwrap();
        let id = CpsId::from_bytes(rand::random());
        store.store_cps_session_id(&id, &landing(), MINUTE).await.unwrap();
    }
    let all = "{ pending: 1000, outcomes: 1000, cps_ids: 1000, watched: 0, .. }";
    assert_eq!(counts(&store), all);
    tokio::time::advance(MINUTE).await;
    for _ in 0..1000 / super::super::fair_map::SWEEP {
        assert!(!holds(&store, &nut()).await);
    }
    assert_eq!(counts(&store), "{ pending: 0, outcomes: 0, cps_ids: 0, watched: 0, .. }");
}

#[tokio::test]
async fn a_watch_that_is_over_leaves_nothing() {
    let store = MemoryNutStore::new();
    let waits: Vec<_> = (0..100).map(|_| WaitId::from_bytes(rand::random())).collect();
    let mut watches = Vec::new();
    for wait in waits.iter().chain(&waits) {
        watches.push(store.watch(wait).await.unwrap());
    }
    assert!(counts(&store).contains("watched: 100"), "{store:?}");
    // Half of them dropped, the others woken.
    watches.truncate(100);
    assert!(counts(&store).contains("watched: 100"), "{store:?}");
    for (wait, watch) in waits.iter().zip(&mut watches) {
        store.store_nut(wait.as_nut(), &collected(), NutState::Authorized, MINUTE).await.unwrap();
        watch.announced().await;
    }
    assert!(counts(&store).contains("watched: 0"), "{store:?}");
}
