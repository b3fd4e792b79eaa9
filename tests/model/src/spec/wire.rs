//! Requests and replies.

use crate::history::{Command, Options};
use crate::values::{CpsUrl, Key, Lock, Nut};

pub(super) const ID: u16 = 0x01;
pub(super) const PREVIOUS: u16 = 0x02;
pub(super) const IP: u16 = 0x04;
pub(super) const DISABLED: u16 = 0x08;
pub(super) const NOT_SUPPORTED: u16 = 0x10;
pub(super) const TRANSIENT: u16 = 0x20;
pub(super) const FAILED: u16 = 0x40;
pub(super) const CLIENT: u16 = 0x80;
pub(super) const BAD_ID: u16 = 0x100;
pub(super) const SUPERSEDED: u16 = 0x200;

/// A request of a client: everything that the specification considers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The nut in the URL.
    pub nut: NutParam,
    /// The field `server`.
    pub server: ServerField,
    /// Which of several errors makes the request malformed, if any.
    pub malformed: Option<u8>,
    /// `cmd`.
    pub command: Command,
    /// `idk`.
    pub idk: Key,
    /// The signer of `ids`.
    pub ids: Key,
    /// `pidk`.
    pub pidk: Option<Key>,
    /// The signer of `pids`.
    pub pids: Option<Key>,
    /// `suk`.
    pub suk: Option<Lock>,
    /// `vuk`.
    pub vuk: Option<Lock>,
    /// The pair for which `urs` is valid.
    pub urs: Option<Lock>,
    /// `opt`.
    pub options: Options,
    /// `btn`.
    pub button: Option<u8>,
}

impl Request {
    /// The pidk, if `pids` is valid and the pidk is not the idk.
    pub(super) fn proved_pidk(&self) -> Option<Key> {
        self.pidk.filter(|&pidk| self.pids == Some(pidk) && pidk != self.idk)
    }

    /// `suk` and `vuk`, if both are present.
    pub(super) fn new_lock(&self) -> Option<Lock> {
        self.suk.filter(|_| self.vuk.is_some())
    }
}

/// The nut in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NutParam {
    /// A nut that a server issued.
    Nut(Nut),
    /// A nut that no server issued.
    Unissued,
    /// None, or a value that is not a nut.
    Missing,
}

/// The field `server`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerField {
    /// What the server sent with the nut.
    Exact(Nut),
    /// The same with a `can` added.
    WithCan(Nut),
    /// The same with an empty `can` added.
    EmptyCan(Nut),
    /// The same with one character added.
    Longer(Nut),
}

/// The reply to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// `tif`.
    pub tif: u16,
    /// The next nut, dead or live.
    pub nut: Nut,
    /// The stored `suk`.
    pub suk: Option<Lock>,
    /// The reply has the question.
    pub ask: bool,
    /// `url`.
    pub cps_url: Option<CpsUrl>,
}

impl Reply {
    /// A reply with only `tif` and a nut.
    pub(super) fn new(tif: u16, nut: Nut) -> Self {
        Self { tif, nut, suk: None, ask: false, cps_url: None }
    }
}
