//! The decision alone, on a verified request and looked-up keys.

use divan::{Bencher, black_box};
use tower_sqrl::bench::decide;
use tower_sqrl::identities::{Change, Epoch, Identity, KeyState, Lookup, Version};
use tower_sqrl::protocol::{Idk, Request, Suk, UnverifiedRequest, Vuk, base64url};
use tower_sqrl_client::keys::{Iuk, Rlk, SiteKey, UnlockPair, UrsKey};
use tower_sqrl_client::wire::{ClientParams, Command, Form};

/// A user whose identity the site stores, and the key that replaces it.
struct User {
    iuk: Iuk,
    key: SiteKey,
    next: SiteKey,
    stored: UnlockPair,
}

impl User {
    fn new() -> Self {
        let iuk = Iuk::from_bytes([9; 32]);
        let stored = UnlockPair::from_rlk(&iuk.ilk(), &Rlk::from_bytes([7; 32]));
        Self { iuk, key: SiteKey::from_seed(&[7; 32]), next: SiteKey::from_seed(&[8; 32]), stored }
    }

    fn live(&self) -> KeyState {
        let suk = Suk::from_bytes(*self.stored.suk.as_bytes());
        let vuk = Vuk::from_bytes(*self.stored.vuk.as_bytes());
        let mut identity = Identity::new(suk, vuk, Epoch::new(1), Version::new(1));
        identity.user = Some("ada".into());
        KeyState::Live(identity)
    }

    /// Returns a command of the current identity, with unlock keys for a site that does not store it yet.
    fn command(&self, command: &Command) -> Request {
        let params = ClientParams::new(command, self.key.idk()).with_pair(&self.stored);
        verified(&form(&params).signed("ids", &self.key))
    }

    /// Returns an `ident` that replaces the current key with the next.
    fn rekey(&self) -> Request {
        let pair = UnlockPair::from_rlk(&self.iuk.ilk(), &Rlk::from_bytes([8; 32]));
        let params = ClientParams::new(&Command::Ident, self.next.idk())
            .with("pidk", &self.key.idk().to_string())
            .with_pair(&pair);
        let urs = UrsKey::derive(&self.iuk, &self.stored.suk).unwrap();
        let form = form(&params).signed("ids", &self.next).signed("pids", &self.key);
        verified(&form.signed("urs", &urs))
    }
}

fn form(params: &ClientParams) -> Form {
    let link = "sqrl://example.com/cli.sqrl?nut=AAAAAAAAAAAAAAAAAAAAAA";
    Form::new(&params.encode(), &base64url::encode(link))
}

fn verified(form: &Form) -> Request {
    UnverifiedRequest::parse(form.encode().as_bytes()).unwrap().verify().unwrap()
}

fn idk(key: &SiteKey) -> Idk {
    Idk::from_bytes(*key.idk().as_bytes())
}

/// Measures one case, after checking that the decision has the expected flags and writes the expected
/// keys.
fn measure(bencher: Bencher<'_, '_>, request: &Request, lookup: &Lookup, tif: &str, keys: &[Idk]) {
    let decided = decide(request, lookup);
    let written = decided.change().into_iter().flat_map(Change::key_writes);
    assert_eq!(decided.tif().to_string(), tif);
    assert_eq!(written.map(|write| *write.key).collect::<Vec<_>>(), keys);
    bencher.bench(|| decide(black_box(request), black_box(lookup)));
}

#[divan::bench]
fn query(bencher: Bencher<'_, '_>) {
    let user = User::new();
    let lookup = Lookup::new(user.live(), None);
    measure(bencher, &user.command(&Command::Query), &lookup, "5", &[]);
}

#[divan::bench]
fn ident(bencher: Bencher<'_, '_>) {
    let user = User::new();
    let lookup = Lookup::new(user.live(), None);
    measure(bencher, &user.command(&Command::Ident), &lookup, "5", &[]);
}

#[divan::bench]
fn ident_new(bencher: Bencher<'_, '_>) {
    let user = User::new();
    let lookup = Lookup::new(KeyState::Unknown, None);
    let written = [idk(&user.key)];
    measure(bencher, &user.command(&Command::Ident), &lookup, "5", &written);
}

/// Includes the `urs` signature, which only the decision can verify: it needs the stored key.
#[divan::bench]
fn ident_rekey(bencher: Bencher<'_, '_>) {
    let user = User::new();
    let lookup = Lookup::new(KeyState::Unknown, Some(user.live()));
    let written = [idk(&user.next), idk(&user.key)];
    measure(bencher, &user.rekey(), &lookup, "5", &written);
}
