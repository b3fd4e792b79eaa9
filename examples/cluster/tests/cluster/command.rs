//! The command `cluster`.

use std::net::TcpStream;

use test_servers::Server;
use tower_sqrl_client::browser::{Browser, Waiting};
use tower_sqrl_client::{Client, Http, Identity};

use crate::site::{program, until};
use crate::visit::{Visit, account_id};

#[tokio::test(flavor = "multi_thread")]
async fn one_command_starts_and_stops_everything() {
    let mut cluster = Server::start(program(), &["--servers", "2"], "Ctrl-C").expect("a cluster");
    let log = cluster.log();
    let word = |after: &str| {
        let (_, rest) = log.split_once(after).expect("a line");
        rest.lines().next().expect("its end").trim_end_matches('/').to_owned()
    };
    let url = word("open ");
    let visit = Visit::begin(&url, Http::default()).await;
    Client::new(Identity::generate()).sign_in(&visit.sqrl_url).await.expect("a sign-in");
    let Waiting::GoTo(to) = visit.poll().await else { panic!("nothing to collect") };
    account_id(&visit.browser.open(to.as_str()).await.expect("a page"));
    servers_page_names_servers(&visit.browser, &url).await;

    cluster.stop().expect("an end");
    let postgres = word("Postgres: postgres://postgres@");
    let postgres = postgres.trim_end_matches("/postgres");
    for address in [url.as_str(), &word("Redis: "), postgres] {
        let address = address.rsplit('/').next().expect("an address");
        // The child processes end shortly after it.
        until("the end of the listeners", async || TcpStream::connect(address).err()).await;
    }
}

/// `/servers` shows which server answered which request.
async fn servers_page_names_servers(browser: &Browser, url: &str) {
    let requests = ["\"GET /login\" 200", "\"POST /cli.sqrl\" 200", "\"GET /signed-in\" 303"];
    let page = until("the requests of the sign-in", async || {
        let page = browser.open(&format!("{url}/servers")).await.expect("a page").body;
        requests.iter().all(|request| page.contains(request)).then_some(page)
    })
    .await;
    assert!(page.contains(" server-1 \"") && page.contains(" server-2 \""), "{page}");
    assert!(!page.contains('?'), "no queries: {page}");
}
