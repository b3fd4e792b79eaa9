//! The one command.

use std::net::TcpStream;

use test_servers::Server;
use tower_sqrl_client::browser::{Browser, Waiting};
use tower_sqrl_client::{Client, Http, Identity};

use crate::people::{Visit, account_id};
use crate::site::{program, until};

#[tokio::test(flavor = "multi_thread")]
async fn one_command_starts_and_stops_everything() {
    let mut cluster = Server::start(program(), &["--servers", "2"], "Ctrl-C").expect("a cluster");
    let said = cluster.log();
    let word = |after: &str| {
        let (_, rest) = said.split_once(after).expect("a line");
        rest.lines().next().expect("its end").trim_end_matches('/').to_owned()
    };
    let url = word("open ");
    let visit = Visit::begin(&url, Http::default()).await;
    Client::new(Identity::generate()).sign_in(&visit.link).await.expect("a sign-in");
    let Waiting::GoTo(to) = visit.poll().await else { panic!("nothing to collect") };
    account_id(&visit.browser.open(to.as_str()).await.expect("a page"));
    shows_who_answered(&visit.browser, &url).await;

    cluster.stop().expect("an end");
    let postgres = word("Postgres: postgres://postgres@");
    let postgres = postgres.trim_end_matches("/postgres");
    for address in [url.as_str(), &word("Redis: "), postgres] {
        let address = address.rsplit('/').next().expect("an address");
        // Its children end with it, a moment later.
        until("the end of what listens", async || TcpStream::connect(address).err()).await;
    }
}

/// Each server writes down what it has answered a moment after the answer.
async fn shows_who_answered(browser: &Browser, url: &str) {
    let steps = [("login: 200", 1), ("cli.sqrl: tif", 2), ("signed-in: 303", 1)];
    let body = until("who answered", async || {
        let body = browser.open(&format!("{url}/servers")).await.expect("a page").body;
        steps.iter().all(|(step, times)| body.matches(step).count() == *times).then_some(body)
    })
    .await;
    assert!(body.contains("server-1") && body.contains("server-2"), "{body}");
    assert_eq!(body.matches("<section>").count(), 1, "one sign-in: {body}");
}
