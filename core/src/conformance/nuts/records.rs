use std::time::Duration;

use crate::identities::Epoch;
use crate::nuts::{
    Attachments, CpsId, CpsInfo, Digest, NutInfo, NutState, Outcome, Refusal, Timestamp, WaitId,
};
use crate::protocol::{Ask, Button, Command, Idk, Nut};

/// Both namespaces of the hooks that take a nut.
pub(super) const STATES: [NutState; 2] = [NutState::Pending, NutState::Authorized];

/// Longer than any check takes.
pub(super) const LONG: Duration = Duration::from_secs(10 * 60);

pub(super) fn nut() -> Nut {
    Nut::from_bytes(rand::random())
}

/// A unique record of a first nut.
pub(super) fn link() -> NutInfo {
    let (wait, ip) = (WaitId::from_bytes(rand::random()), [127, 0, 0, rand::random()].into());
    let sent = Digest::of(rand::random::<[u8; 16]>());
    NutInfo {
        created: Timestamp::from_millis(1_800_000_000_123),
        ..NutInfo::first(nut(), wait, ip, Timestamp::from_millis(1_800_000_000_000), sent)
    }
}

pub(super) fn cps_id() -> CpsId {
    CpsId::from_bytes(rand::random())
}

/// The outcomes that are no sign-ins.
pub(super) const NOBODY: [Outcome; 5] = [
    Outcome::TakenOver,
    Outcome::Collected,
    Outcome::Refused(Refusal::New),
    Outcome::Refused(Refusal::Disabled),
    Outcome::Refused(Refusal::Superseded),
];

/// A record of an outcome.
pub(super) fn ended(outcome: Outcome) -> NutInfo {
    NutInfo { idk: Some(Idk::from_bytes(rand::random())), outcome: Some(outcome), ..link() }
}

pub(super) fn signed_in() -> NutInfo {
    ended(Outcome::SignedIn { epoch: Epoch::new(rand::random()) })
}

/// A record with all fields, and some kilobytes attached.
pub(super) fn full() -> NutInfo {
    NutInfo {
        ip: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(),
        idk: Some(Idk::from_bytes([0xFF; 32])),
        ask: Ask::new("Straße?").and_then(|ask| ask.button("Ja")).ok().map(Box::new),
        asked: true,
        sin_sent: true,
        same_address_only: true,
        accepts_new: true,
        step: u8::MAX,
        alias_of: Some(Box::new(Nut::from_bytes([8; 16]))),
        attached: everything(),
        outcome: Some(Outcome::SignedIn { epoch: Epoch::new(u64::MAX) }),
        ..link()
    }
}

/// All byte values, including zero and invalid UTF-8.
fn everything() -> Attachments {
    Attachments {
        data: Some((0..=u8::MAX).cycle().take(8192).collect()),
        button: Some(Button::Second),
        sealed: Some((0..=u8::MAX).collect()),
        ok_means_yes: true,
        same_address: true,
    }
}

pub(super) fn cps(command: Command) -> CpsInfo {
    CpsInfo {
        idk: Idk::from_bytes(rand::random()),
        epoch: Epoch::new(rand::random()),
        command,
        ip: [192, 0, 2, rand::random()].into(),
        wait: WaitId::from_bytes(rand::random()),
        attached: everything(),
    }
}
