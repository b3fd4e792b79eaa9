//! The servers and stores that the tests use.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use cluster::Servers;
use test_servers::{Postgres, Redis};
use tokio::sync::{Mutex, MutexGuard};
use tower_sqrl_client::Http;
use tower_sqrl_postgres::{Database, PostgresIdentityStore};

/// Number of servers.
pub(crate) const SERVERS: usize = 4;

/// No response takes longer, even on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls `check` every few milliseconds until it returns a value.
pub(crate) async fn until<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let checks = async {
        loop {
            if let Some(value) = check().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let value = tokio::time::timeout(TIMEOUT, checks).await;
    value.unwrap_or_else(|_| panic!("{what}: not within {TIMEOUT:?}"))
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
    /// Starts everything, with additional flags of the demo.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let redis = Redis::start().expect("Redis");
        let postgres = Postgres::start().expect("Postgres");
        let servers = start_servers(&redis.url(), &postgres, flags);
        let (url, backends) = (servers.url(), servers.backends());
        Self { servers, postgres, redis, url, backends }
    }

    /// Returns the site that tests share if they do not stop or restart any part of it.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Site> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// Returns connections that send each request to the next server, the first one to `first`.
    pub(crate) fn round_robin(&self, first: usize) -> Http {
        let servers = self.backends.iter().cycle().skip(first % SERVERS).take(SERVERS);
        let builder = Http::builder().timeout(TIMEOUT);
        servers.fold(builder, |builder, server| builder.route(&self.url, server)).build()
    }

    /// Returns connections to each of the servers.
    pub(crate) fn per_server(&self) -> Vec<Http> {
        let to = |server| Http::builder().timeout(TIMEOUT).route(&self.url, server).build();
        self.backends.iter().map(|server| to(server)).collect()
    }

    /// Returns connections to one of the servers.
    pub(crate) fn to_server(&self, server: usize) -> Http {
        let server = &self.backends[server % SERVERS];
        Http::builder().timeout(TIMEOUT).route(&self.url, server).build()
    }

    /// Opens the identity store without a server.
    pub(crate) async fn identities(&self) -> PostgresIdentityStore {
        let database = Database::connect_no_tls(&self.postgres.url()).expect("an address");
        PostgresIdentityStore::open(&database).await.expect("a store")
    }
}

/// Starts the servers alone, with this nut store.
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

/// Returns the path of the program `cluster`.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cluster"))
}

/// Waits until no other test uses the whole machine.
pub(crate) async fn exclusive() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}
