//! A client's side of one chain, built from its smallest parts, so that any of them can be
//! left out, altered or replaced.

use ::http::{HeaderMap, StatusCode};

use super::error::{Trouble, not_busy};
use crate::base64url;
use crate::http::{Http, HttpError};
use crate::identity::Identity;
use crate::keys::{Idk, SiteKey, Suk, UnlockPair, UrsKey};
use crate::link::Link;
use crate::wire::{ClientParams, Command, Form, Reply, Tif};

/// What says that the server has not done what it was asked for.
const REFUSAL: Tif = Tif(0x3f0);

/// Where a client stands. A clone made earlier goes back to an earlier step.
#[derive(Debug, Clone)]
pub(super) struct Hand {
    /// Where the next request goes.
    pub(super) url: String,
    /// The next request's `server`.
    pub(super) server: String,
    /// `opt` of the next requests.
    pub(super) opt: &'static str,
    pub(super) identity: Identity,
    pub(super) key: SiteKey,
    /// The `suk` that the site has last given back.
    pub(super) suk: Option<Suk>,
    link: Link,
    http: Http,
}

/// What the server said.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// `None`: nothing that a client could go on with.
    pub(super) reply: Option<Reply>,
}

impl Hand {
    pub(super) fn new(link: &Link, identity: &Identity, http: &Http) -> Self {
        Self {
            url: link.url(),
            server: base64url::encode(link.as_str()),
            opt: "suk",
            identity: identity.clone(),
            key: identity.site_key(0, link.domain()).expect("every identity has a current key"),
            suk: None,
            link: link.clone(),
            http: http.clone(),
        }
    }

    /// The same chain answered by somebody else.
    pub(super) fn as_other(&self, identity: &Identity) -> Self {
        let fresh = Self::new(&self.link, identity, &self.http);
        Self { url: self.url.clone(), server: self.server.clone(), ..fresh }
    }

    /// The same from another address.
    pub(super) fn by(&self, http: &Http) -> Self {
        Self { http: http.clone(), ..self.clone() }
    }

    pub(super) fn with_opt(mut self, opt: &'static str) -> Self {
        self.opt = opt;
        self
    }

    pub(super) fn idk(&self) -> Idk {
        self.key.idk()
    }

    /// The key of the newest previous identity.
    pub(super) fn previous(&self) -> Option<SiteKey> {
        self.identity.site_key(1, self.link.domain())
    }

    /// `ver`, `cmd`, somebody's `idk`, and the options.
    pub(super) fn params_for(&self, command: &str, idk: Idk) -> ClientParams {
        let params = ClientParams::new(&Command::Other(command.to_owned()), idk);
        if self.opt.is_empty() { params } else { params.with("opt", self.opt) }
    }

    /// The same with one's own.
    pub(super) fn params(&self, command: &str) -> ClientParams {
        self.params_for(command, self.idk())
    }

    /// The same with a `suk` and `vuk` of this identity.
    pub(super) fn introducing(&self, command: &str) -> ClientParams {
        self.params(command).with_pair(&UnlockPair::generate(self.identity.ilk()))
    }

    /// Signed by the current identity.
    pub(super) fn signed(&self, params: &ClientParams) -> Form {
        self.unsigned(params).signed("ids", &self.key)
    }

    pub(super) fn unsigned(&self, params: &ClientParams) -> Form {
        Form::new(&params.encode(), &self.server)
    }

    /// The key for a `urs` of the identity of that age, with the `suk` last given back.
    pub(super) fn urs(&self, age: usize) -> Result<UrsKey, Trouble> {
        let missing =
            || Trouble::new("the site gives back no suk, so that nothing can be unlocked");
        let suk = self.suk.ok_or_else(missing)?;
        let iuk = self.identity.iuk(age).ok_or_else(missing)?;
        UrsKey::derive(iuk, &suk).map_err(|error| Trouble::new(error.to_string()))
    }

    /// Posts a body and stays where it is. Who is too busy to answer has guarded nothing.
    pub(super) async fn post(&self, body: String) -> Result<Answer, Trouble> {
        self.post_with(HeaderMap::new(), body).await
    }

    /// Posts a body as a browser does, with what it says of itself.
    pub(super) async fn post_with(
        &self,
        headers: HeaderMap,
        body: String,
    ) -> Result<Answer, Trouble> {
        let answer = self.exchange(headers, body).await?;
        if answer.reply.is_none() {
            not_busy(answer.status)?;
        }
        Ok(answer)
    }

    /// The same, whatever the answer is.
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
    pub(super) async fn send(&mut self, form: &Form) -> Result<Answer, Trouble> {
        let answer = self.post(form.encode()).await?;
        if let Some(reply) = &answer.reply {
            self.url = format!("{}{}", self.link.origin(), reply.qry);
            self.server.clone_from(&reply.raw);
            self.suk = reply.suk.or(self.suk);
        }
        Ok(answer)
    }

    pub(super) async fn query(&mut self) -> Result<Answer, Trouble> {
        self.send(&self.signed(&self.params("query"))).await
    }

    /// With a `suk` and `vuk`, which a site that knows the identity does not need.
    pub(super) async fn ident(&mut self) -> Result<Answer, Trouble> {
        self.send(&self.signed(&self.introducing("ident"))).await
    }

    /// With a `urs` for the `suk` that the site has given back.
    pub(super) async fn unlock(&mut self, command: &str) -> Result<Answer, Trouble> {
        let form = self.signed(&self.params(command)).signed("urs", &self.urs(0)?);
        self.send(&form).await
    }
}

impl Answer {
    /// Whether the server did what it was asked for.
    pub(super) fn is_success(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| reply.tif.0 & REFUSAL.0 == 0)
    }

    pub(super) fn has(&self, flags: Tif) -> bool {
        self.reply.as_ref().is_some_and(|reply| reply.has(flags))
    }

    /// Where the browser is to go (`cps`).
    pub(super) fn url(&self) -> Option<&str> {
        self.reply.as_ref()?.url.as_deref()
    }

    /// The reply in a few characters.
    pub(super) fn text(&self) -> String {
        match &self.reply {
            Some(reply) => format!("tif {}", reply.tif),
            None => format!("HTTP {} and no reply", self.status.as_u16()),
        }
    }

    /// What an honest step needs.
    pub(super) fn honest(self, step: &str) -> Result<Self, Trouble> {
        if self.is_success() {
            return Ok(self);
        }
        Err(Trouble::new(format!("the site refuses an honest {step}: {}", self.text())))
    }
}
