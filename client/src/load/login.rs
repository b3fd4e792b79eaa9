//! One sign-in of a browser and a client.

use std::time::{Duration, Instant};

use ::http::header::{ACCEPT, CONTENT_TYPE, LOCATION, SET_COOKIE};
use ::http::{HeaderMap, HeaderValue, Method, StatusCode};
use bytes::Bytes;

use super::connection::{Connection, get, request};
use super::error::LoadError;
use super::key_pool::{KeyPool, LoginKeys};
use super::measurements::{Measurements, Step};
use super::target::{Target, path_of};
use crate::base64url;
use crate::browser::html;
use crate::sqrl_url::{SqrlUrl, SqrlUrlError};
use crate::wire::{ClientParams, Command, Form, Options, Reply, Tif};

/// The steps of a sign-in that can be chosen.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option of the command")]
pub(super) struct Flow {
    pub(super) page: bool,
    pub(super) qr: bool,
    pub(super) cps: bool,
    pub(super) collect: bool,
    pub(super) noiptest: bool,
}

/// A browser and a client that sign in repeatedly.
pub(super) struct Slot {
    target: Target,
    flow: Flow,
    browser: Connection,
    client: Option<Connection>,
}

/// The JSON of `nut.sqrl`.
#[derive(serde::Deserialize)]
struct NutResponse {
    link: String,
}

impl Slot {
    pub(super) fn new(target: Target, flow: Flow) -> Self {
        let (browser, client) = (target.browser(), target.client());
        Self { target, flow, browser, client }
    }

    /// Signs in and measures the steps. The latency of the sign-in counts from `start`.
    pub(super) async fn login(
        &mut self,
        start: Instant,
        pool: &KeyPool,
        keys: &LoginKeys,
    ) -> Result<Stopwatch, LoadError> {
        let mut watch = Stopwatch::start(start);
        let (text, cookie) = self.sqrl_url(&mut watch).await?;
        let url: SqrlUrl =
            text.parse().map_err(|error: SqrlUrlError| unusable(Step::Url, error.to_string()))?;
        if self.flow.qr {
            let path = format!("{}{}", self.target.svg, url.nut());
            self.browse(Step::Qr, &path, Some(&cookie), &mut watch).await?;
        }
        let reply = self.command(Step::Query, &url, None, pool, keys, &mut watch).await?;
        let reply = self.command(Step::Ident, &url, Some(reply), pool, keys, &mut watch).await?;
        match reply.url.as_deref().filter(|_| self.flow.cps) {
            Some(url) => self.open_cps_url(url, &cookie, &mut watch).await?,
            None if self.flow.cps => return Err(unusable(Step::Ident, "no url= for cps")),
            None if !self.flow.collect => {}
            None => {
                let path = format!("{}{}", self.target.poll, url.nut());
                let (_, body) = self.browse(Step::Wait, &path, Some(&cookie), &mut watch).await?;
                let url = String::from_utf8_lossy(&body);
                let path = path_of(url.trim()).ok_or_else(|| unusable(Step::Wait, "no URL"))?;
                self.browse(Step::Landing, &path, Some(&cookie), &mut watch).await?;
            }
        }
        watch.stop();
        Ok(watch)
    }

    /// Replaces the connections after a failure, when their state is unknown.
    pub(super) fn reconnect(&mut self) {
        (self.browser, self.client) = (self.target.browser(), self.target.client());
    }

    /// Requests a SQRL URL. Returns it with the cookie that collects its sign-in.
    async fn sqrl_url(
        &mut self,
        watch: &mut Stopwatch,
    ) -> Result<(String, HeaderValue), LoadError> {
        let (step, path) = if self.flow.page {
            (Step::Page, self.target.page.clone())
        } else {
            (Step::Url, self.target.nut.clone())
        };
        let (headers, body) = self.browse(step, &path, None, watch).await?;
        let cookie = cookies(&headers, None).ok_or_else(|| unusable(step, "no cookie"))?;
        let url = if self.flow.page {
            let page = String::from_utf8_lossy(&body);
            html::links(&page).find(|href| href.parse::<SqrlUrl>().is_ok())
        } else {
            serde_json::from_slice(&body).ok().map(|NutResponse { link }| link)
        };
        Ok((url.ok_or_else(|| unusable(step, "no SQRL URL"))?, cookie))
    }

    /// Opens a CPS URL and follows its redirect.
    async fn open_cps_url(
        &mut self,
        url: &str,
        cookie: &HeaderValue,
        watch: &mut Stopwatch,
    ) -> Result<(), LoadError> {
        let path = path_of(url).ok_or_else(|| unusable(Step::Cps, "invalid url="))?;
        let (headers, _) = self.browse(Step::Cps, &path, Some(cookie), watch).await?;
        let location = headers.get(LOCATION).and_then(|value| path_of(value.to_str().ok()?));
        let path = location.ok_or_else(|| unusable(Step::Cps, "no redirect"))?;
        let cookies = cookies(&headers, Some(cookie));
        let cookies = cookies.ok_or_else(|| unusable(Step::Cps, "invalid cookies"))?;
        self.browse(Step::Landing, &path, Some(&cookies), watch).await?;
        Ok(())
    }

    /// Sends a request of the browser. The status must be a success or a redirect.
    async fn browse(
        &mut self,
        step: Step,
        path: &str,
        cookie: Option<&HeaderValue>,
        watch: &mut Stopwatch,
    ) -> Result<(HeaderMap, Bytes), LoadError> {
        let mut request = get(path, cookie)?;
        if step == Step::Url {
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        watch.begin_step();
        let response = self.browser.send(request).await?;
        watch.end_step(step);
        let (head, body) = response.into_parts();
        if head.status.is_success() || head.status.is_redirection() {
            Ok((head.headers, body))
        } else {
            Err(bad_status(step, head.status))
        }
    }

    /// Sends a command of the client. The reply must be a success.
    async fn command(
        &mut self,
        step: Step,
        url: &SqrlUrl,
        last: Option<Reply>,
        pool: &KeyPool,
        keys: &LoginKeys,
        watch: &mut Stopwatch,
    ) -> Result<Reply, LoadError> {
        let command = if step == Step::Query { Command::Query } else { Command::Ident };
        let form = self.form(&command, url, last.as_ref(), pool, keys);
        let path = match &last {
            Some(reply) => Some(reply.qry.clone()),
            None => path_of(&url.request_url()),
        };
        let path = path.ok_or_else(|| unusable(step, "invalid path"))?;
        let mut request = request(Method::POST, &path, form.encode().into())?;
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form_type);

        watch.begin_step();
        let connection = self.client.as_mut().unwrap_or(&mut self.browser);
        let response = connection.send(request).await?;
        watch.end_step(step);

        if response.status() != StatusCode::OK {
            return Err(bad_status(step, response.status()));
        }
        let body = String::from_utf8_lossy(response.body());
        let reply = Reply::parse(&body).map_err(|error| unusable(step, error.to_string()))?;
        let failed = Tif(Tif::TRANSIENT.0 | Tif::FAILED.0 | Tif::CLIENT_FAILURE.0);
        let signed_in = step == Step::Query || reply.has(Tif::CURRENT);
        if reply.tif.0 & failed.0 == 0 && signed_in {
            Ok(reply)
        } else {
            Err(unusable(step, format!("tif {}", reply.tif)))
        }
    }

    fn form(
        &self,
        command: &Command,
        url: &SqrlUrl,
        last: Option<&Reply>,
        pool: &KeyPool,
        keys: &LoginKeys,
    ) -> Form {
        let known = last.is_some_and(|reply| reply.has(Tif::CURRENT));
        let rekeys = last.is_some_and(|reply| reply.has(Tif::PREVIOUS));
        let mut params = ClientParams::new(command, keys.key.idk());
        if let Some(previous) = &keys.previous {
            params = params.with("pidk", &previous.idk().to_string());
        }
        if *command == Command::Ident && !known {
            params = params.with_pair(pool.pair());
        }
        let Flow { cps, noiptest, .. } = self.flow;
        params = params.with_options(Options { cps, noiptest, ..Options::default() });
        let server = match last {
            Some(reply) => reply.raw.clone(),
            None => base64url::encode(url.as_str()),
        };
        let mut form = Form::new(&params.encode(), &server).signed("ids", &keys.key);
        if let Some(previous) = &keys.previous {
            form = form.signed("pids", previous);
        }
        if rekeys { form.signed("urs", pool.urs()) } else { form }
    }
}

/// The latencies of one sign-in. Work between requests, such as signing, counts for the
/// sign-in but for none of its steps.
pub(super) struct Stopwatch {
    start: Instant,
    step_start: Instant,
    total: Duration,
    steps: Vec<(Step, Duration)>,
}

impl Stopwatch {
    fn start(start: Instant) -> Self {
        let steps = Vec::with_capacity(Step::ALL.len());
        Self { start, step_start: start, total: Duration::ZERO, steps }
    }

    fn begin_step(&mut self) {
        self.step_start = Instant::now();
    }

    fn end_step(&mut self, step: Step) {
        self.steps.push((step, self.step_start.elapsed()));
    }

    fn stop(&mut self) {
        self.total = self.start.elapsed();
    }

    pub(super) fn record(self, measurements: &mut Measurements) {
        measurements.login(self.total);
        for (step, took) in self.steps {
            measurements.step(step, took);
        }
    }
}

/// Returns one `Cookie` header with the cookies of `before` and those that a response sets.
fn cookies(headers: &HeaderMap, before: Option<&HeaderValue>) -> Option<HeaderValue> {
    let set = headers.get_all(SET_COOKIE).into_iter();
    let pairs = set.filter_map(|line| line.to_str().ok()?.split(';').next());
    let before = before.and_then(|value| value.to_str().ok());
    let all: Vec<_> = before.into_iter().chain(pairs).collect();
    if all.is_empty() { None } else { HeaderValue::from_str(&all.join("; ")).ok() }
}

fn unusable(step: Step, reason: impl Into<String>) -> LoadError {
    LoadError::Response { step: step.name(), reason: reason.into() }
}

fn bad_status(step: Step, status: StatusCode) -> LoadError {
    LoadError::Status { step: step.name(), status: status.as_u16() }
}
