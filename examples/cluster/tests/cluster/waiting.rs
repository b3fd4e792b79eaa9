//! Time until a waiting page is notified by another server than the client's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use test_servers::{Server, free_port};
use tokio::join;
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Http, Identity};

use crate::site::{Site, exclusive, program};
use crate::visit::Visit;

const ROUNDS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: half a second a round, for the server that polls"]
async fn notifications_arrive_before_the_next_poll() {
    let _guard = exclusive().await;
    let site = Site::shared();
    let (polling, _process) = polling_server(site);
    let identity = Arc::new(Identity::generate());
    let (mut notified, mut polled) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let visit = Visit::begin(&site.url, site.to_server(round)).await;
        let mut session = visit.query(&identity, &site.to_server(round + 1)).await;
        let first = outcome_time(&visit, site.to_server(round + 2));
        let second = outcome_time(&visit, polling.clone());
        let ident = async {
            // Both streams poll when they start. Their next poll is a second later.
            tokio::time::sleep(Duration::from_millis(50 + 23 * round as u64 % 500)).await;
            let begin = Instant::now();
            session.send(&Command::Ident).await.expect("a reply");
            begin
        };
        let (first, second, begin) = join!(first, second, ident);
        notified.push(first.duration_since(begin));
        polled.push(second.duration_since(begin));
    }
    let sooner = notified.iter().zip(&polled).filter(|(a, b)| a < b).count();
    notified.sort();
    polled.sort();
    println!(
        "median and maximum after ident was sent: notified {:?} {:?}, polled {:?} {:?}",
        notified[ROUNDS / 2],
        notified[ROUNDS - 1],
        polled[ROUNDS / 2],
        polled[ROUNDS - 1]
    );
    // A poll can come first by chance.
    assert!(sooner > ROUNDS * 3 / 4, "the notification came first only {sooner} times");
}

/// Starts one more server, which gets no notifications from Redis. Returns connections to it.
fn polling_server(site: &Site) -> (Http, Server) {
    let redis = |command: &str| {
        site.redis.command(&command.split(' ').collect::<Vec<_>>()).expect("an answer of Redis")
    };
    redis("ACL SETUSER deaf on >secret ~* &* +@all");
    let nuts = format!("redis://deaf:secret@127.0.0.1:{}/", site.redis.port());
    let listen = format!("127.0.0.1:{}", free_port().expect("a port"));
    let (identities, url) = (site.postgres.url(), &site.url);
    let flags = ["demo", "--listen", &listen, "--public-url", url, "--nuts", &nuts];
    let flags = [&flags[..], &["--identities", &identities]].concat();
    let process = Server::start(program(), &flags, "listening on ").expect("a server");
    // The store needs this permission to connect. Without it, its subscription ends.
    redis("ACL SETUSER deaf resetchannels -subscribe");
    let http = Http::builder().route(url, &format!("http://{listen}")).build();
    (http, process)
}

/// Returns when the events of a page ended with the outcome.
async fn outcome_time(visit: &Visit, http: Http) -> Instant {
    let url = visit.page.url.join(&format!("/evt.sqrl?nut={}", visit.sqrl_url.nut()));
    let events = visit.body(&url.expect("an address"), &http).await;
    assert!(events.ends_with("event: outcome\ndata: look\n\n"), "{events}");
    Instant::now()
}
