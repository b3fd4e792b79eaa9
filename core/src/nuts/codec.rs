//! The one encoding of records, for every store: two releases share a store during a
//! rolling deploy, so it is versioned and says of each field whether a release that does
//! not know it may pass over it.
//!
//! A format byte, then fields: a tag byte, a length (LEB128), the value. A tag with
//! [`CRITICAL`] set must be understood. Numbers are little-endian.

use std::net::IpAddr;

use super::record::{Attachments, CpsInfo, Digest, NutInfo, Outcome, Refusal, Timestamp};
use super::wait::WaitId;
use crate::epoch::Epoch;
use crate::error::StoreError;
use crate::protocol::{Ask, Button, Command, Idk, Nut};

const FORMAT: u8 = 1;
const CRITICAL: u8 = 0x80;

/// Tags of fields. A tag is never given a second meaning.
mod tag {
    use super::CRITICAL;

    pub(super) const CREATED: u8 = CRITICAL | 1;
    pub(super) const CHAIN_START: u8 = CRITICAL | 2;
    pub(super) const IP: u8 = CRITICAL | 3;
    pub(super) const FIRST_NUT: u8 = CRITICAL | 4;
    pub(super) const WAIT: u8 = CRITICAL | 5;
    pub(super) const SENT: u8 = CRITICAL | 6;
    pub(super) const IDK: u8 = CRITICAL | 7;
    pub(super) const ASK: u8 = CRITICAL | 8;
    pub(super) const ASKED: u8 = CRITICAL | 9;
    pub(super) const SIN_SENT: u8 = 10;
    pub(super) const DATA: u8 = CRITICAL | 11;
    pub(super) const BUTTON: u8 = CRITICAL | 12;
    pub(super) const SEALED: u8 = 13;
    pub(super) const EPOCH: u8 = CRITICAL | 14;
    pub(super) const OUTCOME: u8 = CRITICAL | 15;
    pub(super) const COMMAND: u8 = CRITICAL | 16;
    pub(super) const SAME_ADDRESS_ONLY: u8 = CRITICAL | 17;
    // A release that passes over one of these refuses a sign-in, or asks once more.
    pub(super) const ACCEPTS_NEW: u8 = 18;
    pub(super) const OK_MEANS_YES: u8 = 19;
    pub(super) const SAME_ADDRESS: u8 = 20;
    pub(super) const ALIAS_OF: u8 = CRITICAL | 21;
    // A release that passes over this one counts the steps of a chain from 0 again.
    pub(super) const STEP: u8 = 22;
}

const SIGNED_IN: u8 = 1;
const TAKEN_OVER: u8 = 2;
const COLLECTED: u8 = 3;
const REFUSED_NEW: u8 = 4;
const REFUSED_DISABLED: u8 = 5;
const REFUSED_SUPERSEDED: u8 = 6;

impl NutInfo {
    /// The record's bytes, as every store keeps them: 140 for a link's nut, 35 more with
    /// an identity.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.field(tag::CREATED, &self.created.as_millis().to_le_bytes());
        out.field(tag::CHAIN_START, &self.chain_start.as_millis().to_le_bytes());
        out.ip(self.ip);
        out.field(tag::FIRST_NUT, self.first_nut.as_bytes());
        out.field(tag::WAIT, self.wait.as_bytes());
        out.field(tag::SENT, self.sent.as_bytes());
        if let Some(idk) = &self.idk {
            out.field(tag::IDK, idk.as_bytes());
        }
        if let Some(ask) = &self.ask {
            out.field(tag::ASK, ask.to_string().as_bytes());
        }
        if self.asked {
            out.field(tag::ASKED, &[]);
        }
        if self.sin_sent {
            out.field(tag::SIN_SENT, &[]);
        }
        if self.same_address_only {
            out.field(tag::SAME_ADDRESS_ONLY, &[]);
        }
        if self.accepts_new {
            out.field(tag::ACCEPTS_NEW, &[]);
        }
        if let Some(nut) = &self.alias_of {
            out.field(tag::ALIAS_OF, nut.as_bytes());
        }
        if self.step != 0 {
            out.field(tag::STEP, &[self.step]);
        }
        out.attached(&self.attached);
        match self.outcome {
            None => {}
            Some(Outcome::SignedIn { epoch }) => {
                out.field(tag::OUTCOME, &[SIGNED_IN]);
                out.field(tag::EPOCH, &epoch.get().to_le_bytes());
            }
            Some(Outcome::TakenOver) => out.field(tag::OUTCOME, &[TAKEN_OVER]),
            Some(Outcome::Collected) => out.field(tag::OUTCOME, &[COLLECTED]),
            Some(Outcome::Refused(why)) => {
                let why = match why {
                    Refusal::New => REFUSED_NEW,
                    Refusal::Disabled => REFUSED_DISABLED,
                    Refusal::Superseded => REFUSED_SUPERSEDED,
                };
                out.field(tag::OUTCOME, &[why]);
            }
        }
        out.0
    }

    /// Reads [`encode`](Self::encode)'s bytes, of this release or another.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](crate::StoreErrorKind::Corrupt) for other bytes, and for a record
    /// with a field that must be understood and is not.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let fields = Fields::read(bytes)?;
        let epoch = fields.number(tag::EPOCH)?.map(Epoch::new);
        let outcome = match (fields.get(tag::OUTCOME), epoch) {
            (None, None) => None,
            (Some([SIGNED_IN]), Some(epoch)) => Some(Outcome::SignedIn { epoch }),
            (Some([TAKEN_OVER]), None) => Some(Outcome::TakenOver),
            (Some([COLLECTED]), None) => Some(Outcome::Collected),
            (Some([REFUSED_NEW]), None) => Some(Outcome::Refused(Refusal::New)),
            (Some([REFUSED_DISABLED]), None) => Some(Outcome::Refused(Refusal::Disabled)),
            (Some([REFUSED_SUPERSEDED]), None) => Some(Outcome::Refused(Refusal::Superseded)),
            _ => return Err(corrupt("outcome")),
        };
        let ask = match fields.text(tag::ASK)? {
            None => None,
            Some(wire) => Some(Box::new(Ask::from_wire(wire).ok_or_else(|| corrupt("ask"))?)),
        };
        Ok(Self {
            created: Timestamp::from_millis(required(fields.number(tag::CREATED)?)?),
            chain_start: Timestamp::from_millis(required(fields.number(tag::CHAIN_START)?)?),
            ip: fields.ip()?,
            first_nut: Nut::from_bytes(required(fields.exact(tag::FIRST_NUT)?)?),
            wait: WaitId::from_bytes(required(fields.exact(tag::WAIT)?)?),
            sent: Digest::from_bytes(required(fields.exact(tag::SENT)?)?),
            idk: fields.exact(tag::IDK)?.map(Idk::from_bytes),
            ask,
            asked: fields.get(tag::ASKED).is_some(),
            sin_sent: fields.get(tag::SIN_SENT).is_some(),
            same_address_only: fields.get(tag::SAME_ADDRESS_ONLY).is_some(),
            accepts_new: fields.get(tag::ACCEPTS_NEW).is_some(),
            step: fields.exact(tag::STEP)?.map_or(0, |[step]| step),
            alias_of: fields.exact(tag::ALIAS_OF)?.map(Nut::from_bytes).map(Box::new),
            attached: fields.attached()?,
            outcome,
        })
    }
}

impl CpsInfo {
    /// The record's bytes, as every store keeps them.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.field(tag::WAIT, self.wait.as_bytes());
        out.field(tag::IDK, self.idk.as_bytes());
        out.field(tag::EPOCH, &self.epoch.get().to_le_bytes());
        out.field(tag::COMMAND, self.command.to_string().as_bytes());
        out.ip(self.ip);
        out.attached(&self.attached);
        out.0
    }

    /// Reads [`encode`](Self::encode)'s bytes, of this release or another.
    ///
    /// # Errors
    ///
    /// As [`NutInfo::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let fields = Fields::read(bytes)?;
        Ok(Self {
            idk: Idk::from_bytes(required(fields.exact(tag::IDK)?)?),
            epoch: Epoch::new(required(fields.number(tag::EPOCH)?)?),
            command: match fields.text(tag::COMMAND)? {
                Some("ident") => Command::Ident,
                Some("disable") => Command::Disable,
                Some("enable") => Command::Enable,
                Some("remove") => Command::Remove,
                _ => return Err(corrupt("command")),
            },
            ip: fields.ip()?,
            wait: WaitId::from_bytes(required(fields.exact(tag::WAIT)?)?),
            attached: fields.attached()?,
        })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn new() -> Self {
        // Enough for what has nothing attached to it.
        let mut bytes = Vec::with_capacity(192);
        bytes.push(FORMAT);
        Self(bytes)
    }

    fn field(&mut self, tag: u8, value: &[u8]) {
        self.0.push(tag);
        let mut length = value.len();
        while length >= 0x80 {
            self.0.push(length.to_le_bytes()[0] | 0x80);
            length >>= 7;
        }
        self.0.push(length.to_le_bytes()[0]);
        self.0.extend_from_slice(value);
    }

    fn ip(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => self.field(tag::IP, &ip.octets()),
            IpAddr::V6(ip) => self.field(tag::IP, &ip.octets()),
        }
    }

    fn attached(&mut self, attached: &Attachments) {
        if let Some(data) = &attached.data {
            self.field(tag::DATA, data);
        }
        if let Some(button) = attached.button {
            self.field(tag::BUTTON, &[button.digit()]);
        }
        if let Some(sealed) = &attached.sealed {
            self.field(tag::SEALED, sealed);
        }
        if attached.ok_means_yes {
            self.field(tag::OK_MEANS_YES, &[]);
        }
        if attached.same_address {
            self.field(tag::SAME_ADDRESS, &[]);
        }
    }
}

/// One for each tag without [`CRITICAL`], of which [`tag::STEP`] is the last; 0 is none's.
const SLOTS: usize = tag::STEP as usize + 1;

/// A length has three bytes at most, of seven bits each: no field of ours has two megabytes.
const LENGTH_BITS: usize = 3 * 7;

/// The known fields of a record, by tag without [`CRITICAL`].
struct Fields<'a>([Option<&'a [u8]>; SLOTS]);

impl<'a> Fields<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let (&format, mut rest) = bytes.split_first().ok_or_else(|| corrupt("no format"))?;
        if format != FORMAT {
            return Err(corrupt("format of another release"));
        }
        let mut fields = [None; SLOTS];
        while let Some((&tag, after_tag)) = rest.split_first() {
            let (length, after_length) = length(after_tag)?;
            let (value, after_value) =
                after_length.split_at_checked(length).ok_or_else(|| corrupt("cut short"))?;
            rest = after_value;
            match known(tag).and_then(|index| fields.get_mut(index)) {
                Some(slot) if slot.is_none() => *slot = Some(value),
                Some(_) => return Err(corrupt("field twice")),
                None if tag & CRITICAL != 0 => return Err(corrupt("field of another release")),
                None => {}
            }
        }
        Ok(Self(fields))
    }

    fn get(&self, tag: u8) -> Option<&'a [u8]> {
        self.0[usize::from(tag & !CRITICAL)]
    }

    fn exact<const N: usize>(&self, tag: u8) -> Result<Option<[u8; N]>, StoreError> {
        self.get(tag).map(|value| value.try_into().map_err(|_| corrupt("length"))).transpose()
    }

    fn number(&self, tag: u8) -> Result<Option<u64>, StoreError> {
        Ok(self.exact(tag)?.map(u64::from_le_bytes))
    }

    fn text(&self, tag: u8) -> Result<Option<&'a str>, StoreError> {
        self.get(tag)
            .map(|value| std::str::from_utf8(value).map_err(|_| corrupt("text")))
            .transpose()
    }

    fn ip(&self) -> Result<IpAddr, StoreError> {
        let value = required(self.get(tag::IP))?;
        let v4 = <[u8; 4]>::try_from(value).map(IpAddr::from);
        v4.or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from)).map_err(|_| corrupt("ip"))
    }

    fn attached(&self) -> Result<Attachments, StoreError> {
        let button = match self.exact(tag::BUTTON)? {
            None => None,
            Some([digit]) => Some(Button::from_digit(digit).ok_or_else(|| corrupt("button"))?),
        };
        Ok(Attachments {
            data: self.get(tag::DATA).map(Box::from),
            button,
            sealed: self.get(tag::SEALED).map(Box::from),
            ok_means_yes: self.get(tag::OK_MEANS_YES).is_some(),
            same_address: self.get(tag::SAME_ADDRESS).is_some(),
        })
    }
}

/// The index of a tag that this release knows, with the mark it is written with.
fn known(tag: u8) -> Option<usize> {
    let index = tag & !CRITICAL;
    let optional = matches!(
        index,
        tag::SIN_SENT
            | tag::SEALED
            | tag::ACCEPTS_NEW
            | tag::OK_MEANS_YES
            | tag::SAME_ADDRESS
            | tag::STEP
    );
    let known = (1..SLOTS).contains(&index.into());
    (known && optional == (tag & CRITICAL == 0)).then_some(index.into())
}

fn length(bytes: &[u8]) -> Result<(usize, &[u8]), StoreError> {
    let mut length = 0;
    for (shift, (at, &byte)) in (0..LENGTH_BITS).step_by(7).zip(bytes.iter().enumerate()) {
        length |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok((length, &bytes[at + 1..]));
        }
    }
    Err(corrupt("length"))
}

fn required<T>(value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(|| corrupt("field missing"))
}

fn corrupt(what: &'static str) -> StoreError {
    StoreError::corrupt(what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StoreErrorKind;

    fn link() -> NutInfo {
        let (nut, wait) = (Nut::from_bytes([1; 16]), WaitId::from_bytes([2; 16]));
        let (ip, sent) = ([127, 0, 0, 1].into(), Digest::from_bytes([3; 32]));
        NutInfo {
            created: Timestamp::from_millis(0x0102_0304_0506),
            ..NutInfo::first(nut, wait, ip, Timestamp::from_millis(7), sent)
        }
    }

    fn everything() -> NutInfo {
        NutInfo {
            ip: std::net::Ipv6Addr::LOCALHOST.into(),
            idk: Some(Idk::from_bytes([4; 32])),
            ask: Ask::new("?").ok().map(Box::new),
            asked: true,
            sin_sent: true,
            attached: Attachments {
                data: Some(vec![5; 300].into()),
                button: Some(Button::First),
                sealed: Some([6].into()),
                ..Attachments::default()
            },
            outcome: Some(Outcome::SignedIn { epoch: Epoch::new(8) }),
            ..link()
        }
    }

    /// The bytes of release 0.1.0. They may never change: add fields, and a golden record
    /// beside this one.
    #[test]
    fn golden_bytes() {
        let mut golden = vec![1, 0x81, 8, 6, 5, 4, 3, 2, 1, 0, 0, 0x82, 8, 7, 0, 0, 0, 0, 0, 0, 0];
        golden.extend([0x83, 4, 127, 0, 0, 1, 0x84, 16]);
        golden.extend([1; 16]);
        golden.extend([0x85, 16]);
        golden.extend([2; 16]);
        golden.extend([0x86, 32]);
        golden.extend([3; 32]);
        assert_eq!(link().encode(), golden);
        assert_eq!(NutInfo::decode(&golden).expect("golden"), link());

        let mut all = golden[..21].to_vec();
        all.extend([0x83, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        all.extend(&golden[27..]);
        all.extend([0x87, 32]);
        all.extend([4; 32]);
        all.extend([0x88, 2, b'P', b'w', 0x89, 0, 10, 0, 0x8B, 0xAC, 2]);
        all.extend([5; 300]);
        all.extend([0x8C, 1, 1, 13, 1, 6, 0x8F, 1, 1, 0x8E, 8, 8, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(everything().encode(), all);
        assert_eq!(NutInfo::decode(&all).expect("golden"), everything());
    }

    /// The fields that came after release 0.1.0, behind those that it wrote.
    #[test]
    fn golden_bytes_of_later_fields() {
        let later = NutInfo {
            same_address_only: true,
            accepts_new: true,
            alias_of: Some(Box::new(Nut::from_bytes([6; 16]))),
            step: 9,
            attached: Attachments {
                ok_means_yes: true,
                same_address: true,
                ..Attachments::default()
            },
            outcome: Some(Outcome::Refused(Refusal::Disabled)),
            ..link()
        };
        let mut golden = link().encode();
        golden.extend([0x91, 0, 18, 0, 0x95, 16]);
        golden.extend([6; 16]);
        golden.extend([22, 1, 9, 19, 0, 20, 0, 0x8F, 1, 5]);
        assert_eq!(later.encode(), golden);
        assert_eq!(NutInfo::decode(&golden).expect("golden"), later);
    }

    #[test]
    fn every_outcome_and_command_comes_back() {
        let refusals = [Refusal::New, Refusal::Disabled, Refusal::Superseded].map(Outcome::Refused);
        for outcome in [Outcome::TakenOver, Outcome::Collected].into_iter().chain(refusals) {
            let info = NutInfo { outcome: Some(outcome), ..link() };
            assert_eq!(NutInfo::decode(&info.encode()).expect("own bytes"), info);
        }
        for command in [Command::Ident, Command::Disable, Command::Enable, Command::Remove] {
            let info = CpsInfo {
                idk: Idk::from_bytes([4; 32]),
                epoch: Epoch::new(u64::MAX),
                command,
                ip: [192, 0, 2, 1].into(),
                wait: WaitId::from_bytes([2; 16]),
                attached: everything().attached,
            };
            assert_eq!(CpsInfo::decode(&info.encode()).expect("own bytes"), info);
        }
    }

    #[test]
    fn a_later_release_may_add_fields() {
        let mut with_optional = link().encode();
        with_optional.extend([0x20, 3, 9, 9, 9]);
        assert_eq!(NutInfo::decode(&with_optional).expect("passed over"), link());
        let mut with_critical = link().encode();
        with_critical.extend([CRITICAL | 0x20, 0]);
        let error = NutInfo::decode(&with_critical).expect_err("must be understood");
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    }

    #[test]
    fn anything_else_is_corrupt() {
        let whole = everything().encode();
        for end in 0..whole.len() {
            // Cut between fields, the optional ones may be missing; no cut may panic.
            if let Ok(info) = NutInfo::decode(&whole[..end]) {
                assert_ne!(info, everything());
            }
        }
        for (at, _) in whole.iter().enumerate() {
            let mut changed = whole.clone();
            changed[at] ^= 0xFF;
            let _ = NutInfo::decode(&changed);
        }
        let twice = [link().encode(), vec![0x82, 8, 7, 0, 0, 0, 0, 0, 0, 0]].concat();
        assert!(NutInfo::decode(&twice).is_err());
        assert!(NutInfo::decode(&[2]).is_err());
        assert!(NutInfo::decode(&[]).is_err());
        assert!(NutInfo::decode(&[1, 0x81, 0xFF, 0xFF, 0xFF, 0xFF]).is_err());
    }
}
