//! What browsers ask for.

use http::Method;
use http::header::{HeaderName, HeaderValue};
use tower_sqrl::LinkOptions;
use tower_sqrl::protocol::{self, Ask};
use tower_sqrl_client::base64url;

use super::World;
use super::read::location;
use super::server::{peer, request};
use crate::history::Purpose;
use crate::seen::Seen;
use crate::words::{Address, Browser, Cps, Key, Nut, Server};

impl World {
    pub(super) async fn visit(
        &mut self,
        at: Server,
        browser: Browser,
        address: Address,
        purpose: Purpose,
        only: Option<Key>,
    ) -> Nut {
        let text = if purpose == Purpose::Anybody {
            self.get(at, browser, address, "/nut.sqrl").await.body
        } else {
            let mut options = LinkOptions::default();
            if purpose == Purpose::Question {
                options = options.ask(Ask::new("Really?").expect("a short question"));
            }
            if let Some(only) = only {
                let idk = *self.ring.key(only).idk().as_bytes();
                options = options.only_for(protocol::Idk::from_bytes(idk));
            }
            let mut extensions = http::Extensions::new();
            extensions.insert(peer(address));
            let headers = self.jars[usize::from(browser.0)].headers();
            let challenge = self.server(at).sqrl.challenge(&headers, &extensions, options).await;
            let challenge = challenge.expect("a link");
            let text = format!("nut={}", challenge.nut());
            let response = challenge.attach_to(http::Response::new(()));
            self.jars[usize::from(browser.0)].take(response.headers());
            text
        };
        let nut = self.link(&text);
        let wait = self.jars[usize::from(browser.0)].wait(&self.nuts[nut.0]);
        self.waits.push(wait.expect("a cookie for the link"));
        nut
    }

    /// Files a new link.
    pub(super) fn link(&mut self, text: &str) -> Nut {
        let nut = text.strip_prefix("nut=").expect("a nut").to_owned();
        self.sent.push(base64url::encode(format!("sqrl://example.com/cli.sqrl?nut={nut}")));
        self.nuts.push(nut);
        Nut(self.nuts.len() - 1)
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
