//! A client of one chain that builds requests from their smallest parts, so that an attack
//! can omit, alter or replace them.

use ::http::{HeaderMap, StatusCode};

use super::error::{Inconclusive, check_not_busy};
use crate::base64url;
use crate::http::{Http, HttpError};
use crate::identity::Identity;
use crate::keys::{Idk, SiteKey, Suk, UnlockPair, UrsKey};
use crate::sqrl_url::SqrlUrl;
use crate::wire::{ClientParams, Command, Form, Reply, Tif};

/// Flags that say that the server did not do what the request asked for.
const REFUSAL: Tif = Tif(0x3f0);

/// A client at a position on its chain. Keep a clone to return to that position later.
#[derive(Debug, Clone)]
pub(super) struct RawClient {
    /// The URL of the next request.
    pub(super) url: String,
    /// The `server` field of the next request.
    pub(super) server: String,
    /// The `opt` parameter of the next requests.
    pub(super) opt: &'static str,
    pub(super) identity: Identity,
    pub(super) key: SiteKey,
    /// The `suk` that the site last returned.
    pub(super) suk: Option<Suk>,
    sqrl_url: SqrlUrl,
    http: Http,
}

/// The response to a request.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// `None` if the body is not a valid reply.
    pub(super) reply: Option<Reply>,
}

impl RawClient {
    pub(super) fn new(url: &SqrlUrl, identity: &Identity, http: &Http) -> Self {
        Self {
            url: url.request_url(),
            server: base64url::encode(url.as_str()),
            opt: "suk",
            identity: identity.clone(),
            key: identity.site_key(0, url.domain()).expect("every identity has a current key"),
            suk: None,
            sqrl_url: url.clone(),
            http: http.clone(),
        }
    }

    /// Returns a client at the same position with another identity.
    pub(super) fn with_identity(&self, identity: &Identity) -> Self {
        let fresh = Self::new(&self.sqrl_url, identity, &self.http);
        Self { url: self.url.clone(), server: self.server.clone(), ..fresh }
    }

    /// Returns the same client with other connections.
    pub(super) fn via(&self, http: &Http) -> Self {
        Self { http: http.clone(), ..self.clone() }
    }

    pub(super) fn with_opt(mut self, opt: &'static str) -> Self {
        self.opt = opt;
        self
    }

    pub(super) fn idk(&self) -> Idk {
        self.key.idk()
    }

    /// Returns the key of the newest previous identity.
    pub(super) fn previous(&self) -> Option<SiteKey> {
        self.identity.site_key(1, self.sqrl_url.domain())
    }

    /// Returns `ver`, `cmd`, the given `idk` and the options.
    pub(super) fn params_for(&self, command: &str, idk: Idk) -> ClientParams {
        let params = ClientParams::new(&Command::Other(command.to_owned()), idk);
        if self.opt.is_empty() { params } else { params.with("opt", self.opt) }
    }

    /// Returns `ver`, `cmd`, this client's `idk` and the options.
    pub(super) fn params(&self, command: &str) -> ClientParams {
        self.params_for(command, self.idk())
    }

    /// The same, with a new `suk` and `vuk`.
    pub(super) fn introducing(&self, command: &str) -> ClientParams {
        self.params(command).with_pair(&UnlockPair::generate(self.identity.ilk()))
    }

    /// Signs with the current identity.
    pub(super) fn signed(&self, params: &ClientParams) -> Form {
        self.unsigned(params).signed("ids", &self.key)
    }

    pub(super) fn unsigned(&self, params: &ClientParams) -> Form {
        Form::new(&params.encode(), &self.server)
    }

    /// Returns the key for a `urs` of the identity of that age, with the last `suk`.
    pub(super) fn urs(&self, age: usize) -> Result<UrsKey, Inconclusive> {
        let missing = || Inconclusive::new("the site returns no suk, so nothing can be unlocked");
        let suk = self.suk.ok_or_else(missing)?;
        let iuk = self.identity.iuk(age).ok_or_else(missing)?;
        UrsKey::derive(iuk, &suk).map_err(|error| Inconclusive::new(error.to_string()))
    }

    /// Posts a body without moving on. A busy server is inconclusive.
    pub(super) async fn post(&self, body: String) -> Result<Answer, Inconclusive> {
        self.post_with(HeaderMap::new(), body).await
    }

    /// Posts a body with further headers.
    pub(super) async fn post_with(
        &self,
        headers: HeaderMap,
        body: String,
    ) -> Result<Answer, Inconclusive> {
        let answer = self.exchange(headers, body).await?;
        if answer.reply.is_none() {
            check_not_busy(answer.status)?;
        }
        Ok(answer)
    }

    /// Posts a body and returns any response.
    pub(super) async fn exchange(
        &self,
        headers: HeaderMap,
        body: String,
    ) -> Result<Answer, HttpError> {
        let answer = self.http.post_form(&self.url, headers, body).await?;
        let reply = std::str::from_utf8(answer.body()).ok();
        let reply = reply.and_then(|body| Reply::parse(body).ok());
        Ok(Answer { status: answer.status(), reply })
    }

    /// Posts a form and moves on along the chain, whatever the reply says.
    pub(super) async fn send(&mut self, form: &Form) -> Result<Answer, Inconclusive> {
        let answer = self.post(form.encode()).await?;
        if let Some(reply) = &answer.reply {
            self.url = format!("{}{}", self.sqrl_url.origin(), reply.qry);
            self.server.clone_from(&reply.raw);
            self.suk = reply.suk.or(self.suk);
        }
        Ok(answer)
    }

    pub(super) async fn query(&mut self) -> Result<Answer, Inconclusive> {
        self.send(&self.signed(&self.params("query"))).await
    }

    /// Sends `ident` with `suk` and `vuk`, which the site ignores if it knows the identity.
    pub(super) async fn ident(&mut self) -> Result<Answer, Inconclusive> {
        self.send(&self.signed(&self.introducing("ident"))).await
    }

    /// Sends a command with a `urs`.
    pub(super) async fn unlock(&mut self, command: &str) -> Result<Answer, Inconclusive> {
        let form = self.signed(&self.params(command)).signed("urs", &self.urs(0)?);
        self.send(&form).await
    }
}

impl Answer {
    /// Returns whether the server did what the request asked for.
    pub(super) fn is_success(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| reply.tif.0 & REFUSAL.0 == 0)
    }

    pub(super) fn has(&self, flags: Tif) -> bool {
        self.reply.as_ref().is_some_and(|reply| reply.has(flags))
    }

    /// Returns the URL for the browser (`cps`).
    pub(super) fn url(&self) -> Option<&str> {
        self.reply.as_ref()?.url.as_deref()
    }

    /// Returns a short description.
    pub(super) fn text(&self) -> String {
        match &self.reply {
            Some(reply) => format!("tif {}", reply.tif),
            None => format!("HTTP {} and no reply", self.status.as_u16()),
        }
    }

    /// Returns the answer of an honest request, which must be a success.
    pub(super) fn expect_success(self, step: &str) -> Result<Self, Inconclusive> {
        if self.is_success() {
            return Ok(self);
        }
        Err(Inconclusive::new(format!("the site refuses an honest {step}: {}", self.text())))
    }
}
