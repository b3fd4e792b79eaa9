//! Time per call of each store.
//!
//! Sequential calls show how long one request waits. Concurrent calls show what a call costs a busy server.

use std::time::{Duration, Instant};

use clap::Args;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use test_servers::{Postgres, Redis};
use tower_sqrl::identities::{Change, Epoch, Identity, IdentityStore, Version};
use tower_sqrl::memory::MemoryIdentityStore;
use tower_sqrl::memory::MemoryNutStore;
use tower_sqrl::nuts::{CpsId, CpsInfo, NutState, NutStore, WaitId};
use tower_sqrl::protocol::{Command, Idk, Nut, Suk, Vuk};
use tower_sqrl_postgres::{Database, PostgresIdentityStore, PostgresNutStore};
use tower_sqrl_redis::RedisNutStore;
use tower_sqrl_sqlite::{SqliteIdentityStore, SqliteNutStore};

use crate::failure::Failure;
use crate::site::{nut_info, store_pending};
use crate::spread::Spread;

const TTL: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, Args)]
pub(crate) struct StoresArgs {
    /// Calls of each kind: this many sequentially, then this many concurrently
    #[arg(long, default_value_t = 2_000)]
    calls: u32,

    /// Concurrent calls
    #[arg(long, default_value_t = 32)]
    concurrency: usize,

    /// Nuts that are pending in each store from the start
    #[arg(long, default_value_t = 10_000)]
    pending: u32,
}

pub(crate) fn run(args: &StoresArgs) -> Result<(), Failure> {
    let (redis, postgres) = (Redis::start()?, Postgres::start()?);
    let directory = tempfile::tempdir()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let database = Database::connect_no_tls(&postgres.url())?;
        let file = directory.path().join("sqrl.db");
        let nuts: [(&str, Box<dyn NutStore>); 5] = [
            ("memory", Box::new(MemoryNutStore::with_capacity(1_000_000))),
            ("SQLite", Box::new(SqliteNutStore::open(&file)?)),
            ("Redis", Box::new(RedisNutStore::connect(&redis.url()).await?)),
            ("Postgres", Box::new(PostgresNutStore::open(&database).await?)),
            (
                "unlogged",
                Box::new(PostgresNutStore::open_unlogged(&database.prefix("fast_")).await?),
            ),
        ];
        println!("µs per call: sequential; {} concurrent", args.concurrency);
        for (name, store) in &nuts {
            store_pending(&**store, args.pending).await?;
            all_nut_calls(name, &**store, args).await?;
        }
        let database = Database::connect_no_tls(&postgres.url())?;
        let identities: [(&str, Box<dyn IdentityStore>); 3] = [
            ("memory", Box::new(MemoryIdentityStore::new())),
            ("SQLite", Box::new(SqliteIdentityStore::open(&file)?)),
            ("Postgres", Box::new(PostgresIdentityStore::open(&database).await?)),
        ];
        for (name, store) in &identities {
            all_identity_calls(name, &**store, args).await?;
        }
        Ok(())
    })
}

async fn all_nut_calls(name: &str, store: &dyn NutStore, args: &StoresArgs) -> Result<(), Failure> {
    let pending = NutState::Pending;
    measure(name, "store_nut", args, |n| {
        Box::pin(async move { store.store_nut(&nut(n), &nut_info(nut(n), n), pending, TTL).await })
    })
    .await?;
    measure(name, "get_nut", args, |n| {
        Box::pin(async move { store.get_nut(&nut(n), pending).await.map(drop) })
    })
    .await?;
    measure(name, "remove_nut", args, |n| {
        Box::pin(async move { store.remove_nut(&nut(n), pending).await.map(drop) })
    })
    .await?;
    measure(name, "store_cps_session_id", args, |n| {
        Box::pin(async move { store.store_cps_session_id(&cps(n), &cps_info(n), TTL).await })
    })
    .await?;
    measure(name, "get_user_id_by_cps_session_id", args, |n| {
        Box::pin(async move { store.get_user_id_by_cps_session_id(&cps(n)).await.map(drop) })
    })
    .await?;
    measure(name, "remove_cps_session_id", args, |n| {
        Box::pin(async move { store.remove_cps_session_id(&cps(n)).await.map(drop) })
    })
    .await
}

async fn all_identity_calls(
    name: &str,
    store: &dyn IdentityStore,
    args: &StoresArgs,
) -> Result<(), Failure> {
    measure(name, "apply (a new identity)", args, |n| {
        Box::pin(async move { store.apply(&Change::create(idk(n), identity())).await.map(drop) })
    })
    .await?;
    measure(name, "look_up", args, |n| {
        Box::pin(async move { store.look_up(&idk(n), None).await.map(drop) })
    })
    .await
}

/// Makes `args.calls` calls sequentially with the numbers from 0, then as many concurrently with the next
/// numbers.
async fn measure<'a, E>(
    store: &str,
    call: &str,
    args: &StoresArgs,
    make: impl Fn(u32) -> BoxFuture<'a, Result<(), E>>,
) -> Result<(), Failure>
where
    Failure: From<E>,
{
    let mut sequential = Spread::default();
    for n in 0..args.calls {
        let started = Instant::now();
        make(n).await?;
        sequential.add(started.elapsed().as_secs_f64() * 1e6);
    }
    let started = Instant::now();
    let mut concurrent =
        stream::iter(args.calls..2 * args.calls).map(&make).buffer_unordered(args.concurrency);
    while let Some(done) = concurrent.next().await {
        done?;
    }
    let concurrent = started.elapsed().as_secs_f64() * 1e6 / f64::from(args.calls);
    println!("{store:9} {call:30} {:9.2} {concurrent:9.2}", sequential.median());
    Ok(())
}

/// Returns the n-th nut. Each kind of call uses what the calls before it have stored.
fn nut(n: u32) -> Nut {
    Nut::from_bytes(u128::from(n).to_be_bytes())
}

fn cps(n: u32) -> CpsId {
    CpsId::from_bytes(u128::from(n).to_be_bytes())
}

fn cps_info(n: u32) -> CpsInfo {
    let (ip, wait) = ([192, 0, 2, 1].into(), WaitId::from_bytes([7; 16]));
    CpsInfo::new(idk(n), Epoch::new(1), Command::Ident, ip, wait)
}

fn idk(n: u32) -> Idk {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Idk::from_bytes(bytes)
}

fn identity() -> Identity {
    let (suk, vuk) = (Suk::from_bytes([7; 32]), Vuk::from_bytes([7; 32]));
    Identity::new(suk, vuk, Epoch::new(1), Version::new(1))
}
