//! How soon the page that waits hears of it, from another server than the client talked to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use test_servers::{Server, free_port};
use tokio::join;
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Http, Identity};

use crate::people::Visit;
use crate::site::{Site, alone, program};

const ROUNDS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: half a second a round, for whoever has to look"]
async fn announcements_are_heard_before_the_next_look() {
    let _alone = alone().await;
    let site = Site::shared();
    let (deaf, _process) = deaf_server(site);
    let identity = Arc::new(Identity::generate());
    let (mut announced, mut looked) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let visit = Visit::begin(&site.url, site.only(round)).await;
        let mut session = visit.asked(&identity, &site.only(round + 1)).await;
        let (first, second) = (hears(&visit, site.only(round + 2)), hears(&visit, deaf.clone()));
        let ident = async {
            // Both wait: their streams begin with the first bytes, and look at once.
            tokio::time::sleep(Duration::from_millis(50 + 23 * round as u64 % 500)).await;
            let begin = Instant::now();
            session.send(&Command::Ident).await.expect("a reply");
            begin
        };
        let (first, second, begin) = join!(first, second, ident);
        announced.push(first.duration_since(begin));
        looked.push(second.duration_since(begin));
    }
    let sooner = announced.iter().zip(&looked).filter(|(a, b)| a < b).count();
    announced.sort();
    looked.sort();
    println!(
        "heard after (from sending ident on, median and last): announced {:?} {:?}, looked {:?} {:?}",
        announced[ROUNDS / 2],
        announced[ROUNDS - 1],
        looked[ROUNDS / 2],
        looked[ROUNDS - 1]
    );
    // Who looks once a second may have luck now and then.
    assert!(sooner > ROUNDS * 3 / 4, "the announcement came first only {sooner} times");
}

/// Connections to one more server, whom Redis tells nothing.
fn deaf_server(site: &Site) -> (Http, Server) {
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
    // A store connects only with all permissions; this ends the subscription that it has.
    redis("ACL SETUSER deaf resetchannels -subscribe");
    let http = Http::builder().route(url, &format!("http://{listen}")).build();
    (http, process)
}

/// When the events of a page have ended with the outcome.
async fn hears(visit: &Visit, http: Http) -> Instant {
    let url = visit.page.url.join(&format!("/evt.sqrl?nut={}", visit.link.nut()));
    let events = visit.body(&url.expect("an address"), &http).await;
    assert!(events.ends_with("event: outcome\ndata: look\n\n"), "{events}");
    Instant::now()
}
