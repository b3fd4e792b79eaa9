use crate::spec::{CpsQuestion, CpsRedirect, NoUrl, NotSignedIn, PollResult, Reply, SignIn, Spec};
use crate::step::Step;
use crate::values::Nut;

/// What a client, a browser or the application observes of a step, in the model or in the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Observation {
    /// A SQRL URL, or the reason why there is none.
    SqrlUrl(Result<Nut, NoUrl>),
    /// The reply to a client, and whether its nut is live.
    Reply(Reply, bool),
    /// The result of a poll.
    Poll(PollResult),
    /// What the application receives.
    SignIn(Result<SignIn, NotSignedIn>),
    /// The redirect of a CPS URL.
    Redirect(CpsRedirect),
    /// The question before a CPS sign-in.
    Question(CpsQuestion),
    /// Whether the server accepted the answer to the question.
    Confirmed(bool),
    /// Whether the identity was linked or unlinked.
    AccountSet(bool),
    /// The step has no observable result.
    Nothing,
    /// A result that no rule allows.
    Unexpected(String),
}

/// Performs a step in the model and returns what it observes.
pub(crate) fn expected(spec: &mut Spec, step: &Step) -> Observation {
    match *step {
        Step::Visit(at, browser, address, purpose, only) => {
            Observation::SqrlUrl(spec.visit(at, browser, address, purpose, only))
        }
        Step::Renew(at, browser, address, old) => {
            Observation::SqrlUrl(spec.renew(at, browser, address, old))
        }
        Step::Request(at, address, ref request, _) => {
            let reply = spec.request(at, address, request);
            Observation::Reply(reply, spec.is_live(reply.nut))
        }
        Step::Poll(at, browser, url) => Observation::Poll(spec.poll(at, browser, url)),
        Step::Collect(at, browser, url) => Observation::SignIn(spec.collect(at, browser, url)),
        Step::OpenCpsUrl(_, browser, url) => Observation::Redirect(spec.open_cps_url(browser, url)),
        Step::ShowQuestion(_, browser) => Observation::Question(spec.question(browser)),
        Step::Confirm(_, browser, url, same_origin) => {
            Observation::Confirmed(same_origin && spec.confirm(browser, url))
        }
        Step::SignInByCps(_, browser) => Observation::SignIn(spec.sign_in_by_cps(browser)),
        Step::Race(..) => unreachable!("the two steps of a race are performed one by one"),
        Step::Advance(seconds) => {
            spec.advance(seconds);
            Observation::Nothing
        }
        Step::SetAccount(_, key, user) => Observation::AccountSet(spec.set_account(key, user)),
    }
}
