//! Decodes a request.

use super::Reader;
use crate::history::{Command, Flaw, Keys, Options, Previous, RequestPlan, Urs};
use crate::values::{ADDRESSES, GENERATIONS, LOCKS, PERSONS, SERVERS};

impl Reader {
    /// Reads up to seven bytes.
    pub(super) fn request(&mut self) -> RequestPlan {
        let chain = self.small();
        let person = self.byte();
        let (command, mut plan) = self.command_and_keys();
        let bits = self.byte();
        plan.options = Options {
            suk: bits & 1 != 0,
            cps: bits & 6 == 6,
            noiptest: bits & 24 == 24,
            sqrlonly: bits & 96 == 96,
            hardlock: bits & 128 != 0 && bits & 32 != 0,
        };
        let place = self.byte();
        let address = if place < 224 { 0 } else { place % ADDRESSES };
        let flaw = self.byte();
        RequestPlan {
            chain,
            person: person % 32,
            command,
            button: (person >= 192).then_some(person % 4),
            flaw: (flaw >= 208).then(|| Self::flaw(flaw - 208, place)),
            address,
            server: place % SERVERS,
            ..plan
        }
    }

    /// A command with the keys and signatures that it needs.
    fn command_and_keys(&mut self) -> (Command, RequestPlan) {
        let byte = self.byte();
        let number = byte % LOCKS;
        let owner = RequestPlan { urs: Urs::Owner, ..RequestPlan::default() };
        let pair = RequestPlan { keys: Keys::Both(number), ..RequestPlan::default() };
        let rekey = RequestPlan {
            next_generation: true,
            previous: Previous::Known,
            keys: Keys::Both(number),
            urs: Urs::Owner,
            ..RequestPlan::default()
        };
        let successor = RequestPlan { keys: Keys::None, urs: Urs::None, ..rekey.clone() };
        match byte {
            0..32 => (Command::Query, RequestPlan::default()),
            32..88 => (Command::Ident, pair),
            88..108 => (Command::Disable, RequestPlan::default()),
            108..128 => (Command::Enable, owner),
            128..137 => (Command::Remove, owner),
            137..160 => (Command::Ident, rekey),
            160..165 => (Command::Disable, rekey),
            165..170 => (Command::Enable, rekey),
            170..174 => (Command::Remove, rekey),
            174..186 => (Command::Query, successor),
            186..190 => (Command::Ident, RequestPlan { keys: pair.keys, ..successor }),
            190..195 => (Command::Disable, successor),
            195..200 => (Command::Enable, RequestPlan { urs: Urs::Owner, ..successor }),
            200..203 => (Command::Remove, RequestPlan { urs: Urs::Owner, ..successor }),
            203..205 => (Command::Enable, RequestPlan::default()),
            205..208 => (Command::Other, RequestPlan::default()),
            _ => self.any_combination(byte),
        }
    }

    fn any_combination(&mut self, byte: u8) -> (Command, RequestPlan) {
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
            2 => Keys::SukOnly,
            3 => Keys::VukOnly,
            _ => Keys::Both(bits / 8),
        };
        let previous = match more % 8 {
            0 => Previous::None,
            1..4 => Previous::Known,
            4 => Previous::Any(more / 8 % GENERATIONS),
            5 => Previous::OtherPerson(more / 8 % PERSONS),
            6 => Previous::WithoutPids,
            _ => Previous::WithoutPidk,
        };
        let urs = match (bits / 8 + more / 8) % 5 {
            0 => Urs::None,
            1 | 2 => Urs::Owner,
            3 => Urs::Presented,
            _ => Urs::OtherPerson(more),
        };
        let next_generation = more & 64 != 0;
        (command, RequestPlan { next_generation, keys, previous, urs, ..RequestPlan::default() })
    }

    fn flaw(byte: u8, place: u8) -> Flaw {
        match byte {
            0..5 => Flaw::StolenIdk(byte % 4),
            5 => Flaw::WrongIds,
            6..9 => Flaw::SupersededIdk,
            9..13 => Flaw::OldNut(place % 16),
            13..21 => Flaw::OldNutAndServer(place % 16),
            21..23 => Flaw::UnissuedNut,
            23 => Flaw::MissingNut,
            24..28 => Flaw::OtherServer(place % 16),
            28..31 => Flaw::LongerServer,
            31..36 => Flaw::Can,
            36..38 => Flaw::EmptyCan,
            _ => Flaw::Malformed(place),
        }
    }
}
