//! The system under test: servers over shared stores, with browsers and the keys of all persons.

mod browser;
mod cookies;
mod final_state;
mod key_ring;
mod request_body;
mod response;
mod server;
mod stores;
mod yields;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use tower_sqrl::nuts::WaitId;
use tower_sqrl::protocol;

use self::cookies::Jar;
use self::key_ring::KeyRing;
use self::server::{ServerResponse, SqrlServer, request};
pub use self::stores::{PausedClock, Stores, SystemClock, TestClock};
use self::yields::with_yields;
use crate::history::Site;
use crate::observation::Observation;
use crate::spec::{Lifetimes, NutParam};
use crate::step::Step;
use crate::values::{Address, BROWSERS, Browser, Epoch, SERVERS, Seconds, Server, User, Wait};

/// The body of a request and the response.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    body: String,
    response: ServerResponse,
}

/// Servers, browsers, and everything that the servers issued. The model's numbers are the indexes.
#[derive(Debug, Clone)]
pub(crate) struct System {
    stores: Stores,
    key_ring: Arc<KeyRing>,
    now: Arc<AtomicU64>,
    start: Instant,
    servers: Vec<SqrlServer>,
    jars: Vec<Jar>,
    /// Every issued nut.
    nuts: Vec<String>,
    /// What the server sent with each nut: the `server` of the next request.
    sent: Vec<String>,
    /// Every wait.
    waits: Vec<WaitId>,
    /// The id of every CPS URL.
    cps_urls: Vec<String>,
    /// The body of every client request.
    bodies: Vec<String>,
    /// The model's epoch for each of the engine's.
    epochs: BTreeMap<u64, Epoch>,
}

impl System {
    pub(crate) fn new(stores: &Stores, site: Site, lifetimes: Lifetimes) -> Self {
        let now = Arc::new(AtomicU64::new(0));
        let [second, third] = site.clocks_ahead;
        let ahead = [0, second, third];
        let server =
            |(number, &ahead)| SqrlServer::new(stores.of(number), site, lifetimes, &now, ahead);
        Self {
            key_ring: if stores.salt == 0 {
                KeyRing::shared()
            } else {
                Arc::new(KeyRing::new(stores.salt))
            },
            servers: ahead[..usize::from(SERVERS)].iter().enumerate().map(server).collect(),
            jars: vec![Jar::default(); usize::from(BROWSERS)],
            nuts: Vec::new(),
            sent: Vec::new(),
            waits: Vec::new(),
            cps_urls: Vec::new(),
            bodies: Vec::new(),
            epochs: BTreeMap::new(),
            stores: stores.clone(),
            start: Instant::now(),
            now,
        }
    }

    /// Performs a step and returns what was observed. An epoch that is observed for the first time
    /// becomes `expected_epoch`.
    pub(crate) async fn perform(
        &mut self,
        step: &Step,
        expected_epoch: Option<Epoch>,
    ) -> Observation {
        match step {
            Step::Visit(at, browser, address, purpose, only) => {
                self.visit(*at, *browser, *address, *purpose, *only).await
            }
            Step::Renew(at, browser, address, old) => {
                let path = format!("/nut.sqrl?renew={}", self.nuts[old.0]);
                let response = self.get(*at, *browser, *address, &path).await;
                self.url_response(response.status, &response.body)
            }
            Step::Request(..) | Step::Collect(..) => {
                let exchange = self.exchange(step).await;
                self.observe(step, exchange, expected_epoch).await
            }
            Step::Race(..) => unreachable!("exchange_both performs a race"),
            Step::Poll(at, browser, url) => {
                let path = format!("/pag.sqrl?nut={}", self.nuts[url.0]);
                let response = self.get(*at, *browser, Address(0), &path).await;
                self.poll_response(&response, *url)
            }
            Step::OpenCpsUrl(at, browser, url) => {
                let path = format!("/cps.sqrl?{}", self.cps_urls[url.0]);
                Self::cps_redirect(&self.get(*at, *browser, Address(0), &path).await)
            }
            Step::ShowQuestion(at, browser) => {
                let response = self.get(*at, *browser, Address(0), "/cps.sqrl").await;
                Self::question(&response)
            }
            Step::Confirm(at, browser, url, same_origin) => {
                self.confirm(*at, *browser, *url, *same_origin).await
            }
            Step::SignInByCps(at, browser) => {
                let response = self.get(*at, *browser, Address(0), "/signed-in").await;
                self.signed_in(response.sign_in, expected_epoch)
            }
            Step::Advance(seconds) => {
                self.advance(*seconds).await;
                Observation::Nothing
            }
            Step::SetAccount(at, key, user) => {
                let idk = protocol::Idk::from_bytes(*self.key_ring.key(*key).idk().as_bytes());
                let sqrl = &self.server(*at).sqrl;
                let done = match user {
                    Some(user) => sqrl.link(&idk, account_name(*user)).await,
                    None => sqrl.unlink(&idk).await,
                };
                Observation::AccountSet(done.is_ok())
            }
        }
    }

    /// Performs the exchanges of two steps concurrently.
    pub(crate) async fn exchange_both(&self, both: &[Step; 2], yields: u8) -> [Exchange; 2] {
        let (one, other) = (self.exchange(&both[0]), self.exchange(&both[1]));
        with_yields(yields, async { tokio::join!(one, other) }).await.into()
    }

    /// Sends the request of a client or a collecting page. Changes only the servers.
    async fn exchange(&self, step: &Step) -> Exchange {
        match step {
            Step::Request(at, address, sent, replayed) => {
                let body = match replayed {
                    Some(number) => self.bodies[*number].clone(),
                    None => request_body::encode(&self.key_ring, sent, &self.sent),
                };
                let path = match sent.nut {
                    NutParam::Nut(nut) => format!("/cli.sqrl?nut={}", self.nuts[nut.0]),
                    NutParam::Unissued => "/cli.sqrl?nut=AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
                    NutParam::Missing => "/cli.sqrl".to_owned(),
                };
                let headers = HeaderMap::new();
                let request = request(Method::POST, &path, headers, body.clone(), *address);
                Exchange { body, response: self.server(*at).send(request).await }
            }
            Step::Collect(at, browser, url) => {
                let path = format!("/signed-in?nut={}", self.nuts[url.0]);
                let headers = self.jars[usize::from(browser.0)].headers();
                let request = request(Method::GET, &path, headers, String::new(), Address(0));
                Exchange { body: String::new(), response: self.server(*at).send(request).await }
            }
            _ => unreachable!("only these two can race"),
        }
    }

    /// Returns what a client or a collecting page observes of an exchange.
    pub(crate) async fn observe(
        &mut self,
        step: &Step,
        exchange: Exchange,
        expected_epoch: Option<Epoch>,
    ) -> Observation {
        let Exchange { body, response } = exchange;
        if let Step::Collect(_, browser, _) = step {
            self.jars[usize::from(browser.0)].store(&response.headers);
            return self.signed_in(response.sign_in, expected_epoch);
        }
        self.bodies.push(body);
        self.client_response(response).await
    }

    async fn advance(&mut self, seconds: Seconds) {
        self.stores.clock.advance(Duration::from_secs(seconds)).await;
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Whether more time has passed by itself than the model allows for.
    pub(crate) fn is_too_slow(&self) -> bool {
        let passed = Duration::from_secs(self.now.load(Ordering::Relaxed));
        self.stores.clock.drift(self.start.elapsed(), passed) >= MAX_DRIFT
    }

    fn server(&self, server: Server) -> &SqrlServer {
        &self.servers[usize::from(server.0)]
    }

    /// Sends a GET request of a browser with its cookies.
    async fn get(
        &mut self,
        at: Server,
        browser: Browser,
        address: Address,
        path: &str,
    ) -> ServerResponse {
        let headers = self.jars[usize::from(browser.0)].headers();
        self.send(at, browser, request(Method::GET, path, headers, String::new(), address)).await
    }

    /// Sends a request of a browser and stores the cookies of the response.
    async fn send(
        &mut self,
        at: Server,
        browser: Browser,
        request: http::Request<http_body_util::Full<bytes::Bytes>>,
    ) -> ServerResponse {
        let response = self.server(at).send(request).await;
        self.jars[usize::from(browser.0)].store(&response.headers);
        response
    }

    fn wait(&self, wait: Wait) -> &WaitId {
        &self.waits[wait.0]
    }
}

/// The model counts whole seconds, so the additional time in a real store must stay below one.
const MAX_DRIFT: Duration = Duration::from_millis(950);

/// The application's id of an account.
fn account_name(user: User) -> String {
    format!("account-{}", user.0)
}

fn account_named(name: &str) -> Option<User> {
    name.strip_prefix("account-")?.parse().ok().map(User)
}
