//! One sign-in, as a browser and a client do it together.

use std::time::{Duration, Instant};

use ::http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use ::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::Full;

use super::connection::Connection;
use super::error::LoadError;
use super::keys::{Keys, Person};
use super::measure::{Measured, Step};
use super::target::{Target, path_of};
use crate::base64url;
use crate::browser::html;
use crate::link::{Link, LinkError};
use crate::wire::{ClientParams, Command, Form, Options, Reply, Tif};

/// What a slot does every time.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option of the command")]
pub(super) struct Way {
    pub(super) page: bool,
    pub(super) qr: bool,
    pub(super) cps: bool,
    pub(super) collect: bool,
    pub(super) noiptest: bool,
}

/// One slot: a browser and a client that sign in again and again.
pub(super) struct Slot {
    target: Target,
    way: Way,
    browser: Connection,
    client: Option<Connection>,
}

#[derive(serde::Deserialize)]
struct NutAnswer {
    link: String,
}

impl Slot {
    pub(super) fn new(target: Target, way: Way) -> Self {
        let (browser, client) = (target.browser(), target.client());
        Self { target, way, browser, client }
    }

    /// One sign-in, and how long its parts took.
    pub(super) async fn login(&mut self, keys: &Keys, person: &Person) -> Result<Clock, LoadError> {
        self.login_since(Instant::now(), keys, person).await
    }

    /// The same for one that was to begin at that time.
    pub(super) async fn login_since(
        &mut self,
        begun: Instant,
        keys: &Keys,
        person: &Person,
    ) -> Result<Clock, LoadError> {
        let mut clock = Clock::start(begun);
        let (link, cookie) = self.link(&mut clock).await?;
        let link: Link =
            link.parse().map_err(|error: LinkError| wrong(Step::Link, error.to_string()))?;
        if self.way.qr {
            let path = format!("{}{}", self.target.svg, link.nut());
            self.browse(Step::Qr, &path, Some(&cookie), &mut clock).await?;
        }
        let reply = self.command(Step::Query, &link, None, keys, person, &mut clock).await?;
        let reply = self.command(Step::Ident, &link, Some(reply), keys, person, &mut clock).await?;
        match reply.url.as_deref().filter(|_| self.way.cps) {
            Some(url) => self.jump(url, &cookie, &mut clock).await?,
            None if self.way.cps => return Err(wrong(Step::Ident, "no url for cps")),
            None if !self.way.collect => {}
            None => {
                let path = format!("{}{}", self.target.wait, link.nut());
                let (_, body) = self.browse(Step::Wait, &path, Some(&cookie), &mut clock).await?;
                let url = String::from_utf8_lossy(&body);
                let path = path_of(url.trim()).ok_or_else(|| wrong(Step::Wait, "no address"))?;
                self.browse(Step::Landing, &path, Some(&cookie), &mut clock).await?;
            }
        }
        clock.stop();
        Ok(clock)
    }

    /// Gives up the connections: after a failure nobody knows what is left in them.
    pub(super) fn hang_up(&mut self) {
        (self.browser, self.client) = (self.target.browser(), self.target.client());
    }

    /// The link, and the cookie that collects its sign-in.
    async fn link(&mut self, clock: &mut Clock) -> Result<(String, HeaderValue), LoadError> {
        let (step, path) = if self.way.page {
            (Step::Page, self.target.page.clone())
        } else {
            (Step::Link, self.target.nut.clone())
        };
        let (headers, body) = self.browse(step, &path, None, clock).await?;
        let cookie = cookies(&headers, None).ok_or_else(|| wrong(step, "no cookie"))?;
        let link = if self.way.page {
            let page = String::from_utf8_lossy(&body);
            html::links(&page).find(|href| href.parse::<Link>().is_ok())
        } else {
            serde_json::from_slice(&body).ok().map(|NutAnswer { link }| link)
        };
        Ok((link.ok_or_else(|| wrong(step, "no link"))?, cookie))
    }

    /// Where a client that hands the session over sends the browser: on to a clean address.
    async fn jump(
        &mut self,
        url: &str,
        cookie: &HeaderValue,
        clock: &mut Clock,
    ) -> Result<(), LoadError> {
        let path = path_of(url).ok_or_else(|| wrong(Step::Cps, "no address"))?;
        let (headers, _) = self.browse(Step::Cps, &path, Some(cookie), clock).await?;
        let onward = headers.get(LOCATION).and_then(|value| path_of(value.to_str().ok()?));
        let path = onward.ok_or_else(|| wrong(Step::Cps, "it leads nowhere"))?;
        let cookies = cookies(&headers, Some(cookie)).ok_or_else(|| wrong(Step::Cps, "cookies"))?;
        self.browse(Step::Landing, &path, Some(&cookies), clock).await?;
        Ok(())
    }

    /// One request of the browser's; the answer is a success or a redirect.
    async fn browse(
        &mut self,
        step: Step,
        path: &str,
        cookie: Option<&HeaderValue>,
        clock: &mut Clock,
    ) -> Result<(HeaderMap, Bytes), LoadError> {
        let mut request = get(path, cookie)?;
        if step == Step::Link {
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        clock.begin();
        let response = self.browser.send(request).await?;
        clock.end(step);
        let (head, body) = response.into_parts();
        if head.status.is_success() || head.status.is_redirection() {
            Ok((head.headers, body))
        } else {
            Err(status(step, head.status))
        }
    }

    /// One request of the client's; the reply is one that signing in goes on with.
    async fn command(
        &mut self,
        step: Step,
        link: &Link,
        last: Option<Reply>,
        keys: &Keys,
        person: &Person,
        clock: &mut Clock,
    ) -> Result<Reply, LoadError> {
        let command = if step == Step::Query { Command::Query } else { Command::Ident };
        let form = self.form(&command, link, last.as_ref(), keys, person);
        let path = match &last {
            Some(reply) => Some(reply.qry.clone()),
            None => path_of(&link.url()),
        };
        let path = path.ok_or_else(|| wrong(step, "no address"))?;
        let mut request = request(Method::POST, &path, form.encode().into())?;
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form_type);

        clock.begin();
        let connection = self.client.as_mut().unwrap_or(&mut self.browser);
        let response = connection.send(request).await?;
        clock.end(step);

        if response.status() != StatusCode::OK {
            return Err(status(step, response.status()));
        }
        let body = String::from_utf8_lossy(response.body());
        let reply = Reply::parse(&body).map_err(|error| wrong(step, error.to_string()))?;
        let failed = Tif(Tif::TRANSIENT.0 | Tif::FAILED.0 | Tif::CLIENT_FAILURE.0);
        let signed_in = step == Step::Query || reply.has(Tif::CURRENT);
        if reply.tif.0 & failed.0 == 0 && signed_in {
            Ok(reply)
        } else {
            Err(wrong(step, format!("tif {}", reply.tif)))
        }
    }

    fn form(
        &self,
        command: &Command,
        link: &Link,
        last: Option<&Reply>,
        keys: &Keys,
        person: &Person,
    ) -> Form {
        let known = last.is_some_and(|reply| reply.has(Tif::CURRENT));
        let rekeys = last.is_some_and(|reply| reply.has(Tif::PREVIOUS));
        let mut params = ClientParams::new(command, person.key.idk());
        if let Some(previous) = &person.previous {
            params = params.with("pidk", &previous.idk().to_string());
        }
        if *command == Command::Ident && !known {
            params = params.with_pair(keys.pair());
        }
        let Way { cps, noiptest, .. } = self.way;
        params = params.with_options(Options { cps, noiptest, ..Options::default() });
        let server = match last {
            Some(reply) => reply.raw.clone(),
            None => base64url::encode(link.as_str()),
        };
        let mut form = Form::new(&params.encode(), &server).signed("ids", &person.key);
        if let Some(previous) = &person.previous {
            form = form.signed("pids", previous);
        }
        if rekeys { form.signed("urs", keys.urs()) } else { form }
    }
}

/// The latencies of one sign-in. The generator's own work between requests counts for
/// none of the steps.
pub(super) struct Clock {
    begun: Instant,
    sent: Instant,
    whole: Duration,
    steps: Vec<(Step, Duration)>,
}

impl Clock {
    fn start(begun: Instant) -> Self {
        let steps = Vec::with_capacity(Step::ALL.len());
        Self { begun, sent: begun, whole: Duration::ZERO, steps }
    }

    fn begin(&mut self) {
        self.sent = Instant::now();
    }

    fn end(&mut self, step: Step) {
        self.steps.push((step, self.sent.elapsed()));
    }

    fn stop(&mut self) {
        self.whole = self.begun.elapsed();
    }

    pub(super) fn write(self, measured: &mut Measured) {
        measured.login(self.whole);
        for (step, took) in self.steps {
            measured.step(step, took);
        }
    }
}

/// All cookies that an answer sets, behind those that are there, as one header.
fn cookies(headers: &HeaderMap, before: Option<&HeaderValue>) -> Option<HeaderValue> {
    let set = headers.get_all(SET_COOKIE).into_iter();
    let pairs = set.filter_map(|line| line.to_str().ok()?.split(';').next());
    let before = before.and_then(|value| value.to_str().ok());
    let all: Vec<_> = before.into_iter().chain(pairs).collect();
    if all.is_empty() { None } else { HeaderValue::from_str(&all.join("; ")).ok() }
}

pub(super) fn get(
    path: &str,
    cookie: Option<&HeaderValue>,
) -> Result<Request<Full<Bytes>>, LoadError> {
    let mut request = request(Method::GET, path, Bytes::new())?;
    if let Some(cookie) = cookie {
        request.headers_mut().insert(COOKIE, cookie.clone());
    }
    Ok(request)
}

fn request(method: Method, path: &str, body: Bytes) -> Result<Request<Full<Bytes>>, LoadError> {
    let request = Request::builder().method(method).uri(path).body(Full::new(body));
    request.map_err(|_| LoadError::Address(path.to_owned()))
}

fn wrong(step: Step, reason: impl Into<String>) -> LoadError {
    LoadError::Answer { step: step.name(), reason: reason.into() }
}

fn status(step: Step, status: StatusCode) -> LoadError {
    LoadError::Status { step: step.name(), status: status.as_u16() }
}
