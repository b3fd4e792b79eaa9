//! Whole sign-ins. Each request goes to another server than the one before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use test_servers::Redis;
use tokio::time::{Instant, sleep};
use tower_sqrl_client::browser::Waiting;
use tower_sqrl_client::wire::Options;
use tower_sqrl_client::{Http, Identity};

use crate::site::{Site, exclusive};
use crate::visit::{Visit, account_id, client, server};

const LOGINS: usize = 1000;
const AT_ONCE: usize = 32;
const IDENTITIES: usize = 250;
/// Of SQRL URLs and nuts. A chain lives twice as long, and no record longer than its chain.
const LIFETIME: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: 1,000 sign-ins, and the lifetime of their records"]
async fn sign_ins_across_servers_leave_nothing_behind() {
    let _guard = exclusive().await;
    let (lifetime, chain) = (LIFETIME.as_secs().to_string(), (2 * LIFETIME).as_secs().to_string());
    let flags =
        ["--url-lifetime", &lifetime, "--nut-lifetime", &lifetime, "--chain-lifetime", &chain];
    let site = Site::start(&flags);
    let identities: Vec<_> = (0..IDENTITIES).map(|_| Arc::new(Identity::generate())).collect();
    let accounts = Mutex::new(HashMap::new());
    stream::iter(0..LOGINS)
        .for_each_concurrent(AT_ONCE, async |number| {
            let http = site.round_robin(number);
            let account = login(&site.url, http, &identities[number % IDENTITIES], number).await;
            let mut accounts = accounts.lock().unwrap();
            let known = accounts.entry(number % IDENTITIES).or_insert_with(|| account.clone());
            assert_eq!(*known, account, "an identity has one account");
        })
        .await;
    let mut accounts: Vec<_> = accounts.into_inner().unwrap().into_values().collect();
    accounts.sort();
    accounts.dedup();
    assert_eq!(accounts.len(), IDENTITIES, "an account has one identity");
    all_records_expire(&site.redis).await;
}

/// Signs in, with each request at another server, and returns the account's id. Odd numbers sign in
/// with CPS.
pub(crate) async fn login(
    site: &str,
    http: Http,
    identity: &Arc<Identity>,
    number: usize,
) -> String {
    let visit = Visit::begin(site, http.clone()).await;
    let cps = number % 2 == 1;
    let options = Options { cps, ..Options::default() };
    let client = client(identity, &http).with_options(options);
    let outcome = client.sign_in(&visit.sqrl_url).await.expect("a sign-in");

    let mut before = server(&visit.page.headers);
    for step in &outcome.steps {
        assert!(step.reply.deviations().is_empty(), "{:?}", step.reply.deviations());
        let server = server(&step.headers);
        assert_ne!(server, before);
        before = server;
    }
    let page = if let Some(url) = outcome.url {
        visit.browser.open(&url).await
    } else {
        // The outcome is stored before the client gets its reply.
        let Waiting::GoTo(url) = visit.poll().await else { panic!("nothing to collect") };
        visit.browser.open(url.as_str()).await
    };
    account_id(&page.expect("a page"))
}

/// All records in Redis expire after a chain's lifetime at most.
async fn all_records_expire(redis: &Redis) {
    let keys = redis.command(&["KEYS", "*"]).expect("keys");
    assert!(keys.lines().count() >= LOGINS / 2, "the outcomes are still stored");
    let mut last = 0;
    for key in keys.lines() {
        let left: i64 = redis.command(&["PTTL", key]).expect("a time").parse().expect("a number");
        // -1: it never expires. -2: it has just expired.
        assert!(left != -1, "{key} does not expire");
        last = last.max(left);
    }
    let chain = i64::try_from((2 * LIFETIME).as_millis()).expect("a number");
    assert!(last <= chain, "{last} ms");
    let deadline = Instant::now() + 2 * LIFETIME;
    while redis.command(&["DBSIZE"]).expect("a size") != "0" {
        assert!(Instant::now() < deadline, "a record has not expired in time");
        sleep(Duration::from_millis(100)).await;
    }
}
