//! Requests of browsers.

use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use tower_sqrl::ChallengeOptions;
use tower_sqrl::protocol::{self, Ask};
use tower_sqrl_client::base64url;

use super::System;
use super::response::location;
use super::server::{peer, request};
use crate::history::Purpose;
use crate::observation::Observation;
use crate::spec::NoUrl;
use crate::values::{Address, Browser, CpsUrl, Key, Nut, Server};

impl System {
    pub(super) async fn visit(
        &mut self,
        at: Server,
        browser: Browser,
        address: Address,
        purpose: Purpose,
        only: Option<Key>,
    ) -> Observation {
        let (status, text) = if purpose == Purpose::Any {
            let response = self.get(at, browser, address, "/nut.sqrl").await;
            (response.status, response.body)
        } else {
            let mut options = ChallengeOptions::default();
            if purpose == Purpose::Question {
                options = options.ask(Ask::new("Really?").expect("a short question"));
            }
            if purpose == Purpose::Linking {
                options = ChallengeOptions::linking();
            }
            if let Some(only) = only {
                let idk = *self.key_ring.key(only).idk().as_bytes();
                options = options.only_for(protocol::Idk::from_bytes(idk));
            }
            let request = http::Request::get("/").extension(peer(address)).body(());
            let (mut parts, ()) = request.expect("a request").into_parts();
            parts.headers = self.jars[usize::from(browser.0)].headers();
            let challenge = self.server(at).sqrl.challenge(&parts, options).await;
            match challenge {
                Ok(challenge) => {
                    let text = format!("nut={}", challenge.nut());
                    let response = challenge.attach_to(http::Response::new(()));
                    self.jars[usize::from(browser.0)].store(response.headers());
                    (StatusCode::OK, text)
                }
                Err(why) => (why.status(), why.to_string()),
            }
        };
        let observed = self.url_response(status, &text);
        if let Observation::SqrlUrl(Ok(nut)) = observed {
            let wait = self.jars[usize::from(browser.0)].wait(&self.nuts[nut.0]);
            self.waits.push(wait.expect("a cookie for the wait"));
        }
        observed
    }

    /// Reads the response to a request for a SQRL URL.
    pub(super) fn url_response(&mut self, status: StatusCode, text: &str) -> Observation {
        let nut = match (status.as_u16(), text.strip_prefix("nut=")) {
            (200, Some(nut)) => nut.to_owned(),
            (410, None) => return Observation::SqrlUrl(Err(NoUrl::Gone)),
            (429, None) => return Observation::SqrlUrl(Err(NoUrl::TooMany)),
            _ => return Observation::Unexpected(format!("{status} {text}")),
        };
        self.sent.push(base64url::encode(format!("sqrl://example.com/cli.sqrl?nut={nut}")));
        self.nuts.push(nut);
        Observation::SqrlUrl(Ok(Nut(self.nuts.len() - 1)))
    }

    pub(super) async fn confirm(
        &mut self,
        at: Server,
        browser: Browser,
        url: Option<CpsUrl>,
        same_origin: bool,
    ) -> Observation {
        let id = url.map_or("AAAAAAAAAAAAAAAAAAAAAA", |url| &self.cps_urls[url.0]);
        let body = format!("id={id}");
        let mut headers = self.jars[usize::from(browser.0)].headers();
        let site = if same_origin { "same-origin" } else { "cross-site" };
        headers.insert(HeaderName::from_static("sec-fetch-site"), HeaderValue::from_static(site));
        let request = request(Method::POST, "/cps.sqrl", headers, body, Address(0));
        let response = self.send(at, browser, request).await;
        match (response.status.as_u16(), location(&response)) {
            (303, Some("/signed-in")) => Observation::Confirmed(true),
            (403 | 410, None) => Observation::Confirmed(false),
            _ => Observation::Unexpected(format!("{response:?}")),
        }
    }
}
