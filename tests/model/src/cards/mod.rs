//! Histories out of bytes: for a generator that shrinks, and for a fuzzer.
//!
//! A history is one card for the site and then one for each thing that happens. All cards
//! mean something; zeroes mean the plainest thing, so that smaller bytes are simpler tales.

mod send;

use crate::history::{
    Action, Command, History, Keys, Lifetime, Options, Pass, Purpose, Send, Site, Twist, Urs,
};
use crate::words::{ADDRESSES, BROWSERS, LOCKS, PERSONS, SERVERS};

/// The bytes of one card.
pub const CARD: usize = 12;

/// A card.
pub type Card = [u8; CARD];

/// So many cards are played at most; the rest of the bytes is not read.
pub const MOST_CARDS: usize = 50;

impl History {
    /// Reads any bytes as a history; what is missing at the end is zero.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut cards = bytes.chunks(CARD).map(|chunk| {
            let mut card = [0; CARD];
            card[..chunk.len()].copy_from_slice(chunk);
            card
        });
        let site = cards.next().unwrap_or_default();
        Self::from_cards(&site, cards.take(MOST_CARDS))
    }

    fn from_cards(site: &Card, cards: impl IntoIterator<Item = Card>) -> Self {
        let mut hand = Hand { card: *site, at: 0 };
        let site = hand.site();
        let mut actions = hand.known_from_the_start();
        actions.extend(cards.into_iter().flat_map(|card| Hand { card, at: 0 }.actions()));
        Self { site, actions }
    }
}

/// A card that is being read.
struct Hand {
    card: Card,
    at: usize,
}

impl Hand {
    fn byte(&mut self) -> u8 {
        let byte = self.card.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        byte
    }

    /// Below `count`.
    fn pick(&mut self, count: u8) -> u8 {
        self.byte() % count
    }

    /// Mostly 0, now and then a little more, seldom anything.
    fn back(&mut self) -> u8 {
        match self.byte() {
            0..176 => 0,
            176..216 => 1,
            216..240 => 2,
            byte => byte - 237,
        }
    }

    /// True about so many times in 256.
    fn seldom(&mut self, times: u8) -> bool {
        self.byte() > u8::MAX - times
    }

    fn site(&mut self) -> Site {
        let closed = self.seldom(20);
        let failures = self.seldom(40).then(|| 2 + self.pick(6));
        let ahead = if self.seldom(60) { [self.pick(4), self.pick(8)] } else { [0, 0] };
        let links = self.seldom(20).then(|| 1 + self.pick(4));
        Site { closed, failures, links, ahead }
    }

    /// Alice, and now and then Bob: so that there is something to change.
    fn known_from_the_start(&mut self) -> Vec<Action> {
        let known = [self.byte() >= 64, self.byte() >= 160];
        let mut actions = Vec::new();
        for (person, _) in [0, 20].into_iter().zip(known).filter(|(_, known)| *known) {
            let (browser, purpose) = (self.pick(BROWSERS), Purpose::Anybody);
            actions.push(Action::Visit { browser, address: 0, server: 0, purpose });
            let keys = Keys::Both(self.pick(LOCKS));
            let ident = Send { person, keys, command: Command::Ident, ..Send::default() };
            actions.push(Action::Send(ident));
        }
        actions
    }

    fn actions(&mut self) -> Vec<Action> {
        match self.byte() {
            0..40 => {
                let visit = self.visit();
                vec![visit, Action::Send(self.send())]
            }
            40..60 => {
                let visit = self.visit();
                let send = self.send();
                let query = Send { command: Command::Query, twist: None, ..send.clone() };
                vec![visit, Action::Send(query), Action::Send(send)]
            }
            60..136 => vec![Action::Send(self.send())],
            136..140 => self.in_reserve(),
            140..170 => self.on_the_page(),
            170..196 => self.by_cps(),
            196..198 => vec![self.visit()],
            198..209 => self.race(),
            209..215 => self.renewed(),
            215..224 => {
                let (request, other_nut) = (self.back(), self.seldom(128));
                let (address, server) = (self.address(), self.server());
                vec![Action::Replay { request, other_nut, address, server }]
            }
            224..246 => vec![Action::Pass(self.pass())],
            _ => {
                let (person, given) = (self.person(), !self.seldom(80));
                let user = given.then(|| self.pick(2));
                vec![Action::Account { person, user, server: self.server() }]
            }
        }
    }

    fn visit(&mut self) -> Action {
        let purpose = match self.byte() {
            0..190 => Purpose::Anybody,
            190..210 => Purpose::Question,
            210..230 => Purpose::Linking,
            person => Purpose::Only(person % PERSONS),
        };
        let bits = self.byte();
        let address = if bits < 200 { 0 } else { bits % ADDRESSES };
        Action::Visit { browser: bits % BROWSERS, address, server: bits / 8 % SERVERS, purpose }
    }

    /// Two at once: of one client, of two, or of a client and who has its bytes.
    fn race(&mut self) -> Vec<Action> {
        let (kind, turns) = (self.byte(), self.byte());
        let servers = [turns % SERVERS, turns / SERVERS % SERVERS];
        if kind >= 224 {
            return vec![Action::RaceToCollect { link: 0, servers, turns }];
        }
        let (number, one) = (self.byte() % LOCKS, self.send());
        let other = match kind {
            0..100 => None,
            100..130 => Some(Command::Disable),
            130..160 => Some(Command::Remove),
            160..200 => Some(Command::Ident),
            _ => Some(Command::Query),
        };
        let other = other.map(|command| Send {
            link: u8::from(kind % 2 == 0),
            command,
            urs: if command == Command::Remove { Urs::Owner } else { Urs::None },
            keys: if command == Command::Ident { Keys::Both(number) } else { Keys::None },
            next_generation: one.next_generation,
            person: one.person,
            ..Send::default()
        });
        let visit = Action::Visit {
            browser: number % BROWSERS,
            address: 0,
            server: servers[0],
            purpose: Purpose::Anybody,
        };
        let race = Action::Race { one, other, servers, turns };
        if number == 0 { vec![race] } else { vec![visit, race] }
    }

    /// A page goes on with a new link; now and then the old one is answered as well.
    fn renewed(&mut self) -> Vec<Action> {
        let (link, stranger, server) = (self.back(), self.seldom(30), self.server());
        let renew = Action::Renew { link, stranger, address: 0, server };
        if self.seldom(128) {
            return vec![renew];
        }
        let visit = Action::Visit { browser: 0, address: 0, server, purpose: Purpose::Anybody };
        let ident = |link, person, number| {
            let keys = Keys::Both(number);
            Action::Send(Send { link, person, keys, command: Command::Ident, ..Send::default() })
        };
        let (one, other) = (self.byte(), self.byte());
        let renew = Action::Renew { link: 0, stranger: false, address: 0, server };
        if self.seldom(60) {
            // Handed over by the first link, and then the page goes on all the same.
            let options = Options { cps: true, ..Options::default() };
            let (person, keys) = (one % 32, Keys::Both(one % LOCKS));
            let command = Command::Ident;
            let ident = Send { link: 1, person, keys, command, options, ..Send::default() };
            return vec![visit, renew.clone(), Action::Send(ident), renew];
        }
        vec![visit, renew, ident(1, one % 32, one % LOCKS), ident(0, other % 32, other % LOCKS)]
    }

    /// Somebody's first request is refused and consumes nothing, and somebody answers the link. Then
    /// the refusal's nut is used; or the other way about.
    fn in_reserve(&mut self) -> Vec<Action> {
        let (one, other, number) = (self.byte() % 32, self.byte() % 32, self.byte() % LOCKS);
        let (late, address) = (self.seldom(128), self.address());
        let send = |person, twist| {
            let options = Options { noiptest: true, ..Options::default() };
            let (command, keys, twist) = (Command::Ident, Keys::Both(number), Some(twist));
            Send { person, command, options, keys, twist, ..Send::default() }
        };
        let visit = self.visit();
        let refused = Send { address, ..send(one, Twist::LongerServer) };
        // Each reply brings one more nut; the link's is the last but one, and then the refusal's is.
        let link = send(other, Twist::OldNutAndServer(if late { 1 } else { 2 }));
        let back = u8::from(late);
        let alias = Send { address, ..send(one, Twist::OldNutAndServer(back)) };
        let (first, then) = if late { (link, alias) } else { (alias, link) };
        vec![visit, Action::Send(refused), Action::Send(first), Action::Send(then)]
    }

    /// The page asks, and mostly it collects too.
    fn on_the_page(&mut self) -> Vec<Action> {
        let (link, stranger) = (self.back(), self.seldom(40));
        let poll = Action::Poll { link, stranger, server: self.server() };
        let collect = Action::Collect { link, stranger, server: self.server() };
        match self.byte() {
            0..60 => vec![poll],
            60..100 => vec![collect],
            _ => vec![poll, collect],
        }
    }

    /// A browser is sent to a CPS URL, and mostly goes on to the end.
    fn by_cps(&mut self) -> Vec<Action> {
        let (url, stranger, bits) = (self.back(), self.seldom(80), self.byte());
        let browser = if bits < 220 { 0 } else { bits % BROWSERS };
        let server = bits / 4 % SERVERS;
        let follow = Action::Follow { url, stranger, server };
        let question = Action::Question { browser, server };
        let (from_elsewhere, other_url) = (self.seldom(80), self.seldom(30));
        let confirm = Action::Confirm { browser, from_elsewhere, other_url, server };
        let land = Action::Land { browser, server };
        match self.byte() {
            0..10 => {
                // By a client elsewhere, and in the browser that waits.
                let keys = Keys::Both(bits % LOCKS);
                let options = Options { cps: true, noiptest: true, ..Options::default() };
                let send = Send { person: bits % 32, keys, options, ..Send::default() };
                let ident = Send { command: Command::Ident, address: 1, ..send };
                let purpose = Purpose::Anybody;
                let visit = Action::Visit { browser, address: 0, server, purpose };
                let follow = Action::Follow { url: 0, stranger: false, server };
                let poll = Action::Poll { link: 0, stranger: false, server };
                vec![visit, Action::Send(ident), follow, question, confirm, land, poll]
            }
            10..30 => vec![follow],
            30..50 => vec![question],
            50..70 => vec![confirm],
            70..90 => vec![land],
            90..130 => vec![follow, land],
            _ => vec![follow, question, confirm, land],
        }
    }

    fn pass(&mut self) -> Pass {
        let lifetime = match self.pick(8) {
            0 | 1 => return Pass::Seconds(1 + self.pick(20)),
            2 | 3 => Lifetime::Cps,
            4 => Lifetime::Link,
            5 | 6 => Lifetime::Later,
            _ => Lifetime::Chain,
        };
        Pass::Lifetime(lifetime, [0, 1, -1][usize::from(self.pick(3))])
    }

    fn person(&mut self) -> u8 {
        self.pick(PERSONS)
    }

    fn server(&mut self) -> u8 {
        self.pick(SERVERS)
    }

    /// Mostly the first.
    fn address(&mut self) -> u8 {
        let byte = self.byte();
        if byte < 200 { 0 } else { byte % ADDRESSES }
    }
}
