//! Reads the responses of servers into observations.

use http::header::LOCATION;
use tower_sqrl::nuts::NutState;
use tower_sqrl::protocol;
use tower_sqrl::{NotSignedIn as Refusal, SignInResult};
use tower_sqrl_client::wire;

use super::server::{ORIGIN, ServerResponse};
use super::{System, account_name, account_named};
use crate::observation::Observation;
use crate::spec::{CpsQuestion, CpsRedirect, NotSignedIn, PollResult, Reply, SignIn};
use crate::values::{CpsUrl, Epoch, Nut, User};

impl System {
    pub(super) async fn client_response(&mut self, response: ServerResponse) -> Observation {
        let reply = match wire::Reply::parse(&response.body) {
            Ok(reply) if response.status == 200 && reply.deviations().is_empty() => reply,
            _ => return Observation::Unexpected(format!("{response:?}")),
        };
        let (nut, raw) = (reply.nut, reply.raw);
        if reply.qry != format!("/cli.sqrl?nut={nut}") || reply.can.or(reply.sin).is_some() {
            return Observation::Unexpected(response.body);
        }
        let suk = reply.suk.map(|suk| self.key_ring.lock_of(suk.as_bytes()));
        let cps_url = reply.url.map(|url| url.strip_prefix(CPS_URL).map(str::to_owned));
        let (Some(suk), Some(cps_url)) = (known(suk), known(cps_url)) else {
            return Observation::Unexpected(response.body);
        };
        let cps_url = cps_url.map(|id| {
            self.cps_urls.push(id);
            CpsUrl(self.cps_urls.len() - 1)
        });
        let tif = u16::try_from(reply.tif.0).expect("only defined flags");
        let live = self.is_live(&nut).await;
        self.nuts.push(nut);
        self.sent.push(raw);
        let nut = Nut(self.nuts.len() - 1);
        Observation::Reply(Reply { tif, nut, suk, ask: reply.ask.is_some(), cps_url }, live)
    }

    /// Whether a nut is in the store. This consumes nothing.
    pub(super) async fn is_live(&self, nut: &str) -> bool {
        let Ok(nut) = nut.parse::<protocol::Nut>() else { return false };
        let record = self.stores.of(0).0.get_nut(&nut, NutState::Pending).await;
        record.expect("a store that works").is_some()
    }

    pub(super) fn poll_response(&self, response: &ServerResponse, sqrl_url: Nut) -> Observation {
        let ready = format!("{ORIGIN}/signed-in?nut={}", self.nuts[sqrl_url.0]);
        Observation::Poll(match (response.status.as_u16(), &*response.body) {
            (200, url) if url == ready => PollResult::Ready,
            (404, "pending") => PollResult::Pending,
            (404, "refused-superseded") => PollResult::Refused(8),
            (404, "refused-new") => PollResult::Refused(11),
            (404, "refused-disabled") => PollResult::Refused(13),
            (410, "taken-over") => PollResult::TakenOver,
            (410, "collected") => PollResult::Collected,
            (410, "expired") => PollResult::Expired,
            _ => return Observation::Unexpected(format!("{response:?}")),
        })
    }

    pub(super) fn signed_in(
        &mut self,
        result: Option<SignInResult>,
        expected_epoch: Option<Epoch>,
    ) -> Observation {
        let Some(SignInResult(result)) = result else {
            return Observation::Unexpected("the application received no result".to_owned());
        };
        let sign_in = match result {
            Ok(sign_in) => sign_in,
            Err(Refusal::Nothing) => return Observation::SignIn(Err(NotSignedIn::Nothing)),
            Err(Refusal::Outdated) => return Observation::SignIn(Err(NotSignedIn::Outdated)),
            Err(other) => return Observation::Unexpected(other.to_string()),
        };
        let Some(key) = self.key_ring.key_of(sign_in.idk().as_bytes()) else {
            return Observation::Unexpected("an unknown identity has signed in".to_owned());
        };
        Observation::SignIn(Ok(SignIn {
            key,
            epoch: self.epoch(sign_in.epoch().get(), expected_epoch),
            user: sign_in.user().and_then(|user| account_named(user.as_str())),
            sqrlonly: sign_in.sqrlonly(),
            hardlock: sign_in.hardlock(),
            button: sign_in.button().map(protocol::Button::digit),
            same_address: sign_in.same_address(),
        }))
    }

    /// Returns the model's epoch for a number of the engine. A new number becomes `expected`, unless
    /// that already has a number.
    pub(super) fn epoch(&mut self, number: u64, expected: Option<Epoch>) -> Epoch {
        let is_new = expected.filter(|it| !self.epochs.values().any(|known| known == it));
        match (self.epochs.get(&number), is_new) {
            (Some(known), _) => *known,
            (None, Some(expected)) => {
                self.epochs.insert(number, expected);
                expected
            }
            (None, None) => Epoch::UNKNOWN,
        }
    }

    pub(super) fn question(response: &ServerResponse) -> Observation {
        if response.status == 410 {
            return Observation::Question(CpsQuestion::Gone);
        }
        let shows = |text: &str| response.body.contains(text);
        let account = [0, 1].map(User).into_iter().find(|&user| shows(&account_name(user)));
        match (response.status.as_u16(), account, shows("a new identity")) {
            (200, Some(user), false) => Observation::Question(CpsQuestion::Account(user)),
            (200, None, true) => Observation::Question(CpsQuestion::New),
            _ => Observation::Unexpected(format!("{response:?}")),
        }
    }

    pub(super) fn cps_redirect(response: &ServerResponse) -> Observation {
        Observation::Redirect(match (response.status.as_u16(), location(response)) {
            (303, Some("/signed-in")) => CpsRedirect::SignIn,
            (303, Some("/cps.sqrl")) => CpsRedirect::Question,
            (303, Some("/cps.sqrl?gone")) => CpsRedirect::Page("gone"),
            (303, Some("/cps.sqrl?done")) => CpsRedirect::Page("done"),
            (303, Some("/cps.sqrl?disabled")) => CpsRedirect::Page("disabled"),
            (303, Some("/cps.sqrl?enabled")) => CpsRedirect::Page("enabled"),
            (303, Some("/cps.sqrl?removed")) => CpsRedirect::Page("removed"),
            _ => return Observation::Unexpected(format!("{response:?}")),
        })
    }
}

/// The part of a CPS URL before its id.
const CPS_URL: &str = "https://example.com/cps.sqrl?";

/// Returns an absent or a known value, or `None` for an unknown value.
#[allow(clippy::option_option, reason = "absent and unknown are different")]
fn known<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}

pub(super) fn location(response: &ServerResponse) -> Option<&str> {
    response.headers.get(LOCATION)?.to_str().ok()
}
