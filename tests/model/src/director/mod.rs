//! From what somebody does to what exactly happens: the director knows the state that the
//! model is in, and reads an action's numbers relative to it.

mod request;

use self::request::current;
use crate::history::{Action, Lifetime, Pass, Purpose};
use crate::seen::Seen;
use crate::spec::{Asked, Reply, Request, Spec};
use crate::words::{
    ADDRESSES, Address, BROWSERS, Browser, Cps, Key, Nut, PERSONS, SERVERS, Seconds, Server, User,
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
                Step::Renew(server(at), browser, chain.from(address), chain.link())
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
                // Whom a server refuses depends on which request it counts first, and what it
                // counts on what it finds before either writes.
                if spec.counts_by_address() {
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
                &Seen::Link(Ok(link)),
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

fn seconds(spec: &Spec, pass: Pass) -> Seconds {
    let lifetimes = spec.lifetimes();
    match pass {
        Pass::Seconds(seconds) => Seconds::from(seconds).min(lifetimes.cps),
        Pass::Lifetime(lifetime, more) => {
            let whole = match lifetime {
                Lifetime::Cps => lifetimes.cps,
                Lifetime::Link => lifetimes.link,
                Lifetime::Later => lifetimes.later,
                Lifetime::Chain => lifetimes.chain,
            };
            whole.saturating_add_signed(more.into())
        }
    }
}
