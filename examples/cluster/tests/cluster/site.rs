//! What the tests run against.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use cluster::Servers;
use test_servers::{Postgres, Redis};
use tokio::sync::{Mutex, MutexGuard};
use tower_sqrl_client::Http;
use tower_sqrl_postgres::{Database, PostgresIdentityStore};

/// How many servers there are.
pub(crate) const SERVERS: usize = 4;

/// Longer than any answer takes, on however busy a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Looks every few milliseconds until there is something to see.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let seen = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, seen).await;
    seen.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// Four servers, one Redis, one Postgres.
pub(crate) struct Site {
    pub(crate) servers: Servers,
    pub(crate) postgres: Postgres,
    pub(crate) redis: Redis,
    pub(crate) url: String,
    backends: Vec<String>,
}

impl Site {
    /// With further flags of the demo's.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let redis = Redis::start().expect("Redis");
        let postgres = Postgres::start().expect("Postgres");
        let servers = start_servers(&redis.url(), &postgres, flags);
        let (url, backends) = (servers.url(), servers.backends());
        Self { servers, postgres, redis, url, backends }
    }

    /// One that the tests share which leave it as it was.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Site> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// Connections whose every request goes to another server than the one before; the first
    /// to this one.
    pub(crate) fn in_turn(&self, first: usize) -> Http {
        let servers = self.backends.iter().cycle().skip(first % SERVERS).take(SERVERS);
        let builder = Http::builder().timeout(PATIENCE);
        servers.fold(builder, |builder, server| builder.route(&self.url, server)).build()
    }

    /// Connections to each of the servers.
    pub(crate) fn each(&self) -> Vec<Http> {
        let to = |server| Http::builder().timeout(PATIENCE).route(&self.url, server).build();
        self.backends.iter().map(|server| to(server)).collect()
    }

    /// Connections to one of the servers.
    pub(crate) fn only(&self, server: usize) -> Http {
        let server = &self.backends[server % SERVERS];
        Http::builder().timeout(PATIENCE).route(&self.url, server).build()
    }

    /// What all servers know about identities, without any of them.
    pub(crate) async fn identities(&self) -> PostgresIdentityStore {
        let database = Database::connect_no_tls(&self.postgres.url()).expect("an address");
        PostgresIdentityStore::open(&database).await.expect("a store")
    }
}

/// The servers alone, whose nuts are anywhere.
pub(crate) fn start_servers(nuts: &str, postgres: &Postgres, flags: &[&str]) -> Servers {
    let identities = postgres.url();
    let own = [
        "--nuts",
        nuts,
        "--identities",
        &identities,
        "--failures-per-minute",
        "off",
        "--challenges-per-minute",
        "off",
    ];
    Servers::start(program(), SERVERS, &[&own, flags].concat()).expect("servers")
}

/// The program `cluster`.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cluster"))
}

/// Lets tests that keep the whole machine busy run one after the other.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}
