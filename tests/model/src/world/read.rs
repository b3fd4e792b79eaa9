//! What servers answer, as the model says it.

use http::header::LOCATION;
use tower_sqrl::nuts::NutState;
use tower_sqrl::protocol;
use tower_sqrl::{NotSignedIn as Refusal, SignInResult};
use tower_sqrl_client::wire;

use super::World;
use super::server::{Answer, ORIGIN};
use crate::seen::Seen;
use crate::spec::{Followed, Heard, NotSignedIn, Question, Reply, SignIn};
use crate::words::{Cps, Epoch, Nut, User};

impl World {
    pub(super) async fn replied(&mut self, answer: Answer) -> Seen {
        let reply = match wire::Reply::parse(&answer.body) {
            Ok(reply) if answer.status == 200 && reply.departures().is_empty() => reply,
            _ => return Seen::Strange(format!("{answer:?}")),
        };
        let (nut, raw) = (reply.nut, reply.raw);
        if reply.qry != format!("/cli.sqrl?nut={nut}") || reply.can.or(reply.sin).is_some() {
            return Seen::Strange(answer.body);
        }
        let suk = reply.suk.map(|suk| self.ring.lock_of(suk.as_bytes()));
        let url = reply.url.map(|url| url.strip_prefix(CPS).map(str::to_owned));
        let (Some(suk), Some(url)) = (transposed(suk), transposed(url)) else {
            return Seen::Strange(answer.body);
        };
        let url = url.map(|id| {
            self.urls.push(id);
            Cps(self.urls.len() - 1)
        });
        let tif = u16::try_from(reply.tif.0).expect("only defined flags");
        let live = self.is_live(&nut).await;
        self.nuts.push(nut);
        self.sent.push(raw);
        let nut = Nut(self.nuts.len() - 1);
        Seen::Reply(Reply { tif, nut, suk, ask: reply.ask.is_some(), url }, live)
    }

    /// Whether a nut is in the store. A look, which changes nothing.
    pub(super) async fn is_live(&self, nut: &str) -> bool {
        let Ok(nut) = nut.parse::<protocol::Nut>() else { return false };
        let record = self.stores.of(0).0.get_nut(&nut, NutState::Pending).await;
        record.expect("a store that works").is_some()
    }

    pub(super) fn heard(&self, answer: &Answer, link: Nut) -> Seen {
        let there = format!("{ORIGIN}/signed-in?nut={}", self.nuts[link.0]);
        Seen::Heard(match (answer.status.as_u16(), &*answer.body) {
            (200, url) if url == there => Heard::Ready,
            (404, "pending") => Heard::Pending,
            (404, "refused-superseded") => Heard::Refused(8),
            (404, "refused-new") => Heard::Refused(11),
            (404, "refused-disabled") => Heard::Refused(13),
            (410, "taken-over") => Heard::TakenOver,
            (410, "collected") => Heard::Collected,
            (410, "expired") => Heard::Expired,
            _ => return Seen::Strange(format!("{answer:?}")),
        })
    }

    pub(super) fn signed_in(&mut self, result: Option<SignInResult>, hint: Option<Epoch>) -> Seen {
        let Some(SignInResult(result)) = result else {
            return Seen::Strange("the application was told nothing".to_owned());
        };
        let sign_in = match result {
            Ok(sign_in) => sign_in,
            Err(Refusal::Nothing) => return Seen::SignIn(Err(NotSignedIn::Nothing)),
            Err(Refusal::Outdated) => return Seen::SignIn(Err(NotSignedIn::Outdated)),
            Err(other) => return Seen::Strange(other.to_string()),
        };
        let Some(key) = self.ring.key_of(sign_in.idk().as_bytes()) else {
            return Seen::Strange("somebody unknown has signed in".to_owned());
        };
        Seen::SignIn(Ok(SignIn {
            key,
            epoch: self.epoch(sign_in.epoch().get(), hint),
            user: sign_in.user().and_then(|user| user_named(user.as_str())),
            sqrlonly: sign_in.sqrlonly(),
            hardlock: sign_in.hardlock(),
            button: sign_in.button().map(protocol::Button::digit),
            same_address: sign_in.same_address(),
        }))
    }

    /// The model's epoch for that number: the one that it was called before, or the expected.
    pub(super) fn epoch(&mut self, number: u64, expected: Option<Epoch>) -> Epoch {
        let is_new = expected.filter(|it| !self.epochs.values().any(|known| known == it));
        match (self.epochs.get(&number), is_new) {
            (Some(known), _) => *known,
            (None, Some(expected)) => {
                self.epochs.insert(number, expected);
                expected
            }
            (None, None) => Epoch::STRANGE,
        }
    }

    pub(super) fn question(answer: &Answer) -> Seen {
        if answer.status == 410 {
            return Seen::Question(Question::Gone);
        }
        let shows = |text: &str| answer.body.contains(text);
        let account = [0, 1].map(User).into_iter().find(|&user| shows(&name(user)));
        match (answer.status.as_u16(), account, shows("a new identity")) {
            (200, Some(user), false) => Seen::Question(Question::Account(user)),
            (200, None, true) => Seen::Question(Question::New),
            _ => Seen::Strange(format!("{answer:?}")),
        }
    }
}

/// What stands before the id in a CPS URL.
const CPS: &str = "https://example.com/cps.sqrl?";

/// Nothing, or something that is known; none for what is not.
#[allow(clippy::option_option, reason = "that is what it sorts out")]
fn transposed<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}

pub(super) fn location(answer: &Answer) -> Option<&str> {
    answer.headers.get(LOCATION)?.to_str().ok()
}

pub(super) fn followed(answer: &Answer) -> Seen {
    Seen::Followed(match (answer.status.as_u16(), location(answer)) {
        (303, Some("/signed-in")) => Followed::Go,
        (303, Some("/cps.sqrl")) => Followed::Ask,
        (303, Some("/cps.sqrl?gone")) => Followed::Told("gone"),
        (303, Some("/cps.sqrl?disabled")) => Followed::Told("disabled"),
        (303, Some("/cps.sqrl?enabled")) => Followed::Told("enabled"),
        (303, Some("/cps.sqrl?removed")) => Followed::Told("removed"),
        _ => return Seen::Strange(format!("{answer:?}")),
    })
}

/// An account's name.
pub(super) fn name(user: User) -> String {
    format!("account-{}", user.0)
}

pub(super) fn user_named(name: &str) -> Option<User> {
    name.strip_prefix("account-")?.parse().ok().map(User)
}
