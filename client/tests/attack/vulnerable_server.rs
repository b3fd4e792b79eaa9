//! A minimal SQRL server whose guards can be omitted one by one. For tests of the attacks only.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use tower_sqrl_client::base64url::{decode_array, encode};
use tower_sqrl_client::wire::{Form, List};

/// A missing guard, or a variation of the server that is no vulnerability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vulnerability {
    /// `ids` is not verified.
    SkipsIds,
    /// `query` is not verified, and `ident` signs in the identity that it named.
    TrustsQueryIdk,
    /// `pids` is not verified.
    SkipsPids,
    /// `urs` is not verified.
    SkipsUrs,
    /// `urs` is verified with the vuk of the request.
    TrustsRequestVuk,
    /// A superseded key is accepted as a new one.
    ForgetsSuperseded,
    /// A superseded key as pidk signs in its successor.
    FollowsSuccessor,
    /// `ident` without new keys signs in the identity of an unproved pidk.
    TrustsUnprovedPidk,
    /// `enable` and `remove` need no `urs`, except in a rekey.
    SkipsUrsWithoutRekey,
    /// Polling needs no cookie.
    PollsNeedNoCookie,
    /// Polling without the cookie ends the wait.
    AnyPollEndsWait,
    /// The landing page needs no cookie.
    LandingNeedsNoCookie,
    /// A nut is consumed before its request is verified.
    ConsumesBeforeVerifying,
    /// Addresses are not compared.
    SkipsAddress,
    /// Any identity may continue a chain.
    AnyIdentityContinuesChain,
    /// Nuts are not consumed.
    ReusesNuts,
    /// `server` is not compared.
    SkipsServer,
    /// An unknown nut starts a chain.
    AcceptsUnknownNuts,
    /// Keys of small order are accepted.
    AcceptsWeakKeys,
    /// CPS URLs are not consumed.
    ReusesCps,
    /// A CPS URL signs any browser in.
    CpsInAnyBrowser,
    /// A form of any site confirms a CPS URL.
    AnySiteConfirms,
    /// A CPS URL of a client at another address ends the wait.
    RemoteCpsEndsWait,
    /// A CPS URL of a client at another address signs in without confirmation.
    RemoteCpsSignsIn,
    /// An expired nut is replaced for a client at any address.
    RenewsExpiredUrls,
    /// `noiptest` is accepted on a linking page.
    LinksRemoteClients,
    /// The first SQRL URL of a page works after the sign-in with a renewed one.
    FirstUrlOutlivesSignIn,
    /// The server soon forgets that a wait is over.
    ForgetsCollectedWaits,
    /// Requests of web pages to the client's path count against the visitor's limits.
    CountsForms,
    /// A prefetch receives a nut.
    AnswersPrefetch,
    /// Images and frames of other sites receive nuts.
    AnswersSubresources,
    /// A `Cookie` header that is not ASCII is ignored.
    IgnoresNonAsciiCookies,
    /// Unicode white space around the name of a cookie is trimmed.
    TrimsUnicodeSpace,
    /// Any browser can open the page that reports a command.
    CommandPageNeedsNoCookie,
    /// Any `can` is returned.
    AcceptsAnyCan,
    /// A long body receives a status and no reply.
    CutsLongBodies,
    /// New identities and superseded keys are not limited.
    UnlimitedRecords,
    /// Changes of an identity are not limited.
    UnlimitedWrites,
    /// A limited address cannot send valid requests either.
    LimitsValidRequests,
    /// Variation: SQRL URLs live for some seconds.
    ShortLifetime,
    /// Variation: each user has an own landing page.
    LandingPagePerUser,
    /// Variation: pages do not show who is signed in.
    NamesNobody,
    /// Variation: a request that equals the last one returns 503.
    LimitsBursts,
    /// Variation: the confirmation page has another form first.
    SearchFormFirst,
    /// Variation: there are no CPS URLs.
    NoCps,
    /// Variation: new identities are rejected.
    RejectsNewIdentities,
}

use Vulnerability::{
    AcceptsUnknownNuts, AcceptsWeakKeys, AnyIdentityContinuesChain, ConsumesBeforeVerifying,
    FirstUrlOutlivesSignIn, FollowsSuccessor, ForgetsCollectedWaits, ForgetsSuperseded,
    LimitsValidRequests, LinksRemoteClients, NoCps, RejectsNewIdentities, RemoteCpsEndsWait,
    RenewsExpiredUrls, ReusesNuts, ShortLifetime, SkipsAddress, SkipsIds, SkipsPids, SkipsServer,
    SkipsUrs, SkipsUrsWithoutRekey, TrustsQueryIdk, TrustsRequestVuk, TrustsUnprovedPidk,
    UnlimitedRecords, UnlimitedWrites,
};

/// Number of refused requests after which an address is limited.
const FAILURES: usize = 120;

/// The state of the server. Keys, nuts and secrets are text.
#[derive(Default)]
pub(crate) struct VulnerableServer {
    vulnerabilities: Vec<Vulnerability>,
    origin: String,
    nuts: HashMap<String, Chain>,
    people: HashMap<String, Identity>,
    superseded: HashSet<String>,
    /// The successors of superseded keys.
    successors: HashMap<String, String>,
    /// The signed-in identity by wait. The name of a wait is its first nut.
    pub(crate) outcomes: HashMap<String, String>,
    /// CPS URLs by id.
    pub(crate) urls: HashMap<String, CpsUrl>,
    /// Waits that a CPS URL has ended.
    pub(crate) taken_over: HashSet<String>,
    /// Waits whose sign-in was collected, and when.
    pub(crate) collected: HashMap<String, Instant>,
    /// The account that a wait links an identity to.
    pub(crate) linking: HashMap<String, String>,
    /// The account by identity, if it is not named like the identity.
    pub(crate) accounts: HashMap<String, String>,
    /// Refused requests, records and changes by address.
    failures: HashMap<IpAddr, usize>,
    records: HashMap<IpAddr, usize>,
    writes: HashMap<IpAddr, usize>,
}

#[derive(Clone)]
pub(crate) struct CpsUrl {
    pub(crate) idk: String,
    pub(crate) wait: String,
    /// Whether the client came from another address than the browser.
    pub(crate) remote: bool,
    /// Whether it reports a disable instead of signing in.
    pub(crate) reports: bool,
}

#[derive(Clone)]
struct Chain {
    wait: String,
    server: String,
    address: IpAddr,
    idk: Option<String>,
    issued: Instant,
}

#[derive(Clone)]
struct Identity {
    suk: String,
    vuk: String,
    disabled: bool,
    sqrlonly: bool,
}

/// The sender of a request.
struct Sender<'a> {
    idk: &'a str,
    wait: &'a str,
    address: IpAddr,
    remote: bool,
}

pub(crate) fn random() -> String {
    encode(rand::random::<[u8; 16]>())
}

impl VulnerableServer {
    pub(crate) fn new(vulnerabilities: &[Vulnerability], origin: &str) -> Self {
        Self {
            vulnerabilities: vulnerabilities.to_vec(),
            origin: origin.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn has(&self, vulnerability: Vulnerability) -> bool {
        self.vulnerabilities.contains(&vulnerability)
    }

    /// Issues a SQRL URL and its nut, for a new wait or a given one.
    pub(crate) fn sqrl_url(&mut self, address: IpAddr, wait: Option<&str>) -> (String, String) {
        let nut = random();
        let url = format!("{}/cli.sqrl?nut={nut}", self.origin.replace("http", "qrl"));
        let wait = wait.unwrap_or(&nut).to_owned();
        let chain =
            Chain { wait, server: encode(&url), address, idk: None, issued: Instant::now() };
        self.nuts.insert(nut.clone(), chain);
        (url, nut)
    }

    /// Returns whether no client has answered a nut.
    pub(crate) fn is_open(&self, nut: &str) -> bool {
        self.nuts.contains_key(nut)
    }

    /// Returns whether a URL has the origin of this site in every browser.
    pub(crate) fn is_own(&self, url: &str) -> bool {
        let rest = url.strip_prefix(&self.origin).filter(|rest| rest.starts_with('/'));
        rest.is_some_and(|rest| {
            !rest[1..].starts_with(['/', '\\']) && rest.bytes().all(|b| b.is_ascii_graphic())
        })
    }

    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(if self.has(ShortLifetime) { 6 } else { 300 })
    }

    pub(crate) fn account(&self, idk: &str) -> String {
        self.accounts.get(idk).map_or(idk, String::as_str).to_owned()
    }

    /// Refuses a request and counts it.
    fn refuse(&mut self, address: IpAddr, tif: &str) -> String {
        *self.failures.entry(address).or_default() += 1;
        reply(tif, &random(), "")
    }

    /// Counts a record or a write of an address. Returns whether it is allowed.
    fn allows(&mut self, what: fn(&mut Self) -> &mut HashMap<IpAddr, usize>, from: IpAddr) -> bool {
        // With a single address, all attacks use it.
        let most = if from.is_ipv4() { 100 } else { 600 };
        let count = what(self).entry(from).or_default();
        *count += 1;
        *count <= most
    }

    /// Answers a request of a client.
    pub(crate) fn answer(&mut self, nut: &str, address: IpAddr, body: &str) -> String {
        let form = Form::decode(body);
        let server = form.get("server").unwrap_or_default().to_owned();
        let mut chain = self.nuts.get(nut).cloned();
        if chain.is_none() && self.has(AcceptsUnknownNuts) {
            let (wait, server) = (nut.to_owned(), server.clone());
            chain = Some(Chain { wait, server, address, idk: None, issued: Instant::now() });
        }
        if self.has(ConsumesBeforeVerifying) {
            self.nuts.remove(nut);
        }
        let is_limited = self.failures.get(&address).is_some_and(|failures| *failures > FAILURES);
        let Some(client) = self.verified(&form) else { return self.refuse(address, "c0") };
        let Some(mut chain) = chain else {
            return self.refuse(address, if is_limited { "c0" } else { "60" });
        };
        if is_limited && self.has(LimitsValidRequests) {
            return self.refuse(address, "44");
        }
        let idk = client.get("idk").unwrap_or_default().to_owned();
        if chain.server != server && !self.has(SkipsServer) {
            return self.refuse(address, "c4");
        }
        let remote = chain.address != address;
        let links = self.linking.contains_key(&chain.wait) && !self.has(LinksRemoteClients);
        if remote && !self.has(SkipsAddress) && (links || !has_option(&client, "noiptest")) {
            return self.refuse(address, "40");
        }
        let another = chain.idk.as_ref().is_some_and(|first| *first != idk);
        if another && !self.has(AnyIdentityContinuesChain) && !self.has(TrustsQueryIdk) {
            return self.refuse(address, "1c4");
        }
        if !self.has(ReusesNuts) {
            self.nuts.remove(nut);
        }
        let expired = chain.issued.elapsed() > self.lifetime();
        if expired && remote && !self.has(RenewsExpiredUrls) {
            return self.refuse(address, "60");
        }
        let meant = match &chain.idk {
            Some(queried) if self.has(TrustsQueryIdk) => queried.clone(),
            _ => idk.clone(),
        };
        let (tif, more) = if expired {
            (if remote { "60" } else { "64" }, String::new())
        } else {
            chain.idk = Some(meant.clone());
            let wait = chain.wait.clone();
            let sender = Sender { idk: &meant, wait: &wait, address, remote };
            self.decide(&form, &client, &sender)
        };
        let next = random();
        chain.issued = Instant::now();
        chain.server = reply(tif, &next, &more);
        let body = chain.server.clone();
        self.nuts.insert(next, chain);
        body
    }

    /// Returns the parameters of a request if its signatures verify.
    fn verified(&self, form: &Form) -> Option<List> {
        let client = List::decode(form.get("client")?).ok()?;
        let query = client.get("cmd")? == "query" && self.has(TrustsQueryIdk);
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
            self.has(AcceptsWeakKeys) || (canonical && !key.is_weak())
        })
    }

    fn verifies(&self, form: &Form, name: &str, key: &str) -> bool {
        let [client, server] = ["client", "server"].map(|name| form.get(name).unwrap_or_default());
        let message = format!("{client}{server}");
        let key = decode_array(key).ok().and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let signature = form.get(name).and_then(|signature| decode_array(signature).ok());
        let (Some(key), Some(signature)) = (key, signature) else { return false };
        let signature = Signature::from_bytes(&signature);
        if self.has(AcceptsWeakKeys) {
            return key.verify(message.as_bytes(), &signature).is_ok();
        }
        key.verify_strict(message.as_bytes(), &signature).is_ok()
    }

    /// Executes a command. Returns the flags and further lines of the reply.
    fn decide(
        &mut self,
        form: &Form,
        client: &List,
        sender: &Sender<'_>,
    ) -> (&'static str, String) {
        let (idk, address) = (sender.idk, sender.address);
        let command = client.get("cmd").unwrap_or_default();
        let proved = form.get("pids").is_some() || self.has(SkipsPids);
        if let Some(mistaken) = self.mistaken_identity(command, client) {
            return ("5", self.sign_in(client, &mistaken, sender));
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
        let new_vuk = client.get("vuk").filter(|_| self.has(TrustsRequestVuk));
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
            ("ident", None) if self.has(RejectsNewIdentities) => ("44", String::new()),
            ("ident", whose) => {
                let records = usize::from(!is_current) + usize::from(stranger.is_some());
                for _ in 0..records {
                    if !self.allows(|server| &mut server.records, address)
                        && !self.has(UnlimitedRecords)
                    {
                        return ("44", String::new());
                    }
                }
                let sqrlonly = has_option(client, "sqrlonly");
                if current.is_some_and(|current| current.sqrlonly != sqrlonly)
                    && !self.allows(|server| &mut server.writes, address)
                    && !self.has(UnlimitedWrites)
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
            (_, Some(_)) if !(unlocked || is_current && self.has(SkipsUrsWithoutRekey)) => {
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

    /// Returns the identity that a vulnerable server signs in because of the pidk.
    fn mistaken_identity(&self, command: &str, client: &List) -> Option<String> {
        let previous = client.get("pidk").filter(|_| command == "ident")?;
        if self.has(FollowsSuccessor) {
            return self.successors.get(previous).cloned();
        }
        let in_place = self.has(TrustsUnprovedPidk) && client.get("suk").is_none();
        (in_place && self.people.contains_key(previous)).then(|| previous.to_owned())
    }

    /// Stores a sign-in: at a CPS URL, or for the page that polls. Returns lines of the reply.
    fn sign_in(&mut self, client: &List, idk: &str, sender: &Sender<'_>) -> String {
        let Sender { wait, remote, .. } = *sender;
        let Some(url) = self.url(client, idk, sender, false) else {
            let ago = self.collected.get(wait).map(Instant::elapsed);
            let forgotten = ago.is_some_and(|ago| ago > Duration::from_secs(2));
            let over = ago.is_some() && !(forgotten && self.has(ForgetsCollectedWaits));
            if !over || self.has(FirstUrlOutlivesSignIn) {
                self.outcomes.insert(wait.to_owned(), idk.to_owned());
            }
            return String::new();
        };
        if !remote || self.has(RemoteCpsEndsWait) {
            self.taken_over.insert(wait.to_owned());
        }
        url
    }

    /// Returns the line of a CPS URL if the client asks for one.
    fn url(
        &mut self,
        client: &List,
        idk: &str,
        from: &Sender<'_>,
        reports: bool,
    ) -> Option<String> {
        if !has_option(client, "cps") || self.has(NoCps) {
            return None;
        }
        let (idk, wait, remote) = (idk.to_owned(), from.wait.to_owned(), from.remote);
        let id = random();
        let line = format!("url={}/cps?{id}\r\n", self.origin);
        self.urls.insert(id, CpsUrl { idk, wait, remote, reports });
        Some(line)
    }
}

fn has_option(client: &List, option: &str) -> bool {
    client.get("opt").is_some_and(|opt| opt.split('~').any(|word| word == option))
}

/// Returns a reply to a request that is not counted.
pub(crate) fn uncounted_reply() -> String {
    reply("c0", &random(), "")
}

fn reply(tif: &str, nut: &str, more: &str) -> String {
    encode(format!("ver=1\r\nnut={nut}\r\ntif={tif}\r\nqry=/cli.sqrl?nut={nut}\r\n{more}"))
}
