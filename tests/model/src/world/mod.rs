//! The real thing: servers over shared stores, browsers, and the keys of everybody.

mod craft;
mod jar;
mod last;
mod ring;
mod server;
mod stores;
mod stutter;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::header::{HeaderName, LOCATION};
use http::{HeaderMap, HeaderValue, Method};
use tower_sqrl::protocol::{self, Ask};
use tower_sqrl::store::{NutState, WaitId};
use tower_sqrl::{LinkOptions, NotSignedIn as Refusal, SignInResult};
use tower_sqrl_client::{base64url, wire};

use self::jar::Jar;
use self::ring::Ring;
use self::server::{Answer, ORIGIN, Server, peer, request};
pub use self::stores::{Passing, Paused, Real, Stores};
use self::stutter::with_turns;
use crate::director::Step;
use crate::history::{Purpose, Site};
use crate::seen::Seen;
use crate::spec::{Asked, Followed, Heard, Lifetimes, NotSignedIn, Question, Reply, SignIn};
use crate::words::{
    Address, BROWSERS, Browser, Cps, Epoch, Key, Nut, SERVERS, Seconds, User, Wait,
};

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
                Seen::Link(Some(self.visit(*at, *browser, *address, *purpose, *only).await))
            }
            Step::Renew(at, browser, address, old) => {
                let path = format!("/nut.sqrl?renew={}", self.nuts[old.0]);
                let answer = self.get(*at, *browser, *address, &path).await;
                Seen::Link((answer.status == 200).then(|| self.link(&answer.body)))
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
                self.question(&answer)
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

    async fn visit(
        &mut self,
        at: crate::words::Server,
        browser: Browser,
        address: Address,
        purpose: Purpose,
        only: Option<Key>,
    ) -> Nut {
        let text = if purpose == Purpose::Anybody {
            self.get(at, browser, address, "/nut.sqrl").await.body
        } else {
            let mut options = LinkOptions::default();
            if purpose == Purpose::Question {
                options = options.ask(Ask::new("Really?").expect("a short question"));
            }
            if let Some(only) = only {
                let idk = *self.ring.key(only).idk().as_bytes();
                options = options.only_for(protocol::Idk::from_bytes(idk));
            }
            let mut extensions = http::Extensions::new();
            extensions.insert(peer(address));
            let headers = self.jars[usize::from(browser.0)].headers();
            let challenge = self.server(at).sqrl.challenge(&headers, &extensions, options).await;
            let challenge = challenge.expect("a link");
            let text = format!("nut={}", challenge.nut());
            let response = challenge.attach_to(http::Response::new(()));
            self.jars[usize::from(browser.0)].take(response.headers());
            text
        };
        let nut = self.link(&text);
        let wait = self.jars[usize::from(browser.0)].wait(&self.nuts[nut.0]);
        self.waits.push(wait.expect("a cookie for the link"));
        nut
    }

    /// Files a new link.
    fn link(&mut self, text: &str) -> Nut {
        let nut = text.strip_prefix("nut=").expect("a nut").to_owned();
        self.sent.push(base64url::encode(format!("sqrl://example.com/cli.sqrl?nut={nut}")));
        self.nuts.push(nut);
        Nut(self.nuts.len() - 1)
    }

    async fn replied(&mut self, answer: Answer) -> Seen {
        let reply = match wire::Reply::parse(&answer.body) {
            Ok(reply) if answer.status == 200 && reply.departures().is_empty() => reply,
            _ => return Seen::Strange(format!("{answer:?}")),
        };
        let (nut, raw) = (reply.nut, reply.raw);
        if reply.qry != format!("/cli.sqrl?nut={nut}") || reply.can.or(reply.sin).is_some() {
            return Seen::Strange(answer.body);
        }
        let suk = reply.suk.map(|suk| self.ring.lock_of(suk.as_bytes()));
        let url = reply.url.map(|url| url.strip_prefix(CPS).map(str::to_owned));
        let (Some(suk), Some(url)) = (transposed(suk), transposed(url)) else {
            return Seen::Strange(answer.body);
        };
        let url = url.map(|id| {
            self.urls.push(id);
            Cps(self.urls.len() - 1)
        });
        let tif = u16::try_from(reply.tif.0).expect("only defined flags");
        let live = self.is_live(&nut).await;
        self.nuts.push(nut);
        self.sent.push(raw);
        let nut = Nut(self.nuts.len() - 1);
        Seen::Reply(Reply { tif, nut, suk, ask: reply.ask.is_some(), url }, live)
    }

    /// Whether a nut is in the store. A look, which changes nothing.
    async fn is_live(&self, nut: &str) -> bool {
        let Some(nut) = protocol::Nut::parse(nut) else { return false };
        let record = self.stores.of(0).0.get_nut(&nut, NutState::Pending).await;
        record.expect("a store that works").is_some()
    }

    fn heard(&self, answer: &Answer, link: Nut) -> Seen {
        let there = format!("{ORIGIN}/signed-in?nut={}", self.nuts[link.0]);
        Seen::Heard(match (answer.status.as_u16(), &*answer.body) {
            (200, url) if url == there => Heard::Ready,
            (404, "pending") => Heard::Pending,
            (410, "taken-over") => Heard::TakenOver,
            (410, "collected") => Heard::Collected,
            (410, "expired") => Heard::Expired,
            _ => return Seen::Strange(format!("{answer:?}")),
        })
    }

    fn signed_in(&mut self, result: Option<SignInResult>, hint: Option<Epoch>) -> Seen {
        let Some(SignInResult(result)) = result else {
            return Seen::Strange("the application was told nothing".to_owned());
        };
        let sign_in = match result {
            Ok(sign_in) => sign_in,
            Err(Refusal::Nothing) => return Seen::SignIn(Err(NotSignedIn::Nothing)),
            Err(Refusal::Outdated) => return Seen::SignIn(Err(NotSignedIn::Outdated)),
            Err(other) => return Seen::Strange(other.to_string()),
        };
        let Some(key) = self.ring.key_of(sign_in.idk().as_bytes()) else {
            return Seen::Strange("somebody unknown has signed in".to_owned());
        };
        Seen::SignIn(Ok(SignIn {
            key,
            epoch: self.epoch(sign_in.epoch().get(), hint),
            user: sign_in.user().and_then(|user| user_named(user.as_str())),
            sqrlonly: sign_in.sqrlonly(),
            hardlock: sign_in.hardlock(),
            button: sign_in.button().map(protocol::Button::digit),
        }))
    }

    /// The model's epoch for that number: the one that it was called before, or the expected.
    fn epoch(&mut self, number: u64, expected: Option<Epoch>) -> Epoch {
        let is_new = expected.filter(|it| !self.epochs.values().any(|known| known == it));
        match (self.epochs.get(&number), is_new) {
            (Some(known), _) => *known,
            (None, Some(expected)) => {
                self.epochs.insert(number, expected);
                expected
            }
            (None, None) => Epoch(u32::MAX),
        }
    }

    fn question(&self, answer: &Answer) -> Seen {
        if answer.status == 410 {
            return Seen::Question(Question::Gone);
        }
        let shows = |text: &str| answer.body.contains(text);
        let account = [0, 1].map(User).into_iter().find(|&user| shows(&name(user)));
        let mut new = self.ring.idks().filter(|(_, idk)| shows(&idk.to_string()[..6]));
        match (answer.status.as_u16(), account, new.next()) {
            (200, Some(user), None) => Seen::Question(Question::Account(user)),
            (200, None, Some((key, _))) => Seen::Question(Question::New(key)),
            _ => Seen::Strange(format!("{answer:?}")),
        }
    }

    async fn confirm(
        &mut self,
        at: crate::words::Server,
        browser: Browser,
        url: Option<Cps>,
        same_origin: bool,
    ) -> Seen {
        let id = url.map_or("AAAAAAAAAAAAAAAAAAAAAA", |url| &self.urls[url.0]);
        let body = format!("id={id}");
        let mut headers = self.jars[usize::from(browser.0)].headers();
        let site = if same_origin { "same-origin" } else { "cross-site" };
        headers.insert(HeaderName::from_static("sec-fetch-site"), HeaderValue::from_static(site));
        let sent = request(Method::POST, "/cps.sqrl", headers, body, Address(0));
        let answer = self.ask(at, browser, sent).await;
        match (answer.status.as_u16(), location(&answer)) {
            (303, Some("/signed-in")) => Seen::Confirmed(true),
            (403 | 410, None) => Seen::Confirmed(false),
            _ => Seen::Strange(format!("{answer:?}")),
        }
    }

    fn wait(&self, wait: Wait) -> &WaitId {
        &self.waits[wait.0]
    }
}

/// Everything happens at whole seconds of the model: what a real store takes longer must not
/// add up to the next.
const LATE: Duration = Duration::from_millis(950);

/// What stands before the id in a CPS URL.
const CPS: &str = "https://example.com/cps.sqrl?";

/// Nothing, or something that is known; none for what is not.
#[allow(clippy::option_option, reason = "that is what it sorts out")]
fn transposed<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}

fn location(answer: &Answer) -> Option<&str> {
    answer.headers.get(LOCATION)?.to_str().ok()
}

fn followed(answer: &Answer) -> Seen {
    Seen::Followed(match (answer.status.as_u16(), location(answer)) {
        (303, Some("/signed-in")) => Followed::Go,
        (303, Some("/cps.sqrl")) => Followed::Ask,
        (303, Some("/cps.sqrl?gone")) => Followed::Told("gone"),
        (303, Some("/cps.sqrl?disabled")) => Followed::Told("disabled"),
        (303, Some("/cps.sqrl?enabled")) => Followed::Told("enabled"),
        (303, Some("/cps.sqrl?removed")) => Followed::Told("removed"),
        _ => return Seen::Strange(format!("{answer:?}")),
    })
}

/// An account's name.
fn name(user: User) -> String {
    format!("account-{}", user.0)
}

fn user_named(name: &str) -> Option<User> {
    name.strip_prefix("account-")?.parse().ok().map(User)
}
