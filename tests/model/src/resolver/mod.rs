//! Resolves an action, whose numbers are relative, into a step in the current state of the model.

mod request;

use self::request::{current_key, nth_newest};
use crate::history::{Action, Advance, Lifetime, Purpose, RequestPlan};
use crate::observation::Observation;
use crate::spec::{NutParam, Reply, Request, Spec};
use crate::step::Step;
use crate::values::{
    ADDRESSES, Address, BROWSERS, Browser, CpsUrl, Nut, PERSONS, SERVERS, Seconds, Server, User,
};

/// What actions refer to, beside the state of the model.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    chains: Vec<Chain>,
    requests: Vec<(Address, Request)>,
    /// For each CPS URL, the browser that requested the SQRL URL of its chain.
    cps_urls: Vec<Browser>,
    /// The browser that opened a CPS URL last.
    cps_browser: u8,
}

#[derive(Debug)]
struct Chain {
    /// The browser that requested the SQRL URL, and its address.
    browser: Browser,
    address: Address,
    /// The first is the nut of the SQRL URL.
    nuts: Vec<Nut>,
}

impl Resolver {
    /// Returns the step, or `None` if nothing exists that the action could refer to.
    pub(crate) fn resolve(&mut self, spec: &Spec, action: &Action) -> Option<Step> {
        let server = |number: u8| Server(number % SERVERS);
        Some(match *action {
            Action::Visit { browser, address, server: at, purpose } => {
                let browser = Browser(browser % BROWSERS);
                let only = match purpose {
                    Purpose::Only(person) => Some(current_key(spec, person % PERSONS)),
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
            Action::Renew { chain, other_browser, address, server: at } => {
                let chain = self.chain(chain)?;
                let browser = chain.browser(other_browser);
                Step::Renew(server(at), browser, chain.address(address), chain.first_nut())
            }
            Action::Request(ref plan) => self.request(spec, plan)?,
            Action::Replay { request, other_nut, address, server: at } => {
                let number = nth_newest(self.requests.len(), request)?;
                let (from, mut request) = self.requests[number].clone();
                if other_nut {
                    request.nut = NutParam::Nut(Nut(spec.nuts().checked_sub(1)?));
                }
                let from = if address == 0 { from } else { Address(address % ADDRESSES) };
                Step::Request(server(at), from, request, Some(number))
            }
            Action::Poll { chain, other_browser, server: at } => {
                let chain = self.chain(chain)?;
                Step::Poll(server(at), chain.browser(other_browser), chain.first_nut())
            }
            Action::Collect { chain, other_browser, server: at } => {
                let chain = self.chain(chain)?;
                Step::Collect(server(at), chain.browser(other_browser), chain.first_nut())
            }
            Action::OpenCpsUrl { url, other_browser, server: at } => {
                let number = nth_newest(self.cps_urls.len(), url)?;
                let browser = next_browser(self.cps_urls[number], other_browser);
                self.cps_browser = browser.0;
                Step::OpenCpsUrl(server(at), browser, CpsUrl(number))
            }
            Action::ShowQuestion { browser, server: at } => {
                Step::ShowQuestion(server(at), self.cps_browser(browser))
            }
            Action::Confirm { browser, from_elsewhere, other_url, server: at } => {
                let browser = self.cps_browser(browser);
                let newest = self.cps_urls.len().checked_sub(1).map(CpsUrl);
                let url = if other_url { newest } else { spec.asked_about(browser) };
                Step::Confirm(server(at), browser, url, !from_elsewhere)
            }
            Action::SignInByCps { browser, server: at } => {
                Step::SignInByCps(server(at), self.cps_browser(browser))
            }
            Action::Race { ref one, ref other, servers, yields } => {
                // With limits, the result depends on which request is counted first, and the
                // count depends on what a request finds before either one writes.
                if spec.has_limits() {
                    return None;
                }
                let one = self.request(spec, one)?;
                let other =
                    other.as_ref().map_or(Some(one.clone()), |other| self.request(spec, other));
                let both = [with_server(one, servers[0]), with_server(other?, servers[1])];
                Step::Race(Box::new(both), yields)
            }
            Action::RaceToCollect { chain, servers, yields } => {
                let chain = self.chain(chain)?;
                let collect = |at| Step::Collect(server(at), chain.browser, chain.first_nut());
                Step::Race(Box::new(servers.map(collect)), yields)
            }
            Action::Advance(advance) => Step::Advance(seconds(spec, advance)),
            Action::SetAccount { person, user, server: at } => {
                Step::SetAccount(server(at), current_key(spec, person % PERSONS), user.map(User))
            }
        })
    }

    /// Records the result of a step.
    pub(crate) fn record(&mut self, step: &Step, observed: &Observation) {
        match (step, observed) {
            (
                &(Step::Visit(_, browser, address, ..) | Step::Renew(_, browser, address, _)),
                &Observation::SqrlUrl(Ok(nut)),
            ) => self.chains.push(Chain { browser, address, nuts: vec![nut] }),
            (Step::Request(_, address, request, _), Observation::Reply(reply, _)) => {
                self.record_reply(*address, request, reply);
            }
            _ => {}
        }
    }

    fn record_reply(&mut self, address: Address, request: &Request, reply: &Reply) {
        let chain = match request.nut {
            NutParam::Nut(old) => self.chains.iter().position(|chain| chain.nuts.contains(&old)),
            _ => None,
        };
        if let Some(chain) = chain {
            self.chains[chain].nuts.push(reply.nut);
            self.cps_urls.extend(reply.cps_url.map(|_| self.chains[chain].browser));
        }
        self.requests.push((address, request.clone()));
    }

    fn request(&self, spec: &Spec, plan: &RequestPlan) -> Option<Step> {
        let (chain, nut) = self.live_chain(spec, plan.chain)?;
        let request = request::resolve(spec, nut, plan)?;
        let (server, address) = (Server(plan.server % SERVERS), chain.address(plan.address));
        Some(Step::Request(server, address, request, None))
    }

    fn chain(&self, number: u8) -> Option<&Chain> {
        Some(&self.chains[nth_newest(self.chains.len(), number)?])
    }

    /// A chain with a live nut, and that nut.
    fn live_chain(&self, spec: &Spec, number: u8) -> Option<(&Chain, Nut)> {
        let live = self.chains.iter().filter_map(|chain| Some((chain, chain.live_nut(spec)?)));
        let live: Vec<_> = live.collect();
        Some(live[nth_newest(live.len(), number)?])
    }

    fn cps_browser(&self, browser: u8) -> Browser {
        Browser((self.cps_browser + browser) % BROWSERS)
    }
}

impl Chain {
    fn first_nut(&self) -> Nut {
        self.nuts[0]
    }

    /// The newest live nut.
    fn live_nut(&self, spec: &Spec) -> Option<Nut> {
        self.nuts.iter().rev().copied().find(|&nut| spec.is_live(nut))
    }

    fn browser(&self, other_browser: bool) -> Browser {
        next_browser(self.browser, other_browser)
    }

    fn address(&self, address: u8) -> Address {
        if address == 0 { self.address } else { Address(address % ADDRESSES) }
    }
}

fn with_server(step: Step, number: u8) -> Step {
    match step {
        Step::Request(_, address, request, replayed) => {
            Step::Request(Server(number % SERVERS), address, request, replayed)
        }
        other => other,
    }
}

/// Returns the next browser if `other_browser` is set.
fn next_browser(browser: Browser, other_browser: bool) -> Browser {
    Browser((browser.0 + u8::from(other_browser)) % BROWSERS)
}

fn seconds(spec: &Spec, advance: Advance) -> Seconds {
    let lifetimes = spec.lifetimes();
    match advance {
        Advance::Seconds(seconds) => Seconds::from(seconds).min(lifetimes.cps),
        Advance::Lifetime(lifetime, more) => {
            let whole = match lifetime {
                Lifetime::Cps => lifetimes.cps,
                Lifetime::Url => lifetimes.url,
                Lifetime::Nut => lifetimes.nut,
                Lifetime::Chain => lifetimes.chain,
            };
            whole.saturating_add_signed(more.into())
        }
    }
}
