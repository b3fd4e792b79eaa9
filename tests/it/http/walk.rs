//! Collects every response that the layer can give.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use axum::routing::get;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tower::ServiceExt;
use tower_sqrl::axum::{SqrlChallenge, SqrlLogin};
use tower_sqrl::nuts::NutState::{Authorized, Pending};
use tower_sqrl_client::browser::Browser;
use tower_sqrl_client::{Identity, base64url};

use super::row::{By, row};
use crate::common::{Hook, Setup, Site, Verdict, Visit, alice, cps_id};

/// The rows so far.
pub(super) struct Walk {
    https: bool,
    site: Site,
    rows: Vec<String>,
}

impl Walk {
    /// Collects the responses of a site that browsers reach over http or https.
    pub(super) async fn all(https: bool) -> Vec<String> {
        let origin = https.then_some("https://example.com");
        let setup = Setup { origin, ..Setup::default() };
        let site = Site::with_setup(setup, |builder| builder.max_event_streams(1)).await;
        let mut walk = Self { https, site, rows: Vec::new() };
        walk.sqrl_urls().await;
        walk.too_many_sqrl_urls().await;
        walk.pictures_and_assets().await;
        walk.waits().await;
        walk.events().await;
        walk.clients().await;
        walk.cps().await;
        walk.confirmations().await;
        walk.landings().await;
        walk.other_methods().await;
        walk.no_address().await;
        walk.rows
    }

    fn add(&mut self, what: &str, response: &Response<Bytes>) {
        self.add_by(By::Layer, what, response);
    }

    fn add_by(&mut self, by: By, what: &str, response: &Response<Bytes>) {
        self.rows.push(format!("| {what} | {} |", row(response, by, self.https)));
    }

    async fn get(
        &self,
        visit: &Visit,
        name: &str,
        headers: &[(&'static str, &str)],
    ) -> Response<Bytes> {
        visit.request(Method::GET, name, map(headers), "").await
    }

    /// A page whose client has signed in.
    async fn signed_in(&self) -> Visit {
        let visit = self.site.visit().await;
        assert_eq!(visit.chain(&alice()).ident().await, "5");
        visit
    }

    /// A page whose client was refused.
    async fn refused(&self) -> Visit {
        let bob = Identity::from_seed([7; 32]);
        let visit = self.site.visit().await;
        let mut chain = visit.chain(&bob);
        chain.ident().await;
        chain.disable().await;
        let visit = self.site.visit().await;
        assert_eq!(visit.chain(&bob).ident().await, "4d");
        visit
    }

    /// A page whose client has used CPS, and the id of the CPS URL.
    async fn handed_over(&self, command: &str) -> (Visit, String) {
        let visit = self.site.visit().await;
        let mut chain = visit.chain(&alice()).with_opt("cps~suk");
        chain.query().await;
        let tif = chain.run(command).await;
        assert!(["4", "5", "d"].contains(&tif.as_str()), "{command}: {tif}");
        let url = chain.cps_url();
        (visit, cps_id(&url).to_owned())
    }

    async fn sqrl_urls(&mut self) {
        let visit = self.site.visit().await;
        let page = visit.get("login").await;
        self.add("`GET /login`, the built-in page", &page);
        let head = visit.request(Method::HEAD, "login", HeaderMap::new(), "").await;
        self.add("`HEAD /login`", &head);
        self.site.tap.plan(Hook::StoreNut(Pending), Verdict::Fail);
        self.add_by(By::Application, "`GET /login`, the store fails", &visit.get("login").await);
        self.add("`GET nut.sqrl`", &visit.get("nut.sqrl").await);
        let json = self.get(&visit, "nut.sqrl", &[("accept", "application/json")]).await;
        self.add("`GET nut.sqrl`, JSON", &json);
        let nut = visit.sqrl_url.nut();
        self.add("`GET nut.sqrl?renew=`", &visit.get(&format!("nut.sqrl?renew={nut}")).await);
        let stranger = visit.in_browser(Browser::new(self.site.http()));
        let gone = stranger.get(&format!("nut.sqrl?renew={nut}")).await;
        self.add("`GET nut.sqrl?renew=`, another browser's", &gone);
        let within = [("sec-fetch-site", "cross-site")];
        let frame = self.get(&visit, "login", &within).await;
        self.add_by(By::Application, "`GET /login`, from within another site", &frame);
        let script = self.get(&visit, "nut.sqrl", &within).await;
        self.add("`GET nut.sqrl`, from within another site", &script);
        let ahead = [("sec-purpose", "prefetch")];
        let page = self.get(&visit, "login", &ahead).await;
        self.add_by(By::Application, "`GET /login`, prefetched", &page);
        for path in ["nut.sqrl", "cps.sqrl"] {
            self.add(&format!("`GET {path}`, prefetched"), &self.get(&visit, path, &ahead).await);
        }
        let can = base64url::encode("https://elsewhere.example/");
        self.add(
            "`GET nut.sqrl?can=`, another origin",
            &visit.get(&format!("nut.sqrl?can={can}")).await,
        );
        self.site.tap.plan(Hook::StoreNut(Pending), Verdict::Fail);
        self.add("`GET nut.sqrl`, the store fails", &visit.get("nut.sqrl").await);
        // Another wait evicts the oldest.
        let browser = Browser::new(self.site.http());
        let first = self.site.visit_in(&browser).await;
        for _ in 1..20 {
            self.site.clock.advance_seconds(1);
            self.site.visit_in(&browser).await;
        }
        let more = first.get("nut.sqrl").await;
        self.add("`GET nut.sqrl`, with twenty pages open", &more);
        let evicted = first.get(&format!("pag.sqrl?nut={}", first.sqrl_url.nut())).await;
        assert_eq!(evicted.body(), "evicted");
        self.add("`GET pag.sqrl`, evicted", &evicted);
    }

    /// An address that has reached the limit of SQRL URLs.
    async fn too_many_sqrl_urls(&mut self) {
        let site = Site::with(|builder| builder.challenges_per_minute(1)).await;
        let visit = site.visit().await;
        self.add_by(By::Application, "`GET /login`, too many URLs", &visit.get("login").await);
        self.add("`GET nut.sqrl`, too many URLs", &visit.get("nut.sqrl").await);
    }

    async fn pictures_and_assets(&mut self) {
        let visit = self.site.visit().await;
        for kind in ["svg", "png"] {
            let picture = visit.get(&format!("{kind}.sqrl?nut={}", visit.sqrl_url.nut())).await;
            self.add(&format!("`GET {kind}.sqrl`"), &picture);
            self.add(
                &format!("`GET {kind}.sqrl`, no nut"),
                &visit.get(&format!("{kind}.sqrl")).await,
            );
        }
        for asset in ["sqrl.js", "sqrl.css"] {
            let (_, version) =
                visit.page.body.split_once(&format!("{asset}?v=")).expect("a version");
            let version = version.split('"').next().expect("a version");
            let versioned = visit.get(&format!("{asset}?v={version}")).await;
            self.add(&format!("`GET {asset}?v=`, this version"), &versioned);
            self.add(&format!("`GET {asset}`"), &visit.get(asset).await);
        }
        self.add("`GET sqrl-confirm.js`", &visit.get("sqrl-confirm.js").await);
    }

    async fn waits(&mut self) {
        for go in ["", "&go"] {
            let what = format!("`GET pag.sqrl{}`", go.replace('&', "?"));
            let visit = self.site.visit().await;
            let name = format!("pag.sqrl?nut={}{go}", visit.sqrl_url.nut());
            self.add(&format!("{what}, no sign-in yet"), &visit.get(&name).await);
            self.site.tap.plan(Hook::GetNut(Authorized), Verdict::Fail);
            self.add(&format!("{what}, the store fails"), &visit.get(&name).await);
            let refused = self.refused().await;
            let path = format!("pag.sqrl?nut={}{go}", refused.sqrl_url.nut());
            self.add(&format!("{what}, refused"), &refused.get(&path).await);
            assert_eq!(visit.chain(&alice()).ident().await, "5");
            self.add(&format!("{what}, signed in"), &visit.get(&name).await);
            visit.browser.open(&visit.signed_in_url()).await.expect("a page");
            let stranger = visit.in_browser(Browser::new(self.site.http()));
            self.add(&format!("{what}, no cookie"), &stranger.get(&name).await);
            // A page that polls again after collecting, with the old cookie.
            let visit = self.signed_in().await;
            let name = format!("pag.sqrl?nut={}{go}", visit.sqrl_url.nut());
            let cookies = visit.browser.cookies();
            visit.collect().await;
            visit.browser.set_cookies(cookies);
            self.add(&format!("{what}, collected"), &visit.get(&name).await);
            let (visit, _) = self.handed_over("ident").await;
            let name = format!("pag.sqrl?nut={}{go}", visit.sqrl_url.nut());
            self.add(&format!("{what}, taken over"), &visit.get(&name).await);
        }
    }

    async fn events(&mut self) {
        let visit = self.site.visit().await;
        self.add("`GET evt.sqrl`, no cookie", &visit.get("evt.sqrl").await);
        let nut = visit.sqrl_url.nut().to_owned();
        let mut stream = self.site.connect().await;
        let request = format!(
            "GET /evt.sqrl?nut={nut} HTTP/1.1\r\nhost: a\r\ncookie: {}\r\n\r\n",
            visit.cookies()
        );
        stream.write_all(request.as_bytes()).await.expect("a connection");
        let mut lines = BufReader::new(&mut stream).lines();
        let mut line = async || lines.next_line().await.expect("a line").expect("a line");
        assert_eq!(line().await, "HTTP/1.1 200 OK");
        let mut response = Response::builder();
        loop {
            let line = line().await;
            let Some((name, value)) = line.split_once(": ") else { break };
            response = response.header(name, value);
        }
        let response = response.body(Bytes::new()).expect("a response");
        self.add("`GET evt.sqrl`", &response);
        let other = self.site.visit().await;
        let full = other.get(&format!("evt.sqrl?nut={}", other.sqrl_url.nut())).await;
        self.add("`GET evt.sqrl`, too many", &full);
    }

    async fn clients(&mut self) {
        let visit = self.site.visit().await;
        let chain = visit.chain(&alice());
        let form = chain.signed(&chain.params("query"));
        for (what, body) in [
            ("a request", form.encode()),
            ("the same again", form.encode()),
            ("a wrong signature", form.clone().altered("ids", "A").encode()),
            ("anything else", "\0".to_owned()),
            ("too long", "a".repeat(10_000)),
        ] {
            self.add(&format!("`POST cli.sqrl`, {what}"), &chain.post(body).await);
        }
        let chain = self.site.visit().await.chain(&alice());
        self.site.tap.plan(Hook::RemoveNut(Pending), Verdict::Fail);
        let body = chain.signed(&chain.params("query")).encode();
        self.add("`POST cli.sqrl`, the store fails", &chain.post(body).await);
    }

    async fn cps(&mut self) {
        let (visit, id) = self.handed_over("ident").await;
        self.site.tap.plan(Hook::GetUserIdByCpsSessionId, Verdict::Fail);
        self.add("`GET cps.sqrl?id`, the store fails", &visit.get(&format!("cps.sqrl?{id}")).await);
        let here = visit.get(&format!("cps.sqrl?{id}")).await;
        self.add("`GET cps.sqrl?id`, same browser", &here);
        let (visit, id) = self.handed_over("ident").await;
        let other = visit.in_browser(Browser::new(self.site.http()));
        let asked = other.get(&format!("cps.sqrl?{id}")).await;
        self.add("`GET cps.sqrl?id`, another browser", &asked);
        self.add("`GET cps.sqrl`, confirmation", &other.get("cps.sqrl").await);
        self.site.tap.plan(Hook::GetUserIdByCpsSessionId, Verdict::Fail);
        self.add("`GET cps.sqrl`, the store fails", &other.get("cps.sqrl").await);
        let stranger = visit.in_browser(Browser::new(self.site.http()));
        self.add("`GET cps.sqrl`, no cookie", &stranger.get("cps.sqrl").await);
        self.add("`GET cps.sqrl?id`, used or made up", &visit.get("cps.sqrl?x").await);
        self.add("`GET cps.sqrl?gone`", &visit.get("cps.sqrl?gone").await);
        for (command, word) in
            [("disable", "disabled"), ("enable", "enabled"), ("remove", "removed")]
        {
            let (visit, id) = self.handed_over(command).await;
            let onward = visit.get(&format!("cps.sqrl?{id}")).await;
            self.add(&format!("`GET cps.sqrl?id`, of {command}"), &onward);
            self.add(
                &format!("`GET cps.sqrl?{word}`"),
                &visit.get(&format!("cps.sqrl?{word}")).await,
            );
            let other = visit.in_browser(Browser::new(self.site.http()));
            self.add(
                &format!("`GET cps.sqrl?{word}`, not just followed"),
                &other.get(&format!("cps.sqrl?{word}")).await,
            );
        }
    }

    async fn confirmations(&mut self) {
        let (visit, id) = self.handed_over("ident").await;
        let other = visit.in_browser(Browser::new(self.site.http()));
        other.get(&format!("cps.sqrl?{id}")).await;
        let url = visit.page.url.join("/cps.sqrl").expect("an address");
        let confirm = async |headers: &[(&'static str, &str)], body: String| {
            let sent = other.browser.fetch(Method::POST, &url, map(headers), body.into()).await;
            sent.expect("an answer")
        };
        let (same, body) = ([("sec-fetch-site", "same-origin")], format!("id={id}"));
        let elsewhere = confirm(&[("sec-fetch-site", "cross-site")], body.clone()).await;
        let (wrong, right) = (confirm(&same, "id=x".into()).await, confirm(&same, body).await);
        self.add("`POST cps.sqrl`, from another site", &elsewhere);
        self.add("`POST cps.sqrl`, another id", &wrong);
        self.add("`POST cps.sqrl`, confirmed", &right);
    }

    async fn landings(&mut self) {
        let visit = self.signed_in().await;
        let path = format!("signed-in?nut={}", visit.sqrl_url.nut());
        self.site.tap.plan(Hook::GetNut(Authorized), Verdict::Fail);
        let failed = visit.get(&path).await;
        self.add_by(By::Application, "`GET /signed-in?nut=`, the store fails", &failed);
        let head = visit.request(Method::HEAD, &path, HeaderMap::new(), "").await;
        self.add_by(By::Application, "`HEAD /signed-in?nut=`", &head);
        self.add_by(By::Application, "`GET /signed-in?nut=`", &visit.get(&path).await);
        let nothing = visit.get("signed-in").await;
        self.add_by(By::Application, "`GET /signed-in`, nothing to collect", &nothing);
        let (visit, id) = self.handed_over("ident").await;
        visit.get(&format!("cps.sqrl?{id}")).await;
        let arrived = visit.get("signed-in").await;
        self.add_by(By::Application, "`GET /signed-in`, from a CPS URL", &arrived);
    }

    async fn other_methods(&mut self) {
        let visit = self.site.visit().await;
        for (name, others) in [
            ("cli.sqrl", &[Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT][..]),
            ("cps.sqrl", &[Method::HEAD, Method::OPTIONS, Method::DELETE]),
            ("nut.sqrl", &[Method::HEAD, Method::OPTIONS, Method::POST]),
            ("pag.sqrl", &[Method::HEAD, Method::OPTIONS, Method::POST]),
            ("evt.sqrl", &[Method::HEAD, Method::OPTIONS, Method::POST]),
            ("svg.sqrl", &[Method::HEAD, Method::OPTIONS, Method::POST]),
            ("png.sqrl", &[Method::HEAD, Method::OPTIONS, Method::POST]),
            ("sqrl.js", &[Method::HEAD, Method::OPTIONS, Method::POST]),
            ("sqrl-confirm.js", &[Method::HEAD, Method::OPTIONS, Method::POST]),
            ("sqrl.css", &[Method::HEAD, Method::OPTIONS, Method::POST]),
        ] {
            let mut rows = std::collections::BTreeSet::new();
            for method in others {
                let name = format!("{name}?nut={}", visit.sqrl_url.nut());
                let answer = visit.request(method.clone(), &name, HeaderMap::new(), "").await;
                rows.insert(row(&answer, By::Layer, self.https));
            }
            assert_eq!(rows.len(), 1, "{rows:?}");
            self.rows
                .push(format!("| `{name}`, other methods | {} |", rows.pop_first().expect("one")));
        }
    }

    /// A server without the addresses of its clients.
    async fn no_address(&mut self) {
        let app = Router::new()
            .route("/login", get(async |challenge: SqrlChallenge| challenge.page()))
            .route("/signed-in", get(async |_: SqrlLogin| ""))
            .layer(self.site.sqrl.layer());
        for (method, path, what, by) in [
            (Method::GET, "/login", "`GET /login`, no client address", By::Application),
            (Method::GET, "/nut.sqrl", "`GET nut.sqrl`, no client address", By::Layer),
            (Method::POST, "/cli.sqrl", "`POST cli.sqrl`, no client address", By::Layer),
        ] {
            let request = Request::builder().method(method).uri(path).body(Body::empty());
            let request = request.expect("a request");
            assert!(request.extensions().get::<SocketAddr>().is_none());
            let response = app.clone().oneshot(request).await.expect("an answer");
            let (head, _) = response.into_parts();
            self.add_by(by, what, &Response::from_parts(head, Bytes::new()));
        }
    }
}

fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
    let one = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
    };
    headers.iter().map(one).collect()
}
