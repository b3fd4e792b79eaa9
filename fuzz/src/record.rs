//! Bytes from a store: records of nuts and CPS ids, and the secrets sealed in them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::OnceLock;

use bytes::Bytes;
use ed25519_dalek::Signer as _;
use http::{Request, header};
use tower_sqrl::identities::Epoch;
use tower_sqrl::nuts::{
    Attachments, CpsInfo, Digest, NutInfo, Outcome, Refusal, Timestamp, WaitId,
};
use tower_sqrl::protocol::{Ask, Button, Command, Idk, Nut, base64url};
use tower_sqrl::{NotSignedIn, SignIn};

use crate::request;
use crate::site::{NOW, Site};
use crate::unstructured::Unstructured;

/// Decodes the bytes as a record, builds a record from them, and opens them as a sealed secret.
pub fn run(data: &[u8]) {
    if let Ok(info) = NutInfo::decode(data) {
        assert!(is_unambiguous(data));
        let written = info.encode();
        assert!(written.len() <= data.len(), "unknown fields are left out, none is made up");
        assert_eq!(NutInfo::decode(&written).expect("our own bytes"), info);
    }
    if let Ok(info) = CpsInfo::decode(data) {
        assert!(is_unambiguous(data));
        let written = info.encode();
        assert!(written.len() <= data.len());
        assert_eq!(CpsInfo::decode(&written).expect("our own bytes"), info);
    }
    let info = nut_info(&mut Unstructured(data));
    assert_eq!(NutInfo::decode(&info.encode()).expect("our own bytes"), info);
    let info = cps_info(&mut Unstructured(data));
    assert_eq!(CpsInfo::decode(&info.encode()).expect("our own bytes"), info);
    check_sealed(data);
}

/// Returns whether no field occurs twice and every mandatory field is known.
fn is_unambiguous(mut data: &[u8]) -> bool {
    const OPTIONAL: [u8; 6] = [10, 13, 18, 19, 20, 22];
    let mut seen = [0_u32; 256];
    let Some(1) = data.split_off_first() else { return false };
    while let Some(&tag) = data.split_off_first() {
        let (mut length, mut shift) = (0, 0);
        while let Some(&byte) = data.split_off_first() {
            length |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        if data.split_off(..length).is_none() {
            return false;
        }
        let known = (0x81..=0x95).contains(&tag) && !OPTIONAL.contains(&(tag & 0x7F));
        seen[usize::from(tag)] += u32::from(known || OPTIONAL.contains(&tag));
        if tag >= 0x80 && !known {
            return false;
        }
    }
    seen.iter().all(|&times| times < 2)
}

fn nut_info(input: &mut Unstructured<'_>) -> NutInfo {
    let created = Timestamp::from_millis(input.number());
    let chain_start = Timestamp::from_millis(input.number());
    let (ip, nut) = (ip(input), Nut::from_bytes(input.array()));
    let (wait, sent) = (WaitId::from_bytes(input.array()), Digest::from_bytes(input.array()));
    let mut info = NutInfo::first(nut, wait, ip, chain_start, sent);
    info.created = created;
    info.idk = input.maybe(|input| Idk::from_bytes(input.array()));
    info.ask = input.maybe(ask).flatten().map(Box::new);
    info.asked = input.byte() & 1 == 1;
    info.sin_sent = input.byte() & 1 == 1;
    info.same_address_only = input.byte() & 1 == 1;
    info.accepts_new = input.byte() & 1 == 1;
    info.attached = attached(input);
    info.outcome = match input.byte() % 7 {
        0 => None,
        1 => Some(Outcome::TakenOver),
        2 => Some(Outcome::Collected),
        3 => Some(Outcome::Refused(Refusal::New)),
        4 => Some(Outcome::Refused(Refusal::Disabled)),
        5 => Some(Outcome::Refused(Refusal::Superseded)),
        _ => Some(Outcome::SignedIn { epoch: Epoch::new(input.number()) }),
    };
    // Last, so that the inputs of the corpus keep their meaning.
    info.alias_of = input.maybe(|input| Box::new(Nut::from_bytes(input.array())));
    info.step = input.byte();
    info
}

fn ip(input: &mut Unstructured<'_>) -> IpAddr {
    match input.maybe(Unstructured::array::<16>) {
        Some(v6) => v6.into(),
        None => input.array::<4>().into(),
    }
}

fn cps_info(input: &mut Unstructured<'_>) -> CpsInfo {
    let commands = [Command::Ident, Command::Disable, Command::Enable, Command::Remove];
    let mut info = CpsInfo::new(
        Idk::from_bytes(input.array()),
        Epoch::new(input.number()),
        commands[usize::from(input.byte()) % commands.len()],
        ip(input),
        WaitId::from_bytes(input.array()),
    );
    info.attached = attached(input);
    info
}

fn attached(input: &mut Unstructured<'_>) -> Attachments {
    let buttons = [Button::Ok, Button::First, Button::Second, Button::Cancelled];
    let mut attached = Attachments::default();
    attached.data = input.maybe(|input| input.slice().into());
    attached.button = input.maybe(|input| buttons[usize::from(input.byte()) % buttons.len()]);
    attached.sealed = input.maybe(|input| input.slice().into());
    attached.ok_means_yes = input.byte() & 1 == 1;
    attached.same_address = input.byte() & 1 == 1;
    attached
}

fn ask(input: &mut Unstructured<'_>) -> Option<Ask> {
    let mut ask = Ask::new(std::str::from_utf8(input.slice()).ok()?).ok()?;
    for _ in 0..input.byte() % 3 {
        ask = ask.button(std::str::from_utf8(input.slice()).ok()?).ok()?;
    }
    Some(ask)
}

/// A sign-in with a sealed secret.
struct SignedIn {
    site: Site,
    outcome: NutInfo,
    sealed: Box<[u8]>,
}

const SECRET: [u8; 32] = *b"the indexed secret of the tests.";
const BROWSER: [u8; 16] = [7; 16];
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Asserts that the sign-in succeeds, with its secret, only if the sealed bytes and the identity are unchanged.
fn check_sealed(data: &[u8]) {
    static SIGNED_IN: OnceLock<SignedIn> = OnceLock::new();
    let SignedIn { site, outcome, sealed } = SIGNED_IN.get_or_init(SignedIn::new);
    let mut changed = sealed.to_vec();
    let mut idk = outcome.idk;
    match data.split_first() {
        // A short input changes the sealed bytes: each pair is a position and a mask.
        Some((mode @ 0..=1, changes)) if changes.len() < 16 => {
            for change in changes.chunks_exact(2) {
                let at = usize::from(change[0]) % changed.len();
                changed[at] ^= change[1];
            }
            idk = idk.filter(|_| *mode == 0).or(Some(other_idk()));
        }
        _ => changed = data.to_vec(),
    }
    let is_genuine = *changed == **sealed && idk == outcome.idk;
    let mut outcome = outcome.clone();
    outcome.idk = idk;
    outcome.attached.sealed = Some(changed.into());
    site.stores.records().outcomes.insert(*outcome.wait.as_nut(), outcome.clone());
    let result = collected(site, &outcome.first_nut);
    assert_eq!(result.is_ok(), is_genuine);
    if let Ok(result) = result {
        assert_eq!(Some(result.idk()), outcome.idk.as_ref());
        assert_eq!(result.ins().map(|ins| *ins.expose()), Some(SECRET));
        assert!(result.pins().is_none());
    }
}

/// Returns another known identity, in the same epoch.
fn other_idk() -> Idk {
    Idk::from_bytes(request::key(2).verifying_key().to_bytes())
}

fn collected(site: &Site, nut: &Nut) -> Result<SignIn, NotSignedIn> {
    let secret = base64url::encode(BROWSER);
    let request = Request::get(format!("/signed-in?nut={nut}"))
        .header(header::COOKIE, format!("sqrl-{nut}={secret}.9999999999"))
        .body(Bytes::new());
    let passed = site.send(HERE, request.expect("a request")).passed;
    passed.and_then(|passed| passed.sign_in).expect("a result").0
}

impl SignedIn {
    fn new() -> Self {
        let site = Site::new(|builder| builder.indexed_secret("0", [9; 32])).expect("a site");
        let nut = Nut::from_bytes([1; 16]);
        let server = "answered";
        let wait = WaitId::of_secret(&BROWSER);
        let mut link = NutInfo::first(nut, wait, HERE, NOW, Digest::of(server));
        link.sin_sent = true;
        site.stores.records().pending.insert(nut, link.clone());
        let key = |number| base64url::encode(request::key(number).verifying_key());
        let list = format!(
            "ver=1\r\ncmd=ident\r\nidk={}\r\nins={}\r\nsuk={}\r\nvuk={}\r\n",
            key(1),
            base64url::encode(SECRET),
            key(2),
            key(3),
        );
        let signed = base64url::encode(list) + &base64url::encode(server);
        let ids = base64url::encode(request::key(1).sign(signed.as_bytes()).to_bytes());
        let client = signed.strip_suffix(&base64url::encode(server)).expect("its own end");
        let body = format!("client={client}&server={}&ids={ids}", base64url::encode(server));
        let request = Request::post(format!("/cli.sqrl?nut={nut}")).body(body.into());
        site.send(HERE, request.expect("a request"));
        let known: Vec<_> = site.stores.records().keys.values().cloned().collect();
        let [alice] = known.try_into().expect("one identity");
        site.stores.records().keys.insert(other_idk(), alice);
        let outcome = site.stores.records().outcomes.get(link.wait.as_nut()).cloned();
        let outcome = outcome.expect("the outcome of an ident");
        let sealed = outcome.attached.sealed.clone().expect("a sealed secret");
        assert!(!sealed.windows(8).any(|part| SECRET.windows(8).any(|secret| secret == part)));
        Self { site, outcome, sealed }
    }
}
