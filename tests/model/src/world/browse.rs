//! What browsers ask for.

use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use tower_sqrl::ChallengeOptions;
use tower_sqrl::protocol::{self, Ask};
use tower_sqrl_client::base64url;

use super::World;
use super::read::location;
use super::server::{peer, request};
use crate::history::Purpose;
use crate::seen::Seen;
use crate::spec::NoLink;
use crate::words::{Address, Browser, Cps, Key, Nut, Server};

impl World {
    pub(super) async fn visit(
        &mut self,
        at: Server,
        browser: Browser,
        address: Address,
        purpose: Purpose,
        only: Option<Key>,
    ) -> Seen {
        let (status, text) = if purpose == Purpose::Anybody {
            let answer = self.get(at, browser, address, "/nut.sqrl").await;
            (answer.status, answer.body)
        } else {
            let mut options = ChallengeOptions::default();
            if purpose == Purpose::Question {
                options = options.ask(Ask::new("Really?").expect("a short question"));
            }
            if purpose == Purpose::Linking {
                options = ChallengeOptions::linking();
            }
            if let Some(only) = only {
                let idk = *self.ring.key(only).idk().as_bytes();
                options = options.only_for(protocol::Idk::from_bytes(idk));
            }
            let mut extensions = http::Extensions::new();
            extensions.insert(peer(address));
            let headers = self.jars[usize::from(browser.0)].headers();
            let challenge = self.server(at).sqrl.challenge(&headers, &extensions, options).await;
            match challenge {
                Ok(challenge) => {
                    let text = format!("nut={}", challenge.nut());
                    let response = challenge.attach_to(http::Response::new(()));
                    self.jars[usize::from(browser.0)].take(response.headers());
                    (StatusCode::OK, text)
                }
                Err(why) => (why.status(), why.to_string()),
            }
        };
        let seen = self.linked(status, &text);
        if let Seen::Link(Ok(nut)) = seen {
            let wait = self.jars[usize::from(browser.0)].wait(&self.nuts[nut.0]);
            self.waits.push(wait.expect("a cookie for the link"));
        }
        seen
    }

    /// Files a new link, if there is one.
    pub(super) fn linked(&mut self, status: StatusCode, text: &str) -> Seen {
        let nut = match (status.as_u16(), text.strip_prefix("nut=")) {
            (200, Some(nut)) => nut.to_owned(),
            (410, None) => return Seen::Link(Err(NoLink::Gone)),
            (429, None) => return Seen::Link(Err(NoLink::TooMany)),
            _ => return Seen::Strange(format!("{status} {text}")),
        };
        self.sent.push(base64url::encode(format!("sqrl://example.com/cli.sqrl?nut={nut}")));
        self.nuts.push(nut);
        Seen::Link(Ok(Nut(self.nuts.len() - 1)))
    }

    pub(super) async fn confirm(
        &mut self,
        at: Server,
        browser: Browser,
        url: Option<Cps>,
        same_origin: bool,
    ) -> Seen {
        let id = url.map_or("AAAAAAAAAAAAAAAAAAAAAA", |url| &self.urls[url.0]);
        let body = format!("id={id}");
        let mut headers = self.jars[usize::from(browser.0)].headers();
        let site = if same_origin { "same-origin" } else { "cross-site" };
        headers.insert(HeaderName::from_static("sec-fetch-site"), HeaderValue::from_static(site));
        let sent = request(Method::POST, "/cps.sqrl", headers, body, Address(0));
        let answer = self.ask(at, browser, sent).await;
        match (answer.status.as_u16(), location(&answer)) {
            (303, Some("/signed-in")) => Seen::Confirmed(true),
            (403 | 410, None) => Seen::Confirmed(false),
            _ => Seen::Strange(format!("{answer:?}")),
        }
    }
}
