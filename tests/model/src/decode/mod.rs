//! Decodes bytes into a history, for a generator that shrinks and for a fuzzer.
//!
//! The bytes are a sequence of chunks. The first chunk is the site, and each other one is an event of
//! one or more actions. Every chunk is valid. Zeros stand for the simplest case, so that smaller
//! bytes are a simpler history.

mod request;

use crate::history::{
    Action, Advance, Command, Flaw, History, Keys, Lifetime, Options, Purpose, RequestPlan, Site,
    Urs,
};
use crate::values::{ADDRESSES, BROWSERS, LOCKS, PERSONS, SERVERS};

/// The length of a chunk, in bytes.
pub(crate) const CHUNK_LENGTH: usize = 12;

pub(crate) type Chunk = [u8; CHUNK_LENGTH];

/// Maximum events in a history. Further bytes are ignored.
pub const MAX_CHUNKS: usize = 50;

impl History {
    /// Decodes any bytes. Missing bytes at the end are zero.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut chunks = bytes.chunks(CHUNK_LENGTH).map(|bytes| {
            let mut chunk = [0; CHUNK_LENGTH];
            chunk[..bytes.len()].copy_from_slice(bytes);
            chunk
        });
        let site = chunks.next().unwrap_or_default();
        Self::from_chunks(&site, chunks.take(MAX_CHUNKS))
    }

    fn from_chunks(site: &Chunk, chunks: impl IntoIterator<Item = Chunk>) -> Self {
        let mut reader = Reader { chunk: *site, at: 0 };
        let site = reader.site();
        let mut actions = reader.initial_identities();
        actions.extend(chunks.into_iter().flat_map(|chunk| Reader { chunk, at: 0 }.actions()));
        Self { site, actions }
    }
}

/// Reads a chunk. Bytes after its end are zero.
struct Reader {
    chunk: Chunk,
    at: usize,
}

impl Reader {
    fn byte(&mut self) -> u8 {
        let byte = self.chunk.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        byte
    }

    /// A number below `count`.
    fn below(&mut self, count: u8) -> u8 {
        self.byte() % count
    }

    /// Mostly 0, sometimes 1 or 2, rarely up to 18.
    fn small(&mut self) -> u8 {
        match self.byte() {
            0..176 => 0,
            176..216 => 1,
            216..240 => 2,
            byte => byte - 237,
        }
    }

    /// True with a probability of `times` in 256.
    fn chance(&mut self, times: u8) -> bool {
        self.byte() > u8::MAX - times
    }

    fn site(&mut self) -> Site {
        let known_only = self.chance(20);
        let failures_per_minute = self.chance(40).then(|| 2 + self.below(6));
        let clocks_ahead = if self.chance(60) { [self.below(4), self.below(8)] } else { [0, 0] };
        let urls_per_minute = self.chance(20).then(|| 1 + self.below(4));
        Site { known_only, failures_per_minute, urls_per_minute, clocks_ahead }
    }

    /// Mostly signs Alice in, and sometimes Bob, so that there are identities to change.
    fn initial_identities(&mut self) -> Vec<Action> {
        let known = [self.byte() >= 64, self.byte() >= 160];
        let mut actions = Vec::new();
        for (person, _) in [0, 20].into_iter().zip(known).filter(|(_, known)| *known) {
            let (browser, purpose) = (self.below(BROWSERS), Purpose::Any);
            actions.push(Action::Visit { browser, address: 0, server: 0, purpose });
            let keys = Keys::Both(self.below(LOCKS));
            let ident =
                RequestPlan { person, keys, command: Command::Ident, ..RequestPlan::default() };
            actions.push(Action::Request(ident));
        }
        actions
    }

    fn actions(&mut self) -> Vec<Action> {
        match self.byte() {
            0..40 => {
                let visit = self.visit();
                vec![visit, Action::Request(self.request())]
            }
            40..60 => {
                let visit = self.visit();
                let request = self.request();
                let query = RequestPlan { command: Command::Query, flaw: None, ..request.clone() };
                vec![visit, Action::Request(query), Action::Request(request)]
            }
            60..136 => vec![Action::Request(self.request())],
            136..140 => self.refusal_and_alias(),
            140..170 => self.poll_and_collect(),
            170..196 => self.cps_sign_in(),
            196..198 => vec![self.visit()],
            198..209 => self.race(),
            209..215 => self.renewal(),
            215..224 => {
                let (request, other_nut) = (self.small(), self.chance(128));
                let (address, server) = (self.address(), self.server());
                vec![Action::Replay { request, other_nut, address, server }]
            }
            224..246 => vec![Action::Advance(self.advance())],
            _ => {
                let (person, given) = (self.person(), !self.chance(80));
                let user = given.then(|| self.below(2));
                vec![Action::SetAccount { person, user, server: self.server() }]
            }
        }
    }

    fn visit(&mut self) -> Action {
        let purpose = match self.byte() {
            0..190 => Purpose::Any,
            190..210 => Purpose::Question,
            210..230 => Purpose::Linking,
            person => Purpose::Only(person % PERSONS),
        };
        let bits = self.byte();
        let address = if bits < 200 { 0 } else { bits % ADDRESSES };
        Action::Visit { browser: bits % BROWSERS, address, server: bits / 8 % SERVERS, purpose }
    }

    /// Two concurrent requests: of one client, of two clients, or the same bytes twice.
    fn race(&mut self) -> Vec<Action> {
        let (kind, yields) = (self.byte(), self.byte());
        let servers = [yields % SERVERS, yields / SERVERS % SERVERS];
        if kind >= 224 {
            return vec![Action::RaceToCollect { chain: 0, servers, yields }];
        }
        let (number, one) = (self.byte() % LOCKS, self.request());
        let other = match kind {
            0..100 => None,
            100..130 => Some(Command::Disable),
            130..160 => Some(Command::Remove),
            160..200 => Some(Command::Ident),
            _ => Some(Command::Query),
        };
        let other = other.map(|command| RequestPlan {
            chain: u8::from(kind % 2 == 0),
            command,
            urs: if command == Command::Remove { Urs::Owner } else { Urs::None },
            keys: if command == Command::Ident { Keys::Both(number) } else { Keys::None },
            next_generation: one.next_generation,
            person: one.person,
            ..RequestPlan::default()
        });
        let visit = Action::Visit {
            browser: number % BROWSERS,
            address: 0,
            server: servers[0],
            purpose: Purpose::Any,
        };
        let race = Action::Race { one, other, servers, yields };
        if number == 0 { vec![race] } else { vec![visit, race] }
    }

    /// A page requests a new SQRL URL. Sometimes the old URL is used as well.
    fn renewal(&mut self) -> Vec<Action> {
        let (chain, other_browser, server) = (self.small(), self.chance(30), self.server());
        let renew = Action::Renew { chain, other_browser, address: 0, server };
        if self.chance(128) {
            return vec![renew];
        }
        let visit = Action::Visit { browser: 0, address: 0, server, purpose: Purpose::Any };
        let ident = |chain, person, number| {
            let keys = Keys::Both(number);
            Action::Request(RequestPlan {
                chain,
                person,
                keys,
                command: Command::Ident,
                ..RequestPlan::default()
            })
        };
        let (one, other) = (self.byte(), self.byte());
        let renew = Action::Renew { chain: 0, other_browser: false, address: 0, server };
        if self.chance(60) {
            // A client takes the wait over through the first URL. Then the page renews its URL again.
            let options = Options { cps: true, ..Options::default() };
            let (person, keys) = (one % 32, Keys::Both(one % LOCKS));
            let command = Command::Ident;
            let ident =
                RequestPlan { chain: 1, person, keys, command, options, ..RequestPlan::default() };
            return vec![visit, renew.clone(), Action::Request(ident), renew];
        }
        vec![visit, renew, ident(1, one % 32, one % LOCKS), ident(0, other % 32, other % LOCKS)]
    }

    /// The first request is refused without consuming the nut. Then the nut of the SQRL URL and the
    /// alias from the refusal are both used, in either order.
    fn refusal_and_alias(&mut self) -> Vec<Action> {
        let (one, other, number) = (self.byte() % 32, self.byte() % 32, self.byte() % LOCKS);
        let (late, address) = (self.chance(128), self.address());
        let request = |person, flaw| {
            let options = Options { noiptest: true, ..Options::default() };
            let (command, keys, flaw) = (Command::Ident, Keys::Both(number), Some(flaw));
            RequestPlan { person, command, options, keys, flaw, ..RequestPlan::default() }
        };
        let visit = self.visit();
        let refused = RequestPlan { address, ..request(one, Flaw::LongerServer) };
        // Each reply issues another nut. So the SQRL URL's nut is first the last but one.
        let first = request(other, Flaw::OldNutAndServer(if late { 1 } else { 2 }));
        let back = u8::from(late);
        let alias = RequestPlan { address, ..request(one, Flaw::OldNutAndServer(back)) };
        let (one, two) = if late { (first, alias) } else { (alias, first) };
        vec![visit, Action::Request(refused), Action::Request(one), Action::Request(two)]
    }

    /// A page polls, and mostly collects.
    fn poll_and_collect(&mut self) -> Vec<Action> {
        let (chain, other_browser) = (self.small(), self.chance(40));
        let poll = Action::Poll { chain, other_browser, server: self.server() };
        let collect = Action::Collect { chain, other_browser, server: self.server() };
        match self.byte() {
            0..60 => vec![poll],
            60..100 => vec![collect],
            _ => vec![poll, collect],
        }
    }

    /// A browser opens a CPS URL and mostly completes the sign-in.
    fn cps_sign_in(&mut self) -> Vec<Action> {
        let (url, other_browser, bits) = (self.small(), self.chance(80), self.byte());
        let browser = if bits < 220 { 0 } else { bits % BROWSERS };
        let server = bits / 4 % SERVERS;
        let open = Action::OpenCpsUrl { url, other_browser, server };
        let question = Action::ShowQuestion { browser, server };
        let (from_elsewhere, other_url) = (self.chance(80), self.chance(30));
        let confirm = Action::Confirm { browser, from_elsewhere, other_url, server };
        let sign_in = Action::SignInByCps { browser, server };
        match self.byte() {
            0..10 => {
                // The client is at another address, and the browser that waits opens the URL.
                let keys = Keys::Both(bits % LOCKS);
                let options = Options { cps: true, noiptest: true, ..Options::default() };
                let ident = RequestPlan {
                    person: bits % 32,
                    command: Command::Ident,
                    options,
                    keys,
                    address: 1,
                    ..RequestPlan::default()
                };
                let purpose = Purpose::Any;
                let visit = Action::Visit { browser, address: 0, server, purpose };
                let open = Action::OpenCpsUrl { url: 0, other_browser: false, server };
                let poll = Action::Poll { chain: 0, other_browser: false, server };
                vec![visit, Action::Request(ident), open, question, confirm, sign_in, poll]
            }
            10..30 => vec![open],
            30..50 => vec![question],
            50..70 => vec![confirm],
            70..90 => vec![sign_in],
            90..130 => vec![open, sign_in],
            _ => vec![open, question, confirm, sign_in],
        }
    }

    fn advance(&mut self) -> Advance {
        let lifetime = match self.below(8) {
            0 | 1 => return Advance::Seconds(1 + self.below(20)),
            2 | 3 => Lifetime::Cps,
            4 => Lifetime::Url,
            5 | 6 => Lifetime::Nut,
            _ => Lifetime::Chain,
        };
        Advance::Lifetime(lifetime, [0, 1, -1][usize::from(self.below(3))])
    }

    fn person(&mut self) -> u8 {
        self.below(PERSONS)
    }

    fn server(&mut self) -> u8 {
        self.below(SERVERS)
    }

    /// Mostly the first address.
    fn address(&mut self) -> u8 {
        let byte = self.byte();
        if byte < 200 { 0 } else { byte % ADDRESSES }
    }
}
