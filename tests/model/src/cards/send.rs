//! What one request is.

use super::Hand;
use crate::history::{Command, Keys, Options, Previous, Send, Twist, Urs};
use crate::words::{ADDRESSES, GENERATIONS, LOCKS, PERSONS, SERVERS};

impl Hand {
    /// Seven bytes at most are left for it.
    pub(super) fn send(&mut self) -> Send {
        let link = self.back();
        let person = self.byte();
        let (command, mut send) = self.errand();
        let bits = self.byte();
        send.options = Options {
            suk: bits & 1 != 0,
            cps: bits & 6 == 6,
            noiptest: bits & 24 == 24,
            sqrlonly: bits & 96 == 96,
            hardlock: bits & 128 != 0 && bits & 32 != 0,
        };
        let place = self.byte();
        let address = if place < 224 { 0 } else { place % ADDRESSES };
        let twist = self.byte();
        Send {
            link,
            person: person % 32,
            command,
            button: (person >= 192).then_some(person % 4),
            twist: (twist >= 208).then(|| Self::twist(twist - 208, place)),
            address,
            server: place % SERVERS,
            ..send
        }
    }

    /// What a client wants, and what it brings for it.
    fn errand(&mut self) -> (Command, Send) {
        let byte = self.byte();
        let number = byte % LOCKS;
        let owner = Send { urs: Urs::Owner, ..Send::default() };
        let pair = Send { keys: Keys::Both(number), ..Send::default() };
        let rekey = Send {
            next_generation: true,
            previous: Previous::Own,
            keys: Keys::Both(number),
            urs: Urs::Owner,
            ..Send::default()
        };
        let successor = Send { keys: Keys::None, urs: Urs::None, ..rekey.clone() };
        match byte {
            0..32 => (Command::Query, Send::default()),
            32..88 => (Command::Ident, pair),
            88..108 => (Command::Disable, Send::default()),
            108..128 => (Command::Enable, owner),
            128..137 => (Command::Remove, owner),
            137..160 => (Command::Ident, rekey),
            160..165 => (Command::Disable, rekey),
            165..170 => (Command::Enable, rekey),
            170..174 => (Command::Remove, rekey),
            174..186 => (Command::Query, successor),
            186..190 => (Command::Ident, Send { keys: pair.keys, ..successor }),
            190..195 => (Command::Disable, successor),
            195..200 => (Command::Enable, Send { urs: Urs::Owner, ..successor }),
            200..203 => (Command::Remove, Send { urs: Urs::Owner, ..successor }),
            203..205 => (Command::Enable, Send::default()),
            205..208 => (Command::Other, Send::default()),
            _ => self.anything(byte),
        }
    }

    fn anything(&mut self, byte: u8) -> (Command, Send) {
        let (bits, more) = (self.byte(), self.byte());
        let command = [
            Command::Ident,
            Command::Query,
            Command::Disable,
            Command::Enable,
            Command::Remove,
            Command::Ident,
        ][usize::from(byte % 6)];
        let keys = match bits % 8 {
            0 | 1 => Keys::None,
            2 => Keys::Suk,
            3 => Keys::Vuk,
            _ => Keys::Both(bits / 8),
        };
        let previous = match more % 8 {
            0 => Previous::None,
            1..4 => Previous::Own,
            4 => Previous::Any(more / 8 % GENERATIONS),
            5 => Previous::Stolen(more / 8 % PERSONS),
            6 => Previous::Unsigned,
            _ => Previous::Unnamed,
        };
        let urs = match (bits / 8 + more / 8) % 5 {
            0 => Urs::None,
            1 | 2 => Urs::Owner,
            3 => Urs::Presented,
            _ => Urs::Other(more),
        };
        let next_generation = more & 64 != 0;
        (command, Send { next_generation, keys, previous, urs, ..Send::default() })
    }

    fn twist(byte: u8, place: u8) -> Twist {
        match byte {
            0..5 => Twist::StolenIdk(byte % 4),
            5 => Twist::WrongIds,
            6..9 => Twist::LeftBehind,
            9..13 => Twist::OldNut(place % 16),
            13..21 => Twist::OldNutAndServer(place % 16),
            21..23 => Twist::MadeUpNut,
            23 => Twist::NoNut,
            24..28 => Twist::OtherServer(place % 16),
            28..31 => Twist::LongerServer,
            31..36 => Twist::Can,
            36..38 => Twist::EmptyCan,
            _ => Twist::Malformed(place),
        }
    }
}
