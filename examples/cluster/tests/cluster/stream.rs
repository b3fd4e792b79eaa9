//! People who sign in again and again, through nginx, and reload the page where they must.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use test_servers::Nginx;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower_sqrl::identities::{IdentityStore as _, KeyState};
use tower_sqrl::protocol::Idk;
use tower_sqrl_client::browser::{Browser, BrowserError, Waiting};
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Client, Error, Http, Identity};
use tower_sqrl_postgres::{Database, PostgresIdentityStore};

use crate::people::{account_id, idk};

const PEOPLE: usize = 6;
/// A person reloads so often, with this pause, before giving up.
const RELOADS: usize = 3;
const RELOAD_PAUSE: Duration = Duration::from_secs(1);
/// No request takes longer.
const LONGEST: Duration = Duration::from_secs(3);
/// What a page asks again for a while.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// What may be gone though a client was told that it succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhatRedisLoses {
    Nothing,
    /// What has not reached the replica.
    SomeOfLate,
    Everything,
}

/// What the logins were like.
#[derive(Debug, Default, Clone)]
pub(crate) struct Report {
    logins: usize,
    failed: usize,
    reloaded: usize,
    /// A client was told that it had succeeded, and its page found nothing.
    lost: usize,
    longest_pause: Duration,
    longest_request: Duration,
}

/// As a row's cells.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { logins, failed, reloaded, lost, longest_pause, longest_request } = self;
        write!(f, "{logins} | {failed} | {reloaded} | {lost} | ")?;
        let seconds = |time: &Duration| format!("{:.1} s", time.as_secs_f64());
        write!(f, "{} | {}", seconds(longest_pause), seconds(longest_request))
    }
}

#[derive(Debug)]
struct Shared {
    url: String,
    over: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    report: Report,
    /// When somebody signed in last.
    last: Instant,
    /// The keys of the identities that a client was told are known.
    known: Vec<Idk>,
    accounts: HashSet<String>,
}

/// People who sign in.
pub(crate) struct Stream {
    shared: Arc<Shared>,
    people: JoinSet<()>,
}

impl Stream {
    pub(crate) fn begin(nginx: &Nginx) -> Self {
        let seen = Seen {
            report: Report::default(),
            last: Instant::now(),
            known: Vec::new(),
            accounts: HashSet::new(),
        };
        let shared = Arc::new(Shared {
            url: nginx.url(),
            over: AtomicBool::new(false),
            seen: Mutex::new(seen),
        });
        let mut people = JoinSet::new();
        for _ in 0..PEOPLE {
            people.spawn(Arc::clone(&shared).sign_in_again_and_again());
        }
        Self { shared, people }
    }

    /// What was before the failure is no pause of its making.
    pub(crate) fn forget_pauses(&self) {
        let mut seen = self.shared.seen.lock().unwrap();
        seen.report.longest_pause = Duration::ZERO;
        seen.report.longest_request = Duration::ZERO;
    }

    /// Lets everybody finish; then everybody signs in once more, which works at once; and
    /// everything is there that a client was told.
    pub(crate) async fn end(
        mut self,
        nginx: &Nginx,
        identities: &str,
        redis: WhatRedisLoses,
    ) -> Report {
        self.shared.over.store(true, Ordering::Relaxed);
        while let Some(person) = self.people.join_next().await {
            person.expect("nothing that must not be");
        }
        let report = self.shared.seen.lock().unwrap().report.clone();
        for _ in 0..PEOPLE {
            let identity = Arc::new(Identity::generate());
            let account = Attempt::new(&self.shared, &identity).make().await;
            account.expect("everything works again");
        }
        assert!(report.logins > 0 && report.failed <= report.logins);
        if redis == WhatRedisLoses::Nothing {
            assert!(report.lost <= cut_off(nginx), "clients were told of sign-ins that are lost");
        }
        let database = Database::connect_no_tls(identities).expect("an address");
        let store = PostgresIdentityStore::open(&database).await.expect("a store");
        let known = std::mem::take(&mut self.shared.seen.lock().unwrap().known);
        for idk in &known {
            let state = store.look_up(idk, None).await.expect("an answer").idk;
            assert!(matches!(state, KeyState::Live(_)), "an identity is lost: {state:?}");
        }
        report
    }
}

impl Shared {
    async fn sign_in_again_and_again(self: Arc<Self>) {
        let own = Arc::new(Identity::generate());
        let mut account = None;
        for number in 0.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            // Every other one is a new identity, whose account is nobody's yet.
            let is_new = number % 2 == 1;
            let identity = if is_new { Arc::new(Identity::generate()) } else { Arc::clone(&own) };
            let Some(entered) = self.sign_in(&identity).await else { continue };
            let mut seen = self.seen.lock().unwrap();
            if is_new || account.is_none() {
                assert!(seen.accounts.insert(entered.clone()), "somebody else's account");
                account = account.or_else(|| (!is_new).then_some(entered));
            } else {
                assert_eq!(account, Some(entered), "somebody else's account");
            }
        }
    }

    fn took(&self, time: Duration) {
        let report = &mut self.seen.lock().unwrap().report;
        report.longest_request = report.longest_request.max(time);
    }

    /// One login, with reloads where they help. The account.
    async fn sign_in(self: &Arc<Self>, identity: &Arc<Identity>) -> Option<String> {
        self.seen.lock().unwrap().report.logins += 1;
        for reload in 0..=RELOADS {
            if reload > 0 {
                sleep(RELOAD_PAUSE).await;
            }
            let made = Attempt::new(self, identity).make().await;
            let mut seen = self.seen.lock().unwrap();
            match made {
                Ok(account) => {
                    // Once it is over, the others have gone home.
                    if !self.over.load(Ordering::Relaxed) {
                        let pause = seen.last.elapsed();
                        seen.report.longest_pause = seen.report.longest_pause.max(pause);
                    }
                    seen.last = Instant::now();
                    seen.report.reloaded += usize::from(reload > 0);
                    return Some(account);
                }
                Err(Trouble::Lost) => seen.report.lost += 1,
                Err(Trouble::Reload(_)) => {}
            }
        }
        self.seen.lock().unwrap().report.failed += 1;
        None
    }
}

/// Collections whose first server died over them, and whose second found that the first had
/// done its part.
fn cut_off(nginx: &Nginx) -> usize {
    let log = std::fs::read_to_string(nginx.directory().join("sqrl_access.log")).expect("a log");
    // address time "request" status upstreams upstream statuses time: two upstreams, a comma.
    let collections = log.lines().filter(|line| line.contains("\"GET /signed-in\" 401 "));
    collections.filter(|line| line.contains(", ")).count()
}

/// Why a page has to be reloaded.
#[derive(Debug)]
enum Trouble {
    /// Something did not work, and said so.
    #[allow(dead_code, reason = "read by who debugs this")]
    Reload(String),
    /// A client was told that it had succeeded, and there is nothing to collect.
    Lost,
}

fn reload(why: impl fmt::Debug) -> Trouble {
    Trouble::Reload(format!("{why:?}"))
}

/// One page, and one client that answers its link.
struct Attempt {
    shared: Arc<Shared>,
    browser: Browser,
    client: Client,
}

impl Attempt {
    fn new(shared: &Arc<Shared>, identity: &Arc<Identity>) -> Self {
        let http = Http::builder().timeout(LONGEST).build();
        let client = Client::new(Arc::clone(identity)).with_http(http.clone());
        Self { shared: Arc::clone(shared), browser: Browser::new(http), client }
    }

    /// The account that was entered.
    async fn make(&self) -> Result<String, Trouble> {
        let page = self.timed(self.browser.open(&format!("{}/login", self.shared.url))).await;
        let page = page.expect("an answer in time");
        let link = page.sqrl_link().map_err(reload)?;

        let (shared, last) = (Arc::clone(&self.shared), Mutex::new(Instant::now()));
        let client = self.client.clone().with_observer(move |_| {
            let before = std::mem::replace(&mut *last.lock().unwrap(), Instant::now());
            shared.took(before.elapsed());
        });
        let session = client.session(&link);
        let key = idk(&session);
        let told = match session.run(Command::Ident).await {
            Ok(_) => true,
            // A whole reply that says no.
            Err(Error::Refused { .. } | Error::NoSuk) => false,
            Err(error) => panic!("{error}"),
        };
        if told {
            self.shared.seen.lock().unwrap().known.push(key);
        }

        // The page asks for as long as there is hope.
        let since = Instant::now();
        let patience = if told { PATIENCE } else { PAUSE };
        let url = loop {
            match self.timed(self.browser.poll(&page.url, &link)).await {
                Ok(Waiting::GoTo(url)) => break url,
                Ok(Waiting::Pending) | Err(BrowserError::Status { .. }) => {}
                Ok(Waiting::Gone(why)) => return Err(reload(why)),
                Err(error) => panic!("{error}"),
            }
            if since.elapsed() > patience {
                return Err(if told { Trouble::Lost } else { reload("no answer to the client") });
            }
            sleep(PAUSE).await;
        };
        self.collect(&url).await?;
        self.account().await
    }

    async fn collect(&self, url: &url::Url) -> Result<(), Trouble> {
        let mut unclear = false;
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let fetched = self.browser.fetch(Method::GET, url, HeaderMap::new(), Bytes::new());
            let answer = self.timed(fetched).await.expect("an answer in time");
            match answer.status() {
                StatusCode::SEE_OTHER => return Ok(()),
                // It may have been done, and the answer be lost, or the application have failed.
                status if status.is_server_error() => unclear = true,
                status if unclear => return Err(reload(status)),
                _ => return Err(Trouble::Lost),
            }
            sleep(PAUSE).await;
        }
        Err(reload("collecting"))
    }

    async fn account(&self) -> Result<String, Trouble> {
        let url = format!("{}/account", self.shared.url);
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let page = self.timed(self.browser.open(&url)).await.expect("an answer in time");
            if page.status == StatusCode::OK {
                return Ok(account_id(&page));
            }
            sleep(PAUSE).await;
        }
        Err(reload("the account"))
    }

    async fn timed<T>(&self, request: impl Future<Output = T>) -> T {
        let begin = Instant::now();
        let answer = request.await;
        self.shared.took(begin.elapsed());
        answer
    }
}
