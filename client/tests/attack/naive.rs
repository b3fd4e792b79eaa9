//! A small SQRL server that does no more than it must, and each of whose guards can be left
//! out. Not for use: it exists to be broken.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

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
    AnybodyGoesOn, BurnsFirst, ForgetsSuperseded, HasNoCps, LeadsOn, RemembersTheQuery, ReusesNuts,
    SkipsAddress, SkipsIds, SkipsPids, SkipsServer, SkipsUrs, SkipsUrsInPlace, TakesMadeUpNuts,
    TakesNobodyNew, TakesThePresentedVuk, TakesWeakKeys, TrustsPidkInPlace,
};

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
    /// Who has signed in, by the link's nut.
    pub(crate) outcomes: HashMap<String, String>,
    /// The same by the CPS URL's id, with the link's nut.
    pub(crate) urls: HashMap<String, (String, String)>,
}

#[derive(Clone)]
struct Chain {
    link: String,
    server: String,
    address: IpAddr,
    idk: Option<String>,
}

#[derive(Clone)]
struct Identity {
    suk: String,
    vuk: String,
    disabled: bool,
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

    /// A new link, and its nut.
    pub(crate) fn link(&mut self, address: IpAddr) -> (String, String) {
        let nut = random();
        let link = format!("{}/cli.sqrl?nut={nut}", self.origin.replace("http", "qrl"));
        let chain = Chain { link: nut.clone(), server: encode(&link), address, idk: None };
        self.nuts.insert(nut.clone(), chain);
        (link, nut)
    }

    /// Answers a client's request.
    pub(crate) fn answer(&mut self, nut: &str, address: IpAddr, body: &str) -> String {
        let form = Form::decode(body);
        let server = form.get("server").unwrap_or_default().to_owned();
        let mut chain = self.nuts.get(nut).cloned();
        if chain.is_none() && self.has(TakesMadeUpNuts) {
            let (link, server) = (nut.to_owned(), server.clone());
            chain = Some(Chain { link, server, address, idk: None });
        }
        if self.has(BurnsFirst) {
            self.nuts.remove(nut);
        }
        let Some(client) = self.verified(&form) else { return reply("c0", &random(), "") };
        let Some(mut chain) = chain else { return reply("60", &random(), "") };
        let idk = client.get("idk").unwrap_or_default().to_owned();
        if chain.server != server && !self.has(SkipsServer) {
            return reply("c4", &random(), "");
        }
        if chain.address != address && !self.has(SkipsAddress) {
            return reply("40", &random(), "");
        }
        let another = chain.idk.as_ref().is_some_and(|first| *first != idk);
        if another && !self.has(AnybodyGoesOn) && !self.has(RemembersTheQuery) {
            return reply("1c4", &random(), "");
        }
        if !self.has(ReusesNuts) {
            self.nuts.remove(nut);
        }
        let meant = match &chain.idk {
            Some(queried) if self.has(RemembersTheQuery) => queried.clone(),
            _ => idk.clone(),
        };
        chain.idk = Some(meant.clone());
        let (tif, more) = self.decide(&form, &client, &meant, &chain.link);
        let next = random();
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
        idk: &str,
        link: &str,
    ) -> (&'static str, String) {
        let command = client.get("cmd").unwrap_or_default();
        let proved = form.get("pids").is_some() || self.has(SkipsPids);
        if let Some(whom) = self.led_astray(command, client) {
            return ("5", self.sign_in(client, &whom, link));
        }
        if self.superseded.contains(idk) && !self.has(ForgetsSuperseded) {
            return (if command == "query" { "204" } else { "244" }, String::new());
        }
        let pidk = client.get("pidk").filter(|pidk| proved && self.people.contains_key(*pidk));
        let pidk = pidk.map(str::to_owned);
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
                if !is_current {
                    let Some((suk, vuk)) = keys else { return ("c4", String::new()) };
                    if let Some(old) = whose {
                        self.people.remove(&old);
                        self.successors.insert(old.clone(), idk.to_owned());
                        self.superseded.insert(old);
                    }
                    self.people.insert(idk.to_owned(), Identity { suk, vuk, disabled: false });
                }
                ("5", self.sign_in(client, idk, link))
            }
            (_, None) => ("44", String::new()),
            ("disable", Some(whose)) => {
                self.people.get_mut(&whose).expect("found").disabled = true;
                (if is_current { "d" } else { "e" }, suk)
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
    fn sign_in(&mut self, client: &List, idk: &str, link: &str) -> String {
        let cps = client.get("opt").is_some_and(|opt| opt.split('~').any(|word| word == "cps"));
        if !cps || self.has(HasNoCps) {
            self.outcomes.insert(link.to_owned(), idk.to_owned());
            return String::new();
        }
        let id = random();
        let url = format!("url={}/cps?{id}\r\n", self.origin);
        self.urls.insert(id, (idk.to_owned(), link.to_owned()));
        url
    }
}

fn reply(tif: &str, nut: &str, more: &str) -> String {
    encode(format!("ver=1\r\nnut={nut}\r\ntif={tif}\r\nqry=/cli.sqrl?nut={nut}\r\n{more}"))
}
