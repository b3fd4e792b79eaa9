//! Users who sign in repeatedly through nginx, and reload the page after an error.

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

use crate::visit::{account_id, idk};

const USERS: usize = 6;
/// A user gives up after this number of reloads, with this pause before each.
const RELOADS: usize = 3;
const RELOAD_PAUSE: Duration = Duration::from_secs(1);
/// No request takes longer.
const MAX_TIME: Duration = Duration::from_secs(3);
/// A page repeats a request for this time, with this pause.
const RETRY_TIME: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// What Redis may lose although the client was told that it succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataLoss {
    None,
    /// Writes that have not reached the replica.
    Recent,
    All,
}

/// Numbers of sign-ins, and times.
#[derive(Debug, Default, Clone)]
pub(crate) struct Report {
    logins: usize,
    failed: usize,
    reloaded: usize,
    /// The client was told that it had succeeded, but its page got no outcome.
    lost: usize,
    longest_pause: Duration,
    longest_request: Duration,
}

/// As the cells of a table row.
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
    stop: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    report: Report,
    /// The time of the last sign-in.
    last: Instant,
    /// The keys of all identities that have signed in, according to their clients.
    known: Vec<Idk>,
    accounts: HashSet<String>,
}

/// Users who sign in repeatedly.
pub(crate) struct Load {
    shared: Arc<Shared>,
    users: JoinSet<()>,
}

impl Load {
    pub(crate) fn start(nginx: &Nginx) -> Self {
        let state = State {
            report: Report::default(),
            last: Instant::now(),
            known: Vec::new(),
            accounts: HashSet::new(),
        };
        let shared = Arc::new(Shared {
            url: nginx.url(),
            stop: AtomicBool::new(false),
            state: Mutex::new(state),
        });
        let mut users = JoinSet::new();
        for _ in 0..USERS {
            users.spawn(Arc::clone(&shared).sign_in_repeatedly());
        }
        Self { shared, users }
    }

    /// Resets the longest times, so that the report has those of the failure only.
    pub(crate) fn reset_times(&self) {
        let mut state = self.shared.state.lock().unwrap();
        state.report.longest_pause = Duration::ZERO;
        state.report.longest_request = Duration::ZERO;
    }

    /// Stops the users and returns the report. Afterwards sign-ins work at once, and nothing that a
    /// client was told is lost, except for `loss`.
    pub(crate) async fn finish(
        mut self,
        nginx: &Nginx,
        identities: &str,
        loss: DataLoss,
    ) -> Report {
        self.shared.stop.store(true, Ordering::Relaxed);
        while let Some(user) = self.users.join_next().await {
            user.expect("no panic");
        }
        let report = self.shared.state.lock().unwrap().report.clone();
        for _ in 0..USERS {
            let identity = Arc::new(Identity::generate());
            let account = Attempt::new(&self.shared, &identity).run().await;
            account.expect("everything works again");
        }
        assert!(report.logins > 0 && report.failed <= report.logins);
        if loss == DataLoss::None {
            assert!(report.lost <= interrupted(nginx), "sign-ins are lost");
        }
        let database = Database::connect_no_tls(identities).expect("an address");
        let store = PostgresIdentityStore::open(&database).await.expect("a store");
        let known = std::mem::take(&mut self.shared.state.lock().unwrap().known);
        for idk in &known {
            let state = store.look_up(idk, None).await.expect("an answer").idk;
            assert!(matches!(state, KeyState::Live(_)), "an identity is lost: {state:?}");
        }
        report
    }
}

impl Shared {
    async fn sign_in_repeatedly(self: Arc<Self>) {
        let own = Arc::new(Identity::generate());
        let mut account = None;
        for number in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            // Every other sign-in is that of a new identity, which gets a new account.
            let is_new = number % 2 == 1;
            let identity = if is_new { Arc::new(Identity::generate()) } else { Arc::clone(&own) };
            let Some(entered) = self.sign_in(&identity).await else { continue };
            let mut state = self.state.lock().unwrap();
            if is_new || account.is_none() {
                assert!(state.accounts.insert(entered.clone()), "somebody else's account");
                account = account.or_else(|| (!is_new).then_some(entered));
            } else {
                assert_eq!(account, Some(entered), "somebody else's account");
            }
        }
    }

    fn record_time(&self, time: Duration) {
        let report = &mut self.state.lock().unwrap().report;
        report.longest_request = report.longest_request.max(time);
    }

    /// Signs in, and reloads after an error. Returns the account.
    async fn sign_in(self: &Arc<Self>, identity: &Arc<Identity>) -> Option<String> {
        self.state.lock().unwrap().report.logins += 1;
        for reload in 0..=RELOADS {
            if reload > 0 {
                sleep(RELOAD_PAUSE).await;
            }
            let result = Attempt::new(self, identity).run().await;
            let mut state = self.state.lock().unwrap();
            match result {
                Ok(account) => {
                    // While the users stop, pauses are longer.
                    if !self.stop.load(Ordering::Relaxed) {
                        let pause = state.last.elapsed();
                        state.report.longest_pause = state.report.longest_pause.max(pause);
                    }
                    state.last = Instant::now();
                    state.report.reloaded += usize::from(reload > 0);
                    return Some(account);
                }
                Err(SignInError::Lost) => state.report.lost += 1,
                Err(SignInError::Reload(_)) => {}
            }
        }
        self.state.lock().unwrap().report.failed += 1;
        None
    }
}

/// Returns the number of collections that nginx repeated because the first server died, although it
/// had consumed the outcome.
fn interrupted(nginx: &Nginx) -> usize {
    let log = std::fs::read_to_string(nginx.directory().join("sqrl_access.log")).expect("a log");
    // A comma separates the two upstreams in the log.
    let collections = log.lines().filter(|line| line.contains("\"GET /signed-in\" 401 "));
    collections.filter(|line| line.contains(", ")).count()
}

/// Why a sign-in failed.
#[derive(Debug)]
enum SignInError {
    /// A request failed with an error. A reload may help.
    #[allow(dead_code, reason = "for debugging")]
    Reload(String),
    /// The client was told that it had succeeded, but there is nothing to collect.
    Lost,
}

fn reload(why: impl fmt::Debug) -> SignInError {
    SignInError::Reload(format!("{why:?}"))
}

/// One page, and one client that answers its SQRL URL.
struct Attempt {
    shared: Arc<Shared>,
    browser: Browser,
    client: Client,
}

impl Attempt {
    fn new(shared: &Arc<Shared>, identity: &Arc<Identity>) -> Self {
        let http = Http::builder().timeout(MAX_TIME).build();
        let client = Client::new(Arc::clone(identity)).with_http(http.clone());
        Self { shared: Arc::clone(shared), browser: Browser::new(http), client }
    }

    /// Signs in and returns the account.
    async fn run(&self) -> Result<String, SignInError> {
        let page = self.timed(self.browser.open(&format!("{}/login", self.shared.url))).await;
        let page = page.expect("an answer in time");
        let sqrl_url = page.sqrl_url().map_err(reload)?;

        let (shared, last) = (Arc::clone(&self.shared), Mutex::new(Instant::now()));
        let client = self.client.clone().with_observer(move |_| {
            let before = std::mem::replace(&mut *last.lock().unwrap(), Instant::now());
            shared.record_time(before.elapsed());
        });
        let session = client.session(&sqrl_url);
        let key = idk(&session);
        let succeeded = match session.run(Command::Ident).await {
            Ok(_) => true,
            // A complete reply that refuses.
            Err(Error::Refused { .. } | Error::NoSuk) => false,
            Err(error) => panic!("{error}"),
        };
        if succeeded {
            self.shared.state.lock().unwrap().known.push(key);
        }

        let start = Instant::now();
        let retry_time = if succeeded { RETRY_TIME } else { PAUSE };
        let url = loop {
            match self.timed(self.browser.poll(&page.url, &sqrl_url)).await {
                Ok(Waiting::GoTo(url)) => break url,
                Ok(Waiting::Pending) | Err(BrowserError::Status { .. }) => {}
                Ok(Waiting::Gone(why)) => return Err(reload(why)),
                Err(error) => panic!("{error}"),
            }
            if start.elapsed() > retry_time {
                return Err(if succeeded {
                    SignInError::Lost
                } else {
                    reload("no answer to the client")
                });
            }
            sleep(PAUSE).await;
        };
        self.collect(&url).await?;
        self.account().await
    }

    async fn collect(&self, url: &url::Url) -> Result<(), SignInError> {
        let mut failed_before = false;
        let start = Instant::now();
        while start.elapsed() < RETRY_TIME {
            let fetched = self.browser.fetch(Method::GET, url, HeaderMap::new(), Bytes::new());
            let answer = self.timed(fetched).await.expect("an answer in time");
            match answer.status() {
                StatusCode::SEE_OTHER => return Ok(()),
                // The server may have consumed the outcome before it failed.
                status if status.is_server_error() => failed_before = true,
                status if failed_before => return Err(reload(status)),
                _ => return Err(SignInError::Lost),
            }
            sleep(PAUSE).await;
        }
        Err(reload("collecting"))
    }

    async fn account(&self) -> Result<String, SignInError> {
        let url = format!("{}/account", self.shared.url);
        let start = Instant::now();
        while start.elapsed() < RETRY_TIME {
            let page = self.timed(self.browser.open(&url)).await.expect("an answer in time");
            if page.status == StatusCode::OK {
                return Ok(account_id(&page));
            }
            sleep(PAUSE).await;
        }
        Err(reload("the account"))
    }

    async fn timed<T>(&self, request: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let answer = request.await;
        self.shared.record_time(start.elapsed());
        answer
    }
}
