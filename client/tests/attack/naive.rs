//! A small SQRL server that does no more than it must, and each of whose guards can be left
//! out. Not for use: it exists to be broken.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use tower_sqrl_client::base64url::{decode_array, encode};
use tower_sqrl_client::wire::{Form, List};

/// A guard that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hole {
    /// `ids` is not verified.
    SkipsIds,
    /// An ident signs in whom the chain's query has named; a query is not verified.
    RemembersTheQuery,
    /// `pids` is not verified.
    SkipsPids,
    /// `urs` is not verified.
    SkipsUrs,
    /// `urs` is verified with the vuk that the request brings along.
    TakesThePresentedVuk,
    /// A superseded key is as good as a new one.
    ForgetsSuperseded,
    /// A key that its owner has left signs in as whomever he is now.
    LeadsOn,
    /// An ident without new keys signs in whom an unproved pidk names.
    TrustsPidkInPlace,
    /// The identity's own enable and remove need no `urs`; a rekey does.
    SkipsUrsInPlace,
    /// The wait needs no cookie.
    TellsAnyBrowser,
    /// Asking without the cookie ends the wait.
    AnyBrowserEndsTheWait,
    /// The landing needs no cookie.
    LandsAnyBrowser,
    /// A nut is used up before its request is verified.
    BurnsFirst,
    /// Addresses are not compared.
    SkipsAddress,
    /// Whoever comes along goes on with a chain.
    AnybodyGoesOn,
    /// Nuts are not used up.
    ReusesNuts,
    /// `server` is not compared.
    SkipsServer,
    /// A nut that is not on file is as good as one that is.
    TakesMadeUpNuts,
    /// Keys of small order are keys.
    TakesWeakKeys,
    /// CPS URLs are not used up.
    ReusesCps,
    /// A CPS URL signs any browser in.
    CpsInAnyBrowser,
    /// The page that asks is confirmed by whichever site.
    AnySiteConfirms,
    /// A client at another address ends the wait with a CPS URL.
    TakesOverFromElsewhere,
    /// Its URL signs the browser that waits in at once.
    CpsFromElsewhere,
    /// An expired code is given another nut, whoever answers it.
    SecondLife,
    /// `noiptest` counts for a code that links an identity, too.
    LinksFromElsewhere,
    /// A wait that was collected by a renewed code is open to the first one.
    KeepsTheFirstCode,
    /// It soon forgets that the wait is over.
    ForgetsTheCollected,
    /// What a web page sends to the client's path is counted against its visitor.
    CountsForms,
    /// A prefetch gets a code.
    AnswersPrefetch,
    /// Images and frames of a sibling's page get codes.
    AnswersParts,
    /// A line of cookies that is not ASCII is not read.
    DropsForeignCookies,
    /// Any white space around a cookie's name is taken off.
    TrimsWide,
    /// The page that tells of a disable is shown to everybody.
    TellsByALink,
    /// `can` is passed on as it comes.
    TakesAnyCan,
    /// A long body gets a status and no reply.
    CutsLongBodies,
    /// Identities and superseded keys are not counted.
    KeepsWithoutEnd,
    /// Changes of an identity are not counted.
    WritesWithoutEnd,
    /// An address that is slowed down gets nothing done.
    SlowsTheRightOnes,
    /// No hole: codes live for some seconds.
    ShortLived,
    /// No hole: everybody's account has a page of its own.
    LandsPerUser,
    /// No hole: the pages greet, but name nobody.
    NamesNobody,
    /// No hole: what comes twice in a row is answered 503, as by a limiter of bursts.
    LimitsBursts,
    /// No hole: the page that asks has another form before its own.
    HasASearchForm,
    /// No hole: there are no CPS URLs.
    HasNoCps,
    /// No hole: nobody new is taken.
    TakesNobodyNew,
}

use Hole::{
    AnybodyGoesOn, BurnsFirst, ForgetsSuperseded, ForgetsTheCollected, HasNoCps, KeepsTheFirstCode,
    KeepsWithoutEnd, LeadsOn, LinksFromElsewhere, RemembersTheQuery, ReusesNuts, SecondLife,
    ShortLived, SkipsAddress, SkipsIds, SkipsPids, SkipsServer, SkipsUrs, SkipsUrsInPlace,
    SlowsTheRightOnes, TakesMadeUpNuts, TakesNobodyNew, TakesOverFromElsewhere,
    TakesThePresentedVuk, TakesWeakKeys, TrustsPidkInPlace, WritesWithoutEnd,
};

/// Refused requests after which an address is slowed down.
const FAILURES: usize = 120;

/// What it remembers. Keys, nuts and secrets are their texts.
#[derive(Default)]
pub(crate) struct Naive {
    holes: Vec<Hole>,
    origin: String,
    nuts: HashMap<String, Chain>,
    people: HashMap<String, Identity>,
    superseded: HashSet<String>,
    /// Who has come after a superseded key.
    successors: HashMap<String, String>,
    /// Who has signed in, by the wait, which is called after its first nut.
    pub(crate) outcomes: HashMap<String, String>,
    /// The CPS URLs, by their ids.
    pub(crate) urls: HashMap<String, CpsUrl>,
    /// Waits that a client's URL has ended.
    pub(crate) taken_over: HashSet<String>,
    /// Waits whose sign-in has arrived.
    pub(crate) collected: HashMap<String, Instant>,
    /// The account with which a wait links an identity.
    pub(crate) linking: HashMap<String, String>,
    /// The account of an identity, if it is not called after the identity.
    pub(crate) accounts: HashMap<String, String>,
    /// Requests that were refused, records, and changes, by address.
    failures: HashMap<IpAddr, usize>,
    lasting: HashMap<IpAddr, usize>,
    writes: HashMap<IpAddr, usize>,
}

#[derive(Clone)]
pub(crate) struct CpsUrl {
    pub(crate) idk: String,
    pub(crate) wait: String,
    /// Whether the client came from another address than the browser.
    pub(crate) elsewhere: bool,
    /// Whether it only tells of a disable.
    pub(crate) tells: bool,
}

#[derive(Clone)]
struct Chain {
    wait: String,
    server: String,
    address: IpAddr,
    idk: Option<String>,
    made: Instant,
}

#[derive(Clone)]
struct Identity {
    suk: String,
    vuk: String,
    disabled: bool,
    sqrlonly: bool,
}

/// What a request is decided by, besides its form.
struct Sender<'a> {
    idk: &'a str,
    wait: &'a str,
    address: IpAddr,
    elsewhere: bool,
}

pub(crate) fn random() -> String {
    encode(rand::random::<[u8; 16]>())
}

impl Naive {
    pub(crate) fn new(holes: &[Hole], origin: &str) -> Self {
        Self { holes: holes.to_vec(), origin: origin.to_owned(), ..Self::default() }
    }

    pub(crate) fn has(&self, hole: Hole) -> bool {
        self.holes.contains(&hole)
    }

    /// A new link and its nut, for a new wait or for that one.
    pub(crate) fn link(&mut self, address: IpAddr, wait: Option<&str>) -> (String, String) {
        let nut = random();
        let link = format!("{}/cli.sqrl?nut={nut}", self.origin.replace("http", "qrl"));
        let wait = wait.unwrap_or(&nut).to_owned();
        let chain = Chain { wait, server: encode(&link), address, idk: None, made: Instant::now() };
        self.nuts.insert(nut.clone(), chain);
        (link, nut)
    }

    /// Whether nobody has answered a link's nut.
    pub(crate) fn is_open(&self, nut: &str) -> bool {
        self.nuts.contains_key(nut)
    }

    /// Whether a URL is of this site, whoever reads it.
    pub(crate) fn is_own(&self, url: &str) -> bool {
        let rest = url.strip_prefix(&self.origin).filter(|rest| rest.starts_with('/'));
        rest.is_some_and(|rest| {
            !rest[1..].starts_with(['/', '\\']) && rest.bytes().all(|b| b.is_ascii_graphic())
        })
    }

    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(if self.has(ShortLived) { 6 } else { 300 })
    }

    pub(crate) fn account(&self, idk: &str) -> String {
        self.accounts.get(idk).map_or(idk, String::as_str).to_owned()
    }

    /// Refuses, and counts it against the address.
    fn refuse(&mut self, address: IpAddr, tif: &str) -> String {
        *self.failures.entry(address).or_default() += 1;
        reply(tif, &random(), "")
    }

    /// Counts one more of what an address may leave here; `false` if that is too much.
    fn may(&mut self, what: fn(&mut Self) -> &mut HashMap<IpAddr, usize>, from: IpAddr) -> bool {
        // With one address, everything that the attacks do comes from it.
        let most = if from.is_ipv4() { 100 } else { 600 };
        let count = what(self).entry(from).or_default();
        *count += 1;
        *count <= most
    }

    /// Answers a client's request.
    pub(crate) fn answer(&mut self, nut: &str, address: IpAddr, body: &str) -> String {
        let form = Form::decode(body);
        let server = form.get("server").unwrap_or_default().to_owned();
        let mut chain = self.nuts.get(nut).cloned();
        if chain.is_none() && self.has(TakesMadeUpNuts) {
            let (wait, server) = (nut.to_owned(), server.clone());
            chain = Some(Chain { wait, server, address, idk: None, made: Instant::now() });
        }
        if self.has(BurnsFirst) {
            self.nuts.remove(nut);
        }
        let slowed = self.failures.get(&address).is_some_and(|failures| *failures > FAILURES);
        let Some(client) = self.verified(&form) else { return self.refuse(address, "c0") };
        let Some(mut chain) = chain else {
            return self.refuse(address, if slowed { "c0" } else { "60" });
        };
        if slowed && self.has(SlowsTheRightOnes) {
            return self.refuse(address, "44");
        }
        let idk = client.get("idk").unwrap_or_default().to_owned();
        if chain.server != server && !self.has(SkipsServer) {
            return self.refuse(address, "c4");
        }
        let elsewhere = chain.address != address;
        let links = self.linking.contains_key(&chain.wait) && !self.has(LinksFromElsewhere);
        if elsewhere && !self.has(SkipsAddress) && (links || !has_option(&client, "noiptest")) {
            return self.refuse(address, "40");
        }
        let another = chain.idk.as_ref().is_some_and(|first| *first != idk);
        if another && !self.has(AnybodyGoesOn) && !self.has(RemembersTheQuery) {
            return self.refuse(address, "1c4");
        }
        if !self.has(ReusesNuts) {
            self.nuts.remove(nut);
        }
        let expired = chain.made.elapsed() > self.lifetime();
        if expired && elsewhere && !self.has(SecondLife) {
            return self.refuse(address, "60");
        }
        let meant = match &chain.idk {
            Some(queried) if self.has(RemembersTheQuery) => queried.clone(),
            _ => idk.clone(),
        };
        let (tif, more) = if expired {
            (if elsewhere { "60" } else { "64" }, String::new())
        } else {
            chain.idk = Some(meant.clone());
            let wait = chain.wait.clone();
            let sender = Sender { idk: &meant, wait: &wait, address, elsewhere };
            self.decide(&form, &client, &sender)
        };
        let next = random();
        chain.made = Instant::now();
        chain.server = reply(tif, &next, &more);
        let body = chain.server.clone();
        self.nuts.insert(next, chain);
        body
    }

    /// The request's list, if the request is signed by whom it names.
    fn verified(&self, form: &Form) -> Option<List> {
        let client = List::decode(form.get("client")?).ok()?;
        let query = client.get("cmd")? == "query" && self.has(RemembersTheQuery);
        let signed = self.verifies(form, "ids", client.get("idk")?);
        let pids = match client.get("pidk") {
            Some(pidk) if form.get("pids").is_some() => self.verifies(form, "pids", pidk),
            _ => true,
        };
        let good = signed || query || self.has(SkipsIds);
        let vuk = client.get("vuk").is_none_or(|vuk| self.takes_key(vuk));
        (good && vuk && (pids || self.has(SkipsPids))).then_some(client)
    }

    fn takes_key(&self, key: &str) -> bool {
        let key = decode_array(key).ok().and_then(|key| VerifyingKey::from_bytes(&key).ok());
        key.is_some_and(|key| {
            let canonical = key.to_edwards().compress().to_bytes() == *key.as_bytes();
            self.has(TakesWeakKeys) || (canonical && !key.is_weak())
        })
    }

    fn verifies(&self, form: &Form, name: &str, key: &str) -> bool {
        let [client, server] = ["client", "server"].map(|name| form.get(name).unwrap_or_default());
        let message = format!("{client}{server}");
        let key = decode_array(key).ok().and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let signature = form.get(name).and_then(|signature| decode_array(signature).ok());
        let (Some(key), Some(signature)) = (key, signature) else { return false };
        let signature = Signature::from_bytes(&signature);
        if self.has(TakesWeakKeys) {
            return key.verify(message.as_bytes(), &signature).is_ok();
        }
        key.verify_strict(message.as_bytes(), &signature).is_ok()
    }

    /// Does what the command says; the flags and further lines of the reply.
    fn decide(
        &mut self,
        form: &Form,
        client: &List,
        sender: &Sender<'_>,
    ) -> (&'static str, String) {
        let (idk, address) = (sender.idk, sender.address);
        let command = client.get("cmd").unwrap_or_default();
        let proved = form.get("pids").is_some() || self.has(SkipsPids);
        if let Some(whom) = self.led_astray(command, client) {
            return ("5", self.sign_in(client, &whom, sender));
        }
        if self.superseded.contains(idk) && !self.has(ForgetsSuperseded) {
            return (if command == "query" { "204" } else { "244" }, String::new());
        }
        let pidk = client.get("pidk").filter(|_| proved).map(str::to_owned);
        let stranger = pidk.clone().filter(|pidk| {
            pidk != idk && !self.people.contains_key(pidk) && !self.superseded.contains(pidk)
        });
        let pidk = pidk.filter(|pidk| self.people.contains_key(pidk));
        let current = self.people.get(idk).cloned();
        let whose = if current.is_some() { Some(idk.to_owned()) } else { pidk.clone() };
        let found = whose.as_ref().and_then(|whose| self.people.get(whose)).cloned();
        let new_vuk = client.get("vuk").filter(|_| self.has(TakesThePresentedVuk));
        let unlocked = found.as_ref().is_some_and(|found| {
            self.has(SkipsUrs) || self.verifies(form, "urs", new_vuk.unwrap_or(&found.vuk))
        });
        let suk = found.as_ref().map(|found| format!("suk={}\r\n", found.suk)).unwrap_or_default();
        let keys = client.get("suk").zip(client.get("vuk"));
        let keys = keys.map(|(suk, vuk)| (suk.to_owned(), vuk.to_owned()));
        let is_current = current.is_some();
        let disabled = found.as_ref().is_some_and(|found| found.disabled);
        match (command, whose) {
            ("query", None) => ("4", String::new()),
            ("query", Some(_)) => match (is_current, disabled) {
                (true, false) => ("5", suk),
                (true, true) => ("d", suk),
                (false, false) => ("6", suk),
                (false, true) => ("e", suk),
            },
            ("ident", Some(_)) if is_current && disabled => ("4d", suk),
            ("ident", Some(_)) if !is_current && (!unlocked || keys.is_none()) => ("c6", suk),
            ("ident", None) if self.has(TakesNobodyNew) => ("44", String::new()),
            ("ident", whose) => {
                let records = usize::from(!is_current) + usize::from(stranger.is_some());
                for _ in 0..records {
                    if !self.may(|naive| &mut naive.lasting, address) && !self.has(KeepsWithoutEnd)
                    {
                        return ("44", String::new());
                    }
                }
                let sqrlonly = has_option(client, "sqrlonly");
                if current.is_some_and(|current| current.sqrlonly != sqrlonly)
                    && !self.may(|naive| &mut naive.writes, address)
                    && !self.has(WritesWithoutEnd)
                {
                    return ("44", String::new());
                }
                self.superseded.extend(stranger);
                if !is_current {
                    let Some((suk, vuk)) = keys else { return ("c4", String::new()) };
                    if let Some(old) = whose {
                        self.people.remove(&old);
                        self.successors.insert(old.clone(), idk.to_owned());
                        self.superseded.insert(old);
                    }
                    let new = Identity { suk, vuk, disabled: false, sqrlonly };
                    self.people.insert(idk.to_owned(), new);
                }
                self.people.get_mut(idk).expect("known by now").sqrlonly = sqrlonly;
                ("5", self.sign_in(client, idk, sender))
            }
            (_, None) => ("44", String::new()),
            ("disable", Some(whose)) => {
                self.people.get_mut(&whose).expect("found").disabled = true;
                let url = self.url(client, &whose, sender, true).unwrap_or_default();
                (if is_current { "d" } else { "e" }, url + &suk)
            }
            (_, Some(_)) if !(unlocked || is_current && self.has(SkipsUrsInPlace)) => {
                (if is_current { "c5" } else { "c6" }, suk)
            }
            ("enable", Some(whose)) => {
                self.people.get_mut(&whose).expect("found").disabled = false;
                (if is_current { "5" } else { "6" }, suk)
            }
            (_, Some(whose)) => {
                self.people.remove(&whose);
                self.accounts.remove(&whose);
                ("4", String::new())
            }
        }
    }

    /// Whom an ident signs in by its pidk alone.
    fn led_astray(&self, command: &str, client: &List) -> Option<String> {
        let previous = client.get("pidk").filter(|_| command == "ident")?;
        if self.has(LeadsOn) {
            return self.successors.get(previous).cloned();
        }
        let in_place = self.has(TrustsPidkInPlace) && client.get("suk").is_none();
        (in_place && self.people.contains_key(previous)).then(|| previous.to_owned())
    }

    /// The outcome: at a URL of its own, or for the page that waits.
    fn sign_in(&mut self, client: &List, idk: &str, sender: &Sender<'_>) -> String {
        let Sender { wait, elsewhere, .. } = *sender;
        let Some(url) = self.url(client, idk, sender, false) else {
            let ago = self.collected.get(wait).map(Instant::elapsed);
            let forgotten = ago.is_some_and(|ago| ago > Duration::from_secs(2));
            let over = ago.is_some() && !(forgotten && self.has(ForgetsTheCollected));
            if !over || self.has(KeepsTheFirstCode) {
                self.outcomes.insert(wait.to_owned(), idk.to_owned());
            }
            return String::new();
        };
        if !elsewhere || self.has(TakesOverFromElsewhere) {
            self.taken_over.insert(wait.to_owned());
        }
        url
    }

    /// A CPS URL's line, if the client asks for one.
    fn url(&mut self, client: &List, idk: &str, from: &Sender<'_>, tells: bool) -> Option<String> {
        if !has_option(client, "cps") || self.has(HasNoCps) {
            return None;
        }
        let (idk, wait, elsewhere) = (idk.to_owned(), from.wait.to_owned(), from.elsewhere);
        let id = random();
        let line = format!("url={}/cps?{id}\r\n", self.origin);
        self.urls.insert(id, CpsUrl { idk, wait, elsewhere, tells });
        Some(line)
    }
}

fn has_option(client: &List, option: &str) -> bool {
    client.get("opt").is_some_and(|opt| opt.split('~').any(|word| word == option))
}

/// What is counted for nothing.
pub(crate) fn dead_end() -> String {
    reply("c0", &random(), "")
}

fn reply(tif: &str, nut: &str, more: &str) -> String {
    encode(format!("ver=1\r\nnut={nut}\r\ntif={tif}\r\nqry=/cli.sqrl?nut={nut}\r\n{more}"))
}
