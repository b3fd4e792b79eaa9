//! The real thing: servers over shared stores, browsers, and the keys of everybody.

mod craft;
mod jar;
mod last;
mod ring;
mod server;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::header::{HeaderName, LOCATION};
use http::{HeaderMap, HeaderValue, Method};
use tower_sqrl::identity::{IdentityStore, MemoryIdentityStore};
use tower_sqrl::protocol::{self, Ask};
use tower_sqrl::store::{MemoryNutStore, NutState, NutStore, WaitId};
use tower_sqrl::{LinkOptions, NotSignedIn as Refusal, SignInResult};
use tower_sqrl_client::{base64url, wire};

use self::jar::Jar;
use self::ring::Ring;
use self::server::{Answer, ORIGIN, Server, peer, request};
use crate::director::Step;
use crate::history::{Purpose, Site};
use crate::seen::Seen;
use crate::spec::{
    Asked, Followed, Heard, Lifetimes, NotSignedIn, Question, Reply, Request, SignIn,
};
use crate::words::{
    Address, BROWSERS, Browser, Cps, Epoch, Key, Nut, SERVERS, Seconds, User, Wait,
};

/// How time passes for a pair of stores.
#[async_trait]
pub trait Passing: fmt::Debug + Send + Sync {
    /// Lets it pass, no less.
    async fn pass(&self, time: Duration);
}

/// Time that passes by itself, so that one has to wait for it.
#[derive(Debug)]
pub struct Real;

#[async_trait]
impl Passing for Real {
    async fn pass(&self, time: Duration) {
        // Stores count in milliseconds, and some let the last one count.
        tokio::time::sleep(time + Duration::from_millis(2)).await;
    }
}

/// Tokio's paused clock, which memory stores read.
#[derive(Debug)]
pub struct Paused;

#[async_trait]
impl Passing for Paused {
    async fn pass(&self, time: Duration) {
        tokio::time::advance(time).await;
    }
}

/// What the servers share, and its time.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Sign-ins under way.
    pub nuts: Arc<dyn NutStore>,
    /// Identities.
    pub identities: Arc<dyn IdentityStore>,
    /// Their clock.
    pub time: Arc<dyn Passing>,
    /// Other people's keys for every history that shares the stores; 0 where none does.
    pub salt: u64,
}

impl Stores {
    /// Stores in memory, on tokio's paused clock.
    pub fn in_memory() -> Self {
        Self {
            nuts: Arc::new(MemoryNutStore::with_capacity(10_000)),
            identities: Arc::new(MemoryIdentityStore::new()),
            time: Arc::new(Paused),
            salt: 0,
        }
    }
}

/// Servers, browsers, and what was said.
#[derive(Debug)]
pub(crate) struct World {
    stores: Stores,
    ring: Arc<Ring>,
    now: Arc<AtomicU64>,
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
        let server = |ahead| Server::new(stores, site, lifetimes, &now, ahead);
        Self {
            ring: if stores.salt == 0 { Ring::alone() } else { Arc::new(Ring::new(stores.salt)) },
            servers: ahead[..usize::from(SERVERS)].iter().map(|&ahead| server(ahead)).collect(),
            jars: vec![Jar::default(); usize::from(BROWSERS)],
            nuts: Vec::new(),
            sent: Vec::new(),
            waits: Vec::new(),
            urls: Vec::new(),
            bodies: Vec::new(),
            epochs: BTreeMap::new(),
            stores: stores.clone(),
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
            Step::Client(at, address, request, replayed) => {
                let body = match replayed {
                    Some(number) => self.bodies[*number].clone(),
                    None => craft::body(&self.ring, request, &self.sent),
                };
                self.bodies.push(body.clone());
                self.client(*at, *address, request, body).await
            }
            Step::Poll(at, browser, link) => {
                let path = format!("/pag.sqrl?nut={}", self.nuts[link.0]);
                let answer = self.get(*at, *browser, Address(0), &path).await;
                self.heard(&answer, *link)
            }
            Step::Collect(at, browser, link) => {
                let path = format!("/signed-in?nut={}", self.nuts[link.0]);
                let answer = self.get(*at, *browser, Address(0), &path).await;
                self.signed_in(answer.sign_in, hint)
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

    async fn pass(&mut self, seconds: Seconds) {
        self.stores.time.pass(Duration::from_secs(seconds)).await;
        self.now.fetch_add(seconds, Ordering::Relaxed);
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

    async fn client(
        &mut self,
        at: crate::words::Server,
        address: Address,
        asked: &Request,
        body: String,
    ) -> Seen {
        let path = match asked.nut {
            Asked::Nut(nut) => format!("/cli.sqrl?nut={}", self.nuts[nut.0]),
            Asked::MadeUp => "/cli.sqrl?nut=AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            Asked::Nothing => "/cli.sqrl".to_owned(),
        };
        let sent = request(Method::POST, &path, HeaderMap::new(), body, address);
        let answer = self.server(at).answer(sent).await;
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
        let record = self.stores.nuts.get_nut(&nut, NutState::Pending).await;
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
