//! Rate limits on two servers.

use std::sync::Arc;

use cluster::Servers;
use tempfile::TempDir;
use test_servers::Redis;
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Http, Identity, SqrlUrl};

use crate::site::{TIMEOUT, program};
use crate::visit::{Visit, client};

/// A neighbour behind the same address sends made-up nuts to both servers until they slow the
/// address down. A sign-in whose requests alternate between the servers still succeeds, because
/// each recognizes the other's nuts by the shared key.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_slowed_down_signs_in_over_two_servers() {
    let redis = Redis::start().expect("Redis");
    let directory = TempDir::new().expect("a directory");
    let identities = format!("sqlite:{}", directory.path().join("demo.sqlite").display());
    let flags = ["--nuts", &redis.url(), "--identities", &identities, "--failures-per-minute", "3"];
    let servers = Servers::start(program(), 2, &flags).expect("servers");
    let url = servers.url();
    let backends = servers.backends();
    let http = |to: &[String]| {
        let builder = Http::builder().timeout(TIMEOUT);
        to.iter().fold(builder, |builder, server| builder.route(&url, server)).build()
    };

    for server in &backends {
        let http = http(std::slice::from_ref(server));
        let visit = Visit::begin(&url, http.clone()).await;
        let made_up =
            visit.sqrl_url.as_str().replace(visit.sqrl_url.nut(), "AAAAAAAAAAAAAAAAAAAAAA");
        let made_up: SqrlUrl = made_up.parse().expect("a SQRL URL");
        let neighbour = Arc::new(Identity::generate());
        let mut tif = String::new();
        // After the third failure, the server still looks up three nuts, because another server
        // may have issued them.
        for _ in 0..20 {
            let mut session = client(&neighbour, &http).session(&made_up);
            tif = session.send(&Command::Query).await.expect("a reply").tif.to_string();
        }
        assert_eq!(tif, "c0", "slowed down");
    }

    let ada = Arc::new(Identity::generate());
    for first in [backends.clone(), backends.iter().rev().cloned().collect()] {
        let http = http(&first);
        let visit = Visit::begin(&url, http.clone()).await;
        client(&ada, &http).sign_in(&visit.sqrl_url).await.expect("a sign-in");
        assert!(visit.get(&visit.signed_in(), &http).await.signs_in());
    }
}
