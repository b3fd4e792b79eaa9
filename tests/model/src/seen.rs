//! What is to be seen of a step, from outside: by a client, a browser, the application.

use crate::director::Step;
use crate::spec::{Followed, Heard, NoLink, NotSignedIn, Question, Reply, SignIn, Spec};
use crate::words::Nut;

/// What a step comes to, said the same way by the model and by the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A link, or the word that there is none.
    Link(Result<Nut, NoLink>),
    /// A client's reply, and whether the store knows its nut.
    Reply(Reply, bool),
    /// What the waiting page heard.
    Heard(Heard),
    /// What the application has learned.
    SignIn(Result<SignIn, NotSignedIn>),
    /// Where a CPS URL leads.
    Followed(Followed),
    /// What the page that asks shows.
    Question(Question),
    /// Whether an answer to it counts.
    Confirmed(bool),
    /// Whether an account was linked or unlinked.
    Account(bool),
    /// Nothing to see.
    Nothing,
    /// Nothing that any rule allows.
    Strange(String),
}

/// What the model says of a step.
pub(crate) fn expected(spec: &mut Spec, step: &Step) -> Seen {
    match *step {
        Step::Visit(at, browser, address, purpose, only) => {
            Seen::Link(spec.visit(at, browser, address, purpose, only))
        }
        Step::Renew(at, browser, address, old) => Seen::Link(spec.renew(at, browser, address, old)),
        Step::Client(at, address, ref request, _) => {
            let reply = spec.client(at, address, request);
            Seen::Reply(reply, spec.is_live(reply.nut))
        }
        Step::Poll(at, browser, link) => Seen::Heard(spec.poll(at, browser, link)),
        Step::Collect(at, browser, link) => Seen::SignIn(spec.collect(at, browser, link)),
        Step::Follow(_, browser, url) => Seen::Followed(spec.follow(browser, url)),
        Step::Question(_, browser) => Seen::Question(spec.question(browser)),
        Step::Confirm(_, browser, url, same_origin) => {
            Seen::Confirmed(same_origin && spec.confirm(browser, url))
        }
        Step::Land(_, browser) => Seen::SignIn(spec.land(browser)),
        Step::Race(..) => unreachable!("its two steps come one after the other here"),
        Step::Pass(seconds) => {
            spec.pass(seconds);
            Seen::Nothing
        }
        Step::Account(_, key, user) => Seen::Account(spec.set_user(key, user)),
    }
}
