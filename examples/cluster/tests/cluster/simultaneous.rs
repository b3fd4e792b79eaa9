//! The same request at all servers at the same instant: one of them accepts it.

use std::sync::Arc;

use futures_util::future::join_all;
use http::{HeaderMap, StatusCode, header};
use tower_sqrl_client::wire::{Command, Options, Reply, Tif};
use tower_sqrl_client::{Http, Identity, Session};

use crate::site::{SERVERS, Site, exclusive};
use crate::visit::{Visit, client};

const ROUNDS: usize = 1000;
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: 1,000 rounds of four requests at four servers"]
async fn one_server_accepts_a_simultaneous_request() {
    let _guard = exclusive().await;
    let site = Site::shared();
    join_all((0..AT_ONCE).map(|_| async {
        let servers = site.per_server();
        let identity = Arc::new(Identity::generate());
        for round in 0..ROUNDS / AT_ONCE {
            by_page(site, &servers, &identity, round).await;
            by_cps(site, &servers, &identity, round).await;
        }
    }))
    .await;
}

async fn by_page(site: &Site, servers: &[Http], identity: &Arc<Identity>, round: usize) {
    let visit = Visit::begin(&site.url, servers[round % SERVERS].clone()).await;
    sign_in(&visit, servers, identity, Options::default()).await;
    assert_eq!(collections(&visit, visit.signed_in().as_str(), servers).await, 1);
}

async fn by_cps(site: &Site, servers: &[Http], identity: &Arc<Identity>, round: usize) {
    let visit = Visit::begin(&site.url, servers[round % SERVERS].clone()).await;
    let options = Options { cps: true, ..Options::default() };
    let url = sign_in(&visit, servers, identity, options).await.url.expect("a CPS URL");
    // Each server may redirect the browser. Only the next step signs in.
    let url = url.parse().expect("an address");
    let redirects = join_all(servers.iter().map(|server| visit.get(&url, server))).await;
    for answer in &redirects {
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.headers[header::LOCATION], "/signed-in");
    }
    let cookie = redirects[0].headers[header::SET_COOKIE].to_str().expect("text");
    let (name, value) =
        cookie.split_once(';').expect("attributes").0.split_once('=').expect("a pair");
    let mut jar = visit.browser.cookies();
    let cookie = jar.iter().next().expect("the cookie of the wait").clone();
    jar.insert(tower_sqrl_client::browser::Cookie {
        name: name.into(),
        value: value.into(),
        ..cookie
    });
    visit.browser.set_cookies(jar);
    let signed_in = visit.page.url.join("/signed-in").expect("an address");
    assert_eq!(collections(&visit, signed_in.as_str(), servers).await, 1);
}

/// Requests the URL at all servers at once, and returns how many responses sign in.
async fn collections(visit: &Visit, url: &str, servers: &[Http]) -> usize {
    let url = url.parse().expect("an address");
    let answers = join_all(servers.iter().map(|server| visit.get(&url, server))).await;
    for answer in answers.iter().filter(|answer| !answer.signs_in()) {
        assert!(answer.status.is_client_error(), "{}", answer.status);
    }
    answers.iter().filter(|answer| answer.signs_in()).count()
}

/// Sends query and ident, each to all servers at once. Returns the reply that accepted ident.
async fn sign_in(
    visit: &Visit,
    servers: &[Http],
    identity: &Arc<Identity>,
    options: Options,
) -> Reply {
    let session = |http| client(identity, http).with_options(options).session(&visit.sqrl_url);
    let mut sessions: Vec<_> = servers.iter().map(session).collect();
    let query = sessions[0].request(&Command::Query).expect("a request");
    let replies = join_all(sessions.iter_mut().map(|session| session.post(query.clone()))).await;
    let replies: Vec<_> = replies.into_iter().map(|reply| reply.expect("a reply")).collect();
    let accepted = only_accepted(&replies);
    let winner: &Session = &sessions[accepted];

    let ident = winner.request(&Command::Ident).expect("a request").encode();
    let post = |http: &Http| {
        let (http, url, ident) = (http.clone(), winner.request_url().to_owned(), ident.clone());
        async move {
            let answer = http.post_form(&url, HeaderMap::new(), ident).await.expect("an answer");
            let body = String::from_utf8(answer.into_body().to_vec()).expect("text");
            Reply::parse(&body).expect("a reply")
        }
    };
    let replies = join_all(servers.iter().map(post)).await;
    let reply = replies[only_accepted(&replies)].clone();
    assert_eq!(reply.tif, Tif(5));
    reply
}

/// Returns the index of the reply that accepted. The others must be 60, a used nut.
fn only_accepted(replies: &[Reply]) -> usize {
    let refused = replies.iter().filter(|reply| reply.tif == Tif(0x60)).count();
    assert_eq!(refused, SERVERS - 1, "{:?}", replies.iter().map(|r| r.tif).collect::<Vec<_>>());
    replies.iter().position(|reply| reply.tif != Tif(0x60)).expect("one is left")
}
