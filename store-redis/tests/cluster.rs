//! Cluster: each key at its node, wherever that is at the moment.

mod common;

use common::{
    PATIENCE, TTL, every_hook_is_unavailable, in_time, nut, pending, until_it_works,
    without_subscription, works,
};
use test_servers::RedisCluster;
use tokio::time::timeout;
use tower_sqrl_core::nuts::{NutState, NutStore};
use tower_sqrl_core::protocol::Nut;
use tower_sqrl_redis::RedisNutStore;

fn key(nut: &Nut) -> String {
    format!("sqrl:nut:{nut}")
}

async fn all_work(store: &RedisNutStore) {
    for _ in 0..50 {
        works(store).await.expect("it works");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_has_its_node_and_one_server_named_suffices() {
    let mut cluster = RedisCluster::start().expect("servers");
    let url = format!("redis-cluster://127.0.0.1:{}", cluster.ports()[0]);
    let store = RedisNutStore::connect(&url).await.expect("a store");
    all_work(&store).await;
    for _ in 0..100 {
        store.store_nut(&nut(), &pending(), NutState::Pending, TTL).await.expect("created");
    }
    let with_keys = cluster.nodes().iter().filter(|node| {
        node.command(&["INFO", "replication"]).expect("info").contains("role:master")
            && node.command(&["DBSIZE"]).expect("a size") != "0"
    });
    assert_eq!(with_keys.count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: waits for a fail-over"]
async fn a_dead_master_is_replaced() {
    let mut cluster = RedisCluster::start().expect("servers");
    let store = RedisNutStore::connect(&cluster.url()).await.expect("a store");
    all_work(&store).await;
    cluster.kill_master_of("sqrl:nut:").expect("a take-over");
    // The others may hear of it a moment later.
    until_it_works(&store).await;
    all_work(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: waits for a fail-over"]
async fn a_master_that_says_nothing_is_replaced() {
    let mut cluster = RedisCluster::start().expect("servers");
    let store = RedisNutStore::connect(&cluster.url()).await.expect("a store");
    all_work(&store).await;
    let (nut, info) = (nut(), pending());
    let port = cluster.master_of(&key(&nut)).expect("a master");
    let master = cluster.nodes().iter_mut().find(|node| node.port() == port);
    master.expect("it").pause().expect("paused");
    let taken_over = async {
        loop {
            let call = store.store_nut(&nut, &info, NutState::Pending, TTL);
            if in_time(call).await.is_ok() {
                return;
            }
        }
    };
    timeout(PATIENCE, taken_over).await.expect("nobody has taken over");
    all_work(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: waits for six nodes"]
async fn without_any_node_every_hook_fails_in_time_and_then_works_again() {
    let mut cluster = RedisCluster::start().expect("servers");
    let store = without_subscription(&cluster.url()).await;
    all_work(&store).await;
    for node in cluster.nodes() {
        node.kill().expect("killed");
    }
    every_hook_is_unavailable(&store).await;
    for node in cluster.nodes() {
        node.restart().expect("started again");
    }
    until_it_works(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_on_its_way_is_followed() {
    let mut cluster = RedisCluster::start().expect("servers");
    let store = RedisNutStore::connect(&cluster.url()).await.expect("a store");
    let (nut, info) = (nut(), pending());
    let from = cluster.master_of(&key(&nut)).expect("a master");
    let masters: Vec<_> = (0..40).map(|n| cluster.master_of(&n.to_string())).collect();
    let to = masters.into_iter().map(|port| port.expect("a master"));
    let to = to.into_iter().find(|port| *port != from).expect("another master");
    let node = |port: u16, cluster: &mut RedisCluster, words: &[&str]| {
        let node = cluster.nodes().iter().find(|node| node.port() == port).expect("a node");
        node.command(words).expect("an answer")
    };
    let slot = node(from, &mut cluster, &["CLUSTER", "KEYSLOT", &key(&nut)]);
    let from_id = node(from, &mut cluster, &["CLUSTER", "MYID"]);
    let to_id = node(to, &mut cluster, &["CLUSTER", "MYID"]);
    // On its way: `from` asks us to ask `to` for keys that it does not have.
    node(to, &mut cluster, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
    node(from, &mut cluster, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
    store.store_nut(&nut, &info, NutState::Pending, TTL).await.expect("created");
    assert_eq!(node(to, &mut cluster, &["CLUSTER", "COUNTKEYSINSLOT", &slot]), "1");
    assert_eq!(store.get_nut(&nut, NutState::Pending).await.expect("a look"), Some(info.clone()));
    // There: `from` says that it has moved.
    for port in [to, from] {
        node(port, &mut cluster, &["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
    }
    assert_eq!(store.get_nut(&nut, NutState::Pending).await.expect("a look"), Some(info.clone()));
    assert_eq!(store.remove_nut(&nut, NutState::Pending).await.expect("a take"), Some(info));
}
