//! The client's side of a chain, built from small parts. A test can omit, alter or replace each of
//! them.

use axum::body::Bytes;
use axum::http::{HeaderMap, Response};
use tower_sqrl_client::keys::{Signer, SiteKey, UnlockPair, UrsKey};
use tower_sqrl_client::wire::{ClientParams, Command, Form, Reply};
use tower_sqrl_client::{Http, Identity, SqrlUrl, base64url, keys};

use super::secrets;

/// The state of a client in a chain: its keys, the URL of its next request, and the text to answer.
/// A clone made earlier returns to an earlier step.
#[derive(Clone)]
pub(crate) struct Chain {
    /// The URL of the next request.
    pub(crate) url: String,
    /// The next request's `server`.
    pub(crate) server: String,
    /// `opt` of the next requests.
    pub(crate) opt: &'static str,
    /// The owner of the keys.
    pub(crate) identity: Identity,
    pub(crate) key: SiteKey,
    /// The last `suk` that the site returned.
    pub(crate) suk: Option<keys::Suk>,
    /// The last reply.
    pub(crate) last: Option<Reply>,
    sqrl_url: SqrlUrl,
    http: Http,
}

impl Chain {
    pub(super) fn new(sqrl_url: &SqrlUrl, identity: &Identity, http: &Http) -> Self {
        Self {
            url: sqrl_url.request_url(),
            server: base64url::encode(sqrl_url.as_str()),
            opt: "suk",
            identity: identity.clone(),
            key: identity.site_key(0, sqrl_url.domain()).expect("a current key"),
            suk: None,
            last: None,
            sqrl_url: sqrl_url.clone(),
            http: http.clone(),
        }
    }

    /// The same chain with the keys of another identity.
    pub(crate) fn as_other(&self, identity: &Identity) -> Self {
        let key = identity.site_key(0, self.sqrl_url.domain()).expect("a current key");
        Self { identity: identity.clone(), key, ..self.clone() }
    }

    /// The same chain over other connections.
    pub(crate) fn with_http(&self, http: &Http) -> Self {
        Self { http: http.clone(), ..self.clone() }
    }

    pub(crate) fn with_opt(mut self, opt: &'static str) -> Self {
        self.opt = opt;
        self
    }

    pub(crate) fn idk(&self) -> String {
        self.key.idk().to_string()
    }

    /// The key of the newest previous identity.
    pub(crate) fn previous(&self) -> SiteKey {
        self.identity.site_key(1, self.sqrl_url.domain()).expect("a previous key")
    }

    /// The parameters `ver`, `cmd`, `idk` and `opt`.
    pub(crate) fn params(&self, command: &str) -> ClientParams {
        let params = ClientParams::new(&Command::Other(command.to_owned()), self.key.idk());
        if self.opt.is_empty() { params } else { params.with("opt", self.opt) }
    }

    /// The parameters with a `suk` and `vuk` of this identity.
    pub(crate) fn params_with_keys(&self, command: &str) -> ClientParams {
        self.params(command).with_pair(&UnlockPair::generate(self.identity.ilk()))
    }

    /// The parameters with `suk`, `vuk` and the previous identity's key as `pidk`.
    pub(crate) fn params_with_pidk(&self, command: &str) -> ClientParams {
        self.params_with_keys(command).with("pidk", &self.previous().idk().to_string())
    }

    /// A form with `ids` by the current identity.
    pub(crate) fn signed(&self, params: &ClientParams) -> Form {
        self.signed_by(params, &self.key)
    }

    pub(crate) fn signed_by(&self, params: &ClientParams, key: &impl Signer) -> Form {
        Form::new(&params.encode(), &self.server).signed("ids", key)
    }

    /// The key for `urs` of the identity of that age, with the last `suk` that the site returned.
    pub(crate) fn urs(&self, age: usize) -> UrsKey {
        let iuk = self.identity.iuk(age).expect("an unlocked identity");
        UrsKey::derive(iuk, &self.suk.expect("a suk")).expect("a good suk")
    }

    /// A form with `ids`, `pids`, and `urs` by the previous identity's unlock key.
    pub(crate) fn rekey(&self, command: &str) -> Form {
        let form = self.signed(&self.params_with_pidk(command));
        form.signed("pids", &self.previous()).signed("urs", &self.urs(1))
    }

    /// Posts any body and returns the response.
    pub(crate) async fn post(&self, body: impl Into<Bytes>) -> Response<Bytes> {
        let body = body.into();
        secrets::record_request(&body);
        self.http.post_form(&self.url, HeaderMap::new(), body).await.expect("an answer")
    }

    /// Posts a form, continues with the nut of the reply, and returns its `tif`.
    pub(crate) async fn send(&mut self, form: &Form) -> String {
        let answer = self.post(form.encode()).await;
        let reply = read(&answer);
        self.url = format!("{}{}", self.sqrl_url.origin(), reply.qry);
        self.server.clone_from(&reply.raw);
        self.suk = reply.suk.or(self.suk);
        let tif = reply.tif.to_string();
        self.last = Some(reply);
        tif
    }

    pub(crate) fn reply(&self) -> &Reply {
        self.last.as_ref().expect("a reply")
    }

    /// The `url` of the last reply.
    pub(crate) fn cps_url(&self) -> String {
        self.reply().url.clone().expect("a URL")
    }

    /// The names of the last reply's lines after `qry`.
    pub(crate) fn extra_names(&self) -> Vec<&str> {
        self.reply().lines.iter().skip(4).map(|(name, _)| name).collect()
    }

    async fn command(&mut self, command: &str) -> String {
        self.send(&self.signed(&self.params(command))).await
    }

    pub(crate) async fn query(&mut self) -> String {
        self.command("query").await
    }

    /// A query with `pidk` and `pids`.
    pub(crate) async fn query_as_successor(&mut self) -> String {
        let form = self.signed(&self.params_with_pidk("query")).signed("pids", &self.previous());
        self.send(&form).await
    }

    /// An `ident` with a `suk` and `vuk`, which a site ignores if it knows the identity.
    pub(crate) async fn ident(&mut self) -> String {
        self.send(&self.signed(&self.params_with_keys("ident"))).await
    }

    /// Sends a command as the owner of the identity sends it.
    pub(crate) async fn run(&mut self, command: &str) -> String {
        match command {
            "query" => self.query().await,
            "ident" => self.ident().await,
            "disable" => self.disable().await,
            "enable" => self.enable().await,
            "remove" => self.remove().await,
            other => panic!("no command: {other}"),
        }
    }

    pub(crate) async fn disable(&mut self) -> String {
        self.command("disable").await
    }

    pub(crate) async fn enable(&mut self) -> String {
        self.unlock("enable").await
    }

    pub(crate) async fn remove(&mut self) -> String {
        self.unlock("remove").await
    }

    /// A command with `urs` for the `suk` that the site returned.
    async fn unlock(&mut self, command: &str) -> String {
        let form = self.signed(&self.params(command)).signed("urs", &self.urs(0));
        self.send(&form).await
    }
}

/// Returns the id in a CPS URL.
pub(crate) fn cps_id(url: &str) -> &str {
    url.split_once('?').expect("an id").1
}

/// Parses a reply to a client, and asserts what every reply must be.
pub(crate) fn read(answer: &Response<Bytes>) -> Reply {
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["content-type"], "application/x-www-form-urlencoded");
    let body = std::str::from_utf8(answer.body()).expect("ASCII");
    let reply = Reply::parse(body).expect("a complete reply");
    assert_eq!(reply.deviations(), Vec::<String>::new());
    secrets::record_reply(&reply);
    reply
}
