//! The real thing: servers over shared stores, browsers, and the keys of everybody.

mod browse;
mod craft;
mod jar;
mod last;
mod read;
mod ring;
mod server;
mod stores;
mod stutter;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use tower_sqrl::nuts::WaitId;
use tower_sqrl::protocol;

use self::jar::Jar;
use self::read::{followed, name};
use self::ring::Ring;
use self::server::{Answer, Server, request};
pub use self::stores::{Passing, Paused, Real, Stores};
use self::stutter::with_turns;
use crate::director::Step;
use crate::history::Site;
use crate::seen::Seen;
use crate::spec::{Asked, Lifetimes};
use crate::words::{Address, BROWSERS, Browser, Epoch, SERVERS, Seconds, Wait};

/// What a server answered, and to which body.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    body: String,
    answer: Answer,
}

/// Servers, browsers, and what was said.
#[derive(Debug, Clone)]
pub(crate) struct World {
    stores: Stores,
    ring: Arc<Ring>,
    now: Arc<AtomicU64>,
    began: Instant,
    servers: Vec<Server>,
    jars: Vec<Jar>,
    /// Every nut that was given out.
    nuts: Vec<String>,
    /// What came with it, as the next `server`.
    sent: Vec<String>,
    /// Every wait that a page began.
    waits: Vec<WaitId>,
    /// The ids of CPS URLs.
    urls: Vec<String>,
    /// The bodies of clients' requests.
    bodies: Vec<String>,
    /// Which number stands for which of the model's epochs.
    epochs: BTreeMap<u64, Epoch>,
}

impl World {
    pub(crate) fn new(stores: &Stores, site: Site, lifetimes: Lifetimes) -> Self {
        let now = Arc::new(AtomicU64::new(0));
        let ahead = [0, site.ahead[0], site.ahead[1]];
        let server =
            |(number, &ahead)| Server::new(stores.of(number), site, lifetimes, &now, ahead);
        Self {
            ring: if stores.salt == 0 { Ring::alone() } else { Arc::new(Ring::new(stores.salt)) },
            servers: ahead[..usize::from(SERVERS)].iter().enumerate().map(server).collect(),
            jars: vec![Jar::default(); usize::from(BROWSERS)],
            nuts: Vec::new(),
            sent: Vec::new(),
            waits: Vec::new(),
            urls: Vec::new(),
            bodies: Vec::new(),
            epochs: BTreeMap::new(),
            stores: stores.clone(),
            began: Instant::now(),
            now,
        }
    }

    /// Does it, and says what was to be seen. `hint` is the epoch that the model expects,
    /// for the first time that one is seen.
    pub(crate) async fn perform(&mut self, step: &Step, hint: Option<Epoch>) -> Seen {
        match step {
            Step::Visit(at, browser, address, purpose, only) => {
                self.visit(*at, *browser, *address, *purpose, *only).await
            }
            Step::Renew(at, browser, address, old) => {
                let path = format!("/nut.sqrl?renew={}", self.nuts[old.0]);
                let answer = self.get(*at, *browser, *address, &path).await;
                self.linked(answer.status, &answer.body)
            }
            Step::Client(..) | Step::Collect(..) => {
                let answer = self.call(step).await;
                self.read(step, answer, hint).await
            }
            Step::Race(..) => unreachable!("its two steps are called and read apart"),
            Step::Poll(at, browser, link) => {
                let path = format!("/pag.sqrl?nut={}", self.nuts[link.0]);
                let answer = self.get(*at, *browser, Address(0), &path).await;
                self.heard(&answer, *link)
            }
            Step::Follow(at, browser, url) => {
                let path = format!("/cps.sqrl?{}", self.urls[url.0]);
                followed(&self.get(*at, *browser, Address(0), &path).await)
            }
            Step::Question(at, browser) => {
                let answer = self.get(*at, *browser, Address(0), "/cps.sqrl").await;
                Self::question(&answer)
            }
            Step::Confirm(at, browser, url, same_origin) => {
                self.confirm(*at, *browser, *url, *same_origin).await
            }
            Step::Land(at, browser) => {
                let answer = self.get(*at, *browser, Address(0), "/signed-in").await;
                self.signed_in(answer.sign_in, hint)
            }
            Step::Pass(seconds) => {
                self.pass(*seconds).await;
                Seen::Nothing
            }
            Step::Account(at, key, user) => {
                let idk = protocol::Idk::from_bytes(*self.ring.key(*key).idk().as_bytes());
                let sqrl = &self.server(*at).sqrl;
                let done = match user {
                    Some(user) => sqrl.link(&idk, name(*user)).await,
                    None => sqrl.unlink(&idk).await,
                };
                Seen::Account(done.is_ok())
            }
        }
    }

    /// Both first halves at the same instant.
    pub(crate) async fn call_both(&self, both: &[Step; 2], turns: u8) -> [Called; 2] {
        let (one, other) = (self.call(&both[0]), self.call(&both[1]));
        with_turns(turns, async { tokio::join!(one, other) }).await.into()
    }

    /// The first half of what a client or a collecting page does: the server answers.
    async fn call(&self, step: &Step) -> Called {
        match step {
            Step::Client(at, address, asked, replayed) => {
                let body = match replayed {
                    Some(number) => self.bodies[*number].clone(),
                    None => craft::body(&self.ring, asked, &self.sent),
                };
                let path = match asked.nut {
                    Asked::Nut(nut) => format!("/cli.sqrl?nut={}", self.nuts[nut.0]),
                    Asked::MadeUp => "/cli.sqrl?nut=AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
                    Asked::Nothing => "/cli.sqrl".to_owned(),
                };
                let headers = HeaderMap::new();
                let sent = request(Method::POST, &path, headers, body.clone(), *address);
                Called { body, answer: self.server(*at).answer(sent).await }
            }
            Step::Collect(at, browser, link) => {
                let path = format!("/signed-in?nut={}", self.nuts[link.0]);
                let headers = self.jars[usize::from(browser.0)].headers();
                let sent = request(Method::GET, &path, headers, String::new(), Address(0));
                Called { body: String::new(), answer: self.server(*at).answer(sent).await }
            }
            _ => unreachable!("only these two are called apart"),
        }
    }

    /// The second half: what was to be seen.
    pub(crate) async fn read(&mut self, step: &Step, called: Called, hint: Option<Epoch>) -> Seen {
        let Called { body, answer } = called;
        if let Step::Collect(_, browser, _) = step {
            self.jars[usize::from(browser.0)].take(&answer.headers);
            return self.signed_in(answer.sign_in, hint);
        }
        self.bodies.push(body);
        self.replied(answer).await
    }

    async fn pass(&mut self, seconds: Seconds) {
        self.stores.time.pass(Duration::from_secs(seconds)).await;
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Whether more time has passed by itself than any expectation allows for.
    pub(crate) fn is_late(&self) -> bool {
        let passed = Duration::from_secs(self.now.load(Ordering::Relaxed));
        self.stores.time.late(self.began.elapsed(), passed) >= LATE
    }

    fn server(&self, server: crate::words::Server) -> &Server {
        &self.servers[usize::from(server.0)]
    }

    /// A browser asks for an address, with its cookies.
    async fn get(
        &mut self,
        at: crate::words::Server,
        browser: Browser,
        address: Address,
        path: &str,
    ) -> Answer {
        let headers = self.jars[usize::from(browser.0)].headers();
        self.ask(at, browser, request(Method::GET, path, headers, String::new(), address)).await
    }

    async fn ask(
        &mut self,
        at: crate::words::Server,
        browser: Browser,
        request: http::Request<http_body_util::Full<bytes::Bytes>>,
    ) -> Answer {
        let answer = self.server(at).answer(request).await;
        self.jars[usize::from(browser.0)].take(&answer.headers);
        answer
    }

    fn wait(&self, wait: Wait) -> &WaitId {
        &self.waits[wait.0]
    }
}

/// Everything happens at whole seconds of the model: what a real store takes longer must not
/// add up to the next.
const LATE: Duration = Duration::from_millis(950);
