//! Requests as a client makes them: built, signed, and read and verified by the real thing.

use std::sync::LazyLock;

use ed25519_dalek::{Signer as _, SigningKey};

use tower_sqrl_core::protocol::{Command, Idk, Request, Suk, UnverifiedRequest, Vuk, base64url};

/// The key pairs of the first numbers. Made once: that is most of the work.
static PAIRS: LazyLock<[SigningKey; 6]> = LazyLock::new(|| {
    std::array::from_fn(|seed| SigningKey::from_bytes(&[u8::try_from(seed).expect("small"); 32]))
});

fn key(seed: u8) -> &'static SigningKey {
    &PAIRS[usize::from(seed)]
}

/// Seeds of everybody's keys.
pub(super) mod seed {
    pub(crate) const IDK: u8 = 1;
    pub(crate) const PIDK: u8 = 2;
    /// Unlocks the identity that is live under [`IDK`].
    pub(crate) const UNLOCKS_IDK: u8 = 3;
    /// Unlocks the identity that is live under [`PIDK`].
    pub(crate) const UNLOCKS_PIDK: u8 = 4;
    /// Made by the client for this very request.
    pub(crate) const NEW: u8 = 5;
}

pub(super) fn idk(seed: u8) -> Idk {
    Idk::from_bytes(key(seed).verifying_key().to_bytes())
}

pub(super) fn vuk(seed: u8) -> Vuk {
    Vuk::from_bytes(key(seed).verifying_key().to_bytes())
}

/// The server never computes with a `suk`: any bytes that tell whose it is.
pub(super) fn suk(seed: u8) -> Suk {
    Suk::from_bytes([0x80 | seed; 32])
}

/// A `pidk`, and whether its owner signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pidk {
    None,
    Unsigned,
    Signed,
    /// The request's own identity key once more.
    OwnIdk,
}

/// Which of `suk` and `vuk` come along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    Both,
    OnlySuk,
    OnlyVuk,
    None,
}

/// Whose `urs` comes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urs {
    Missing,
    Garbage,
    /// The owner's of this key, over this request.
    By(u8),
    /// The same owner's, over another request.
    ReplayedBy(u8),
}

/// What a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) command: Command,
    pub(super) pidk: Pidk,
    pub(super) keys: Keys,
    pub(super) urs: Urs,
    pub(super) asks_suk: bool,
    pub(super) sqrlonly: bool,
    pub(super) hardlock: bool,
}

impl Sent {
    pub(super) const fn bare(command: Command) -> Self {
        Self {
            command,
            pidk: Pidk::None,
            keys: Keys::None,
            urs: Urs::Missing,
            asks_suk: false,
            sqrlonly: false,
            hardlock: false,
        }
    }

    fn list(self) -> String {
        let mut list = format!("ver=1\r\ncmd={}\r\nidk={}\r\n", self.command, idk(seed::IDK));
        match self.pidk {
            Pidk::None => {}
            Pidk::Unsigned | Pidk::Signed => list += &format!("pidk={}\r\n", idk(seed::PIDK)),
            Pidk::OwnIdk => list += &format!("pidk={}\r\n", idk(seed::IDK)),
        }
        if matches!(self.keys, Keys::Both | Keys::OnlySuk) {
            list += &format!("suk={}\r\n", suk(seed::NEW));
        }
        if matches!(self.keys, Keys::Both | Keys::OnlyVuk) {
            list += &format!("vuk={}\r\n", vuk(seed::NEW));
        }
        let opt =
            [(self.asks_suk, "suk"), (self.sqrlonly, "sqrlonly"), (self.hardlock, "hardlock")];
        let opt = opt.into_iter().filter_map(|(on, word)| on.then_some(word)).collect::<Vec<_>>();
        if !opt.is_empty() {
            list += &format!("opt={}\r\n", opt.join("~"));
        }
        list
    }

    /// Signs it, and takes it in as the server does.
    pub(super) fn request(self) -> Request {
        let client = base64url::encode(self.list());
        let server = base64url::encode("sqrl://example.com/cli.sqrl?nut=AAAAAAAAAAAAAAAAAAAAAA");
        let message = format!("{client}{server}");
        let sign = |seed: u8, message: &str| {
            base64url::encode(key(seed).sign(message.as_bytes()).to_bytes())
        };
        let mut body = format!("client={client}&server={server}&ids={}", sign(seed::IDK, &message));
        match self.pidk {
            Pidk::None | Pidk::Unsigned => {}
            Pidk::Signed => body += &format!("&pids={}", sign(seed::PIDK, &message)),
            Pidk::OwnIdk => body += &format!("&pids={}", sign(seed::IDK, &message)),
        }
        match self.urs {
            Urs::Missing => {}
            Urs::Garbage => body += &format!("&urs={}", base64url::encode([0x0A; 64])),
            Urs::By(owner) => body += &format!("&urs={}", sign(owner, &message)),
            Urs::ReplayedBy(owner) => body += &format!("&urs={}", sign(owner, &message[1..])),
        }
        UnverifiedRequest::parse(body.as_bytes())
            .and_then(UnverifiedRequest::verify)
            .expect("a well-formed request that its owners signed")
    }
}
