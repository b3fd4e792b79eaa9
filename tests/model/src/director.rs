//! From what somebody does to what exactly happens: the director knows the state that the
//! model is in, and reads an action's numbers relative to it.

use crate::history::{Action, Keys, Lifetime, Pass, Previous, Purpose, Send, Twist, Urs};
use crate::seen::Seen;
use crate::spec::{Asked, COLLECTED, Reply, Request, Said, Spec, State};
use crate::words::{
    ADDRESSES, Address, BROWSERS, Browser, Cps, GENERATIONS, Key, Lock, Nut, PERSONS, SERVERS,
    Seconds, Server, User,
};

/// What exactly happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A browser asks for a link.
    Visit(Server, Browser, Address, Purpose, Option<Key>),
    /// A browser asks for a new link in place of one.
    Renew(Server, Browser, Address, Nut),
    /// A client sends a request; the number is that of an earlier one whose bytes it has.
    Client(Server, Address, Request, Option<usize>),
    /// A browser asks whether it has happened.
    Poll(Server, Browser, Nut),
    /// A browser wants the sign-in.
    Collect(Server, Browser, Nut),
    /// A browser is sent to a CPS URL.
    Follow(Server, Browser, Cps),
    /// A browser shows the question.
    Question(Server, Browser),
    /// A browser answers it, for that URL, from a page of ours or from elsewhere.
    Confirm(Server, Browser, Option<Cps>, bool),
    /// A browser goes on to the sign-in.
    Land(Server, Browser),
    /// Two of these at the same instant, and which store calls wait for others.
    Race(Box<[Step; 2]>, u8),
    /// Time passes.
    Pass(Seconds),
    /// The application links an identity with an account, or unlinks it.
    Account(Server, Key, Option<User>),
}

/// What the director remembers beside the model's state.
#[derive(Debug, Default)]
pub(crate) struct Director {
    chains: Vec<Chain>,
    /// Every request, and where it came from.
    requests: Vec<(Address, Request)>,
    /// Whose link each CPS URL answered.
    urls: Vec<Browser>,
    follower: u8,
}

/// A link, and the nuts of its chain.
#[derive(Debug)]
struct Chain {
    browser: Browser,
    address: Address,
    nuts: Vec<Nut>,
}

impl Director {
    /// What an action comes to; nothing, where there is nothing to do it with.
    pub(crate) fn direct(&mut self, spec: &Spec, action: &Action) -> Option<Step> {
        let server = |number: u8| Server(number % SERVERS);
        Some(match *action {
            Action::Visit { browser, address, server: at, purpose } => {
                let browser = Browser(browser % BROWSERS);
                let only = match purpose {
                    Purpose::Only(person) => Some(current(spec, person % PERSONS)),
                    _ => None,
                };
                let address = Address(address % ADDRESSES);
                spec.has_room(browser).then_some(Step::Visit(
                    server(at),
                    browser,
                    address,
                    purpose,
                    only,
                ))?
            }
            Action::Renew { link, stranger, address, server: at } => {
                let chain = self.chain(link)?;
                let browser = chain.browser(stranger);
                let room = spec.has_room(browser);
                room.then(|| Step::Renew(server(at), browser, chain.from(address), chain.link()))?
            }
            Action::Send(ref send) => self.send(spec, send)?,
            Action::Replay { request, other_nut, address, server: at } => {
                let number = back(self.requests.len(), request)?;
                let (from, mut request) = self.requests[number].clone();
                if other_nut {
                    request.nut = Asked::Nut(Nut(spec.nuts().checked_sub(1)?));
                }
                let from = if address == 0 { from } else { Address(address % ADDRESSES) };
                Step::Client(server(at), from, request, Some(number))
            }
            Action::Poll { link, stranger, server: at } => {
                let chain = self.chain(link)?;
                Step::Poll(server(at), chain.browser(stranger), chain.link())
            }
            Action::Collect { link, stranger, server: at } => {
                let chain = self.chain(link)?;
                Step::Collect(server(at), chain.browser(stranger), chain.link())
            }
            Action::Follow { url, stranger, server: at } => {
                let number = back(self.urls.len(), url)?;
                let browser = other(self.urls[number], stranger);
                self.follower = browser.0;
                Step::Follow(server(at), browser, Cps(number))
            }
            Action::Question { browser, server: at } => {
                Step::Question(server(at), self.follower(browser))
            }
            Action::Confirm { browser, from_elsewhere, other_url, server: at } => {
                let browser = self.follower(browser);
                let newest = self.urls.len().checked_sub(1).map(Cps);
                let url = if other_url { newest } else { spec.asked_about(browser) };
                Step::Confirm(server(at), browser, url, !from_elsewhere)
            }
            Action::Land { browser, server: at } => Step::Land(server(at), self.follower(browser)),
            Action::Race { ref one, ref other, servers, turns } => {
                // Whom a server slows down depends on which request it counts first.
                if spec.counts_failures() {
                    return None;
                }
                let one = self.send(spec, one)?;
                let other =
                    other.as_ref().map_or(Some(one.clone()), |other| self.send(spec, other));
                let both = [at_server(one, servers[0]), at_server(other?, servers[1])];
                Step::Race(Box::new(both), turns)
            }
            Action::RaceToCollect { link, servers, turns } => {
                let chain = self.chain(link)?;
                let collect = |at| Step::Collect(server(at), chain.browser, chain.link());
                Step::Race(Box::new(servers.map(collect)), turns)
            }
            Action::Pass(pass) => Step::Pass(seconds(spec, pass)),
            Action::Account { person, user, server: at } => {
                Step::Account(server(at), current(spec, person % PERSONS), user.map(User))
            }
        })
    }

    /// Remembers what has come of a step.
    pub(crate) fn note(&mut self, step: &Step, seen: &Seen) {
        match (step, seen) {
            (
                &(Step::Visit(_, browser, address, ..) | Step::Renew(_, browser, address, _)),
                &Seen::Link(Some(link)),
            ) => self.chains.push(Chain { browser, address, nuts: vec![link] }),
            (Step::Client(_, address, request, _), Seen::Reply(reply, _)) => {
                self.answered(*address, request, reply);
            }
            _ => {}
        }
    }

    fn answered(&mut self, address: Address, request: &Request, reply: &Reply) {
        let chain = match request.nut {
            Asked::Nut(old) => self.chains.iter().position(|chain| chain.nuts.contains(&old)),
            _ => None,
        };
        if let Some(chain) = chain {
            self.chains[chain].nuts.push(reply.nut);
            self.urls.extend(reply.url.map(|_| self.chains[chain].browser));
        }
        self.requests.push((address, request.clone()));
    }

    fn chain(&self, link: u8) -> Option<&Chain> {
        Some(&self.chains[back(self.chains.len(), link)?])
    }

    /// A chain that can go on, and with which nut.
    fn going_on(&self, spec: &Spec, link: u8) -> Option<(&Chain, Nut)> {
        let live = self.chains.iter().filter_map(|chain| Some((chain, chain.newest(spec)?)));
        let live: Vec<_> = live.collect();
        Some(live[back(live.len(), link)?])
    }

    fn follower(&self, browser: u8) -> Browser {
        Browser((self.follower + browser) % BROWSERS)
    }

    fn send(&self, spec: &Spec, send: &Send) -> Option<Step> {
        let (chain, nut) = self.going_on(spec, send.link)?;
        let (owner, own) = (spec.owner(nut), send.person % 4 != 3);
        let person = match owner.filter(|_| own) {
            Some(owner) => owner.person(),
            None => [0, 0, 0, 0, 0, 1, 1, 2][usize::from(send.person / 4 % 8)],
        };
        let idk = match owner.filter(|_| own) {
            Some(owner) => owner,
            None if send.next_generation => next(spec, person),
            None => current(spec, person),
        };
        let lock = |number| Lock::of(person, number);
        let (suk, vuk) = match send.keys {
            Keys::None => (None, None),
            Keys::Both(number) => (Some(lock(number)), Some(lock(number))),
            Keys::Suk => (Some(lock(0)), None),
            Keys::Vuk => (None, Some(lock(0))),
        };
        let previous = previous(spec, idk);
        let (pidk, pids) = match send.previous {
            Previous::None => (None, None),
            Previous::Own => (Some(previous), Some(previous)),
            Previous::Any(generation) => {
                let key = Key::of(person, generation % GENERATIONS);
                (Some(key), Some(key))
            }
            Previous::Stolen(by) => {
                let key = current(spec, (person + 1 + by % (PERSONS - 1)) % PERSONS);
                (Some(key), Some(idk))
            }
            Previous::Unsigned => (Some(previous), None),
        };
        let stored = [Some(idk), pidk].into_iter().flatten().find_map(|key| match spec.key(key) {
            Some(State::Live(identity)) => Some(identity.lock),
            _ => None,
        });
        let urs = match send.urs {
            Urs::None => None,
            Urs::Owner => Some(stored.unwrap_or(lock(0))),
            Urs::Presented => Some(vuk.unwrap_or(lock(0))),
            Urs::Other(by) => Some(Lock::of((person + 1 + by % (PERSONS - 1)) % PERSONS, by)),
        };
        let request = Request {
            nut: Asked::Nut(nut),
            server: Said::Sent(nut),
            malformed: None,
            command: send.command,
            idk,
            ids: idk,
            pidk,
            pids,
            suk,
            vuk,
            urs,
            options: send.options,
            // Whoever is asked answers.
            button: send.button.or(spec.is_asked(nut).then_some(send.person % 3)),
        };
        let request = match send.twist {
            Some(twist) => twisted(spec, &request, nut, twist)?,
            None => request,
        };
        Some(Step::Client(Server(send.server % SERVERS), chain.from(send.address), request, None))
    }
}

impl Chain {
    fn link(&self) -> Nut {
        self.nuts[0]
    }

    /// The newest nut that is in the store.
    fn newest(&self, spec: &Spec) -> Option<Nut> {
        self.nuts.iter().rev().copied().find(|&nut| spec.is_live(nut))
    }

    fn browser(&self, stranger: bool) -> Browser {
        other(self.browser, stranger)
    }

    fn from(&self, address: u8) -> Address {
        if address == 0 { self.address } else { Address(address % ADDRESSES) }
    }
}

fn at_server(step: Step, number: u8) -> Step {
    match step {
        Step::Client(_, address, request, replayed) => {
            Step::Client(Server(number % SERVERS), address, request, replayed)
        }
        other => other,
    }
}

fn other(browser: Browser, stranger: bool) -> Browser {
    Browser((browser.0 + u8::from(stranger)) % BROWSERS)
}

/// The one so many back from the last.
fn back(count: usize, number: u8) -> Option<usize> {
    (count > 0).then(|| count - 1 - usize::from(number) % count)
}

fn is_live(spec: &Spec, key: Key) -> bool {
    matches!(spec.key(key), Some(State::Live(_)))
}

fn keys(person: u8) -> impl DoubleEndedIterator<Item = Key> {
    (0..GENERATIONS).map(move |generation| Key::of(person, generation))
}

/// The newest of a person's keys that the site knows, or the oldest that is not left behind.
fn current(spec: &Spec, person: u8) -> Key {
    let live = keys(person).rev().find(|&key| is_live(spec, key));
    let unknown = || keys(person).find(|&key| spec.key(key).is_none());
    live.or_else(unknown).unwrap_or(Key::of(person, 0))
}

/// What the person's next identity has for a key.
fn next(spec: &Spec, person: u8) -> Key {
    let key = current(spec, person);
    let following = || keys(person).find(|&it| it > key && spec.key(it).is_none());
    if is_live(spec, key) { following().unwrap_or(key) } else { key }
}

/// The newest other key of the same person that the site knows, or the one before.
fn previous(spec: &Spec, idk: Key) -> Key {
    let person = idk.person();
    let live = keys(person).rev().find(|&key| key != idk && is_live(spec, key));
    live.unwrap_or(Key::of(person, (idk.generation() + GENERATIONS - 1) % GENERATIONS))
}

fn twisted(spec: &Spec, right: &Request, nut: Nut, twist: Twist) -> Option<Request> {
    let person = right.idk.person();
    let right = right.clone();
    let old = |number| back(spec.nuts(), number).map(Nut);
    Some(match twist {
        Twist::StolenIdk(by) => {
            let idk = current(spec, (person + 1 + by % (PERSONS - 1)) % PERSONS);
            Request { idk, ids: right.idk, ..right }
        }
        Twist::WrongIds => {
            let ids = Key::of(person, (right.idk.generation() + 1) % GENERATIONS);
            Request { ids, ..right }
        }
        Twist::LeftBehind => {
            let left = |&key: &Key| spec.key(key) == Some(State::Superseded);
            let idk = (0..PERSONS).flat_map(keys).find(left)?;
            Request { idk, ids: idk, ..right }
        }
        Twist::OldNut(number) => Request { nut: Asked::Nut(old(number)?), ..right },
        Twist::OldNutAndServer(number) => {
            Request { nut: Asked::Nut(old(number)?), server: Said::Sent(old(number)?), ..right }
        }
        Twist::MadeUpNut => Request { nut: Asked::MadeUp, ..right },
        Twist::NoNut => Request { nut: Asked::Nothing, ..right },
        Twist::OtherServer(number) => Request { server: Said::Sent(old(number)?), ..right },
        Twist::LongerServer => Request { server: Said::Longer(nut), ..right },
        Twist::Can => Request { server: Said::WithCan(nut), ..right },
        Twist::EmptyCan => Request { server: Said::EmptyCan(nut), ..right },
        Twist::Malformed(how) => Request { malformed: Some(how), ..right },
    })
}

fn seconds(spec: &Spec, pass: Pass) -> Seconds {
    let lifetimes = spec.lifetimes();
    match pass {
        Pass::Seconds(seconds) => Seconds::from(seconds).min(lifetimes.cps),
        Pass::Lifetime(lifetime, more) => {
            let whole = match lifetime {
                Lifetime::Cps => lifetimes.cps,
                Lifetime::Collected => COLLECTED.min(lifetimes.chain),
                Lifetime::Link => lifetimes.link,
                Lifetime::Later => lifetimes.later,
                Lifetime::Chain => lifetimes.chain,
            };
            whole.saturating_add_signed(more.into())
        }
    }
}
