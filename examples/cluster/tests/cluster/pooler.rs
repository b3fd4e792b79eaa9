//! Servers that store everything in one Postgres, behind a transaction pooler.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use cluster::Servers;
use futures_util::{StreamExt as _, stream};
use test_servers::{Pgbouncer, Postgres};
use tokio::join;
use tower_sqrl_client::{Http, Identity};

use crate::logins::login;
use crate::site::{TIMEOUT, exclusive, program};
use crate::visit::{Visit, client};

const LOGINS: usize = 1000;
const AT_ONCE: usize = 16;
const IDENTITIES: usize = 100;

/// The servers share three connections. Nuts, identities, accounts and sessions stay separate, and
/// each outcome is collected once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: 1,000 sign-ins"]
async fn a_thousand_logins_through_a_pooler() {
    let _guard = exclusive().await;
    let postgres = Postgres::start().expect("Postgres");
    let pooler = Pgbouncer::start(&postgres, &[], &["default_pool_size = 3"]).expect("PgBouncer");
    let (url, off) = (pooler.url(), "off");
    let stores = ["--nuts", &url, "--identities", &url];
    let limits = ["--failures-per-minute", off, "--challenges-per-minute", off];
    let servers = Servers::start(program(), 2, &[stores, limits].concat()).expect("servers");
    let (site, backends) = (servers.url(), servers.backends());
    let via = |order: &[usize]| {
        let builder = Http::builder().timeout(TIMEOUT);
        let routed = order.iter().fold(builder, |all, &n| all.route(&site, &backends[n]));
        routed.build()
    };

    let identities: Vec<_> = (0..IDENTITIES).map(|_| Arc::new(Identity::generate())).collect();
    let accounts = Mutex::new(HashMap::new());
    stream::iter(0..LOGINS)
        .for_each_concurrent(AT_ONCE, async |number| {
            let identity = &identities[number % IDENTITIES];
            let alternating = via(&[number % 2, (number + 1) % 2]);
            if number % 4 < 2 {
                let account = login(&site, alternating, identity, number).await;
                let mut accounts = accounts.lock().unwrap();
                let known = accounts.entry(number % IDENTITIES).or_insert_with(|| account.clone());
                assert_eq!(*known, account, "an identity has one account");
                return;
            }
            // The outcome is collected at both servers at the same instant.
            let visit = Visit::begin(&site, alternating.clone()).await;
            client(identity, &alternating).sign_in(&visit.sqrl_url).await.expect("a sign-in");
            let (to, one, other) = (visit.signed_in(), via(&[0]), via(&[1]));
            let (one, other) = join!(visit.get(&to, &one), visit.get(&to, &other));
            assert!(one.signs_in() != other.signs_in(), "{} and {}", one.status, other.status);
        })
        .await;

    // The connections have no state left that another application would find.
    for _ in 0..10 {
        let left = |what| postgres.query_through(&url, what).expect("a row");
        assert_eq!(left("show statement_timeout"), "0");
        assert_eq!(left("select count(*) from pg_prepared_statements"), "0");
        assert_eq!(left("select count(*) from pg_listening_channels()"), "0");
    }
}
