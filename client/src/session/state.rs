//! The state of a session, and the step that moves it along its chain.

use std::fmt;

use ::http::HeaderMap;

use super::settings::Settings;
use super::step::Step;
use crate::base64url;
use crate::error::Error;
use crate::keys::{SiteKey, Suk};
use crate::sqrl_url::SqrlUrl;
use crate::wire::{Form, Reply, Tif};

/// A session with one site: a chain of requests that starts with a SQRL URL.
///
/// [`Session::run`] does everything. The other methods are its steps; a test can alter
/// what they return before it sends it.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_sqrl_client::wire::{Command, Tif};
/// use tower_sqrl_client::{Client, Identity};
///
/// let client = Client::new(Identity::from_seed([7; 32]));
/// let mut session = client.session(&"qrl://localhost:8080/cli.sqrl?nut=abc".parse()?);
/// session.query().await?;
/// // Send an `ident` whose signature covers other parameters than those sent.
/// let signed = session.params(&Command::Ident);
/// let sent = signed.clone().altered("opt", "cps~noiptest");
/// let form = session.sign(&signed).altered("client", &sent.encode());
/// let reply = session.post(form).await?;
/// assert!(reply.has(Tif::CLIENT_FAILURE));
/// # Ok(())
/// # }
/// ```
pub struct Session {
    pub(super) settings: Settings,
    sqrl_url: SqrlUrl,
    pub(super) key: SiteKey,
    /// Age of the previous identity to send as `pidk`; 0 for none.
    pub(super) age: usize,
    url: String,
    server: String,
    pub(super) known: Known,
    pub(super) sin: Option<String>,
    /// The answer to a question, sent until a reply is not a transient error.
    pub(super) button: Option<u8>,
    pub(super) steps: Vec<Step>,
}

/// State from the last reply that did not fail. A failed reply, such as a transient
/// error, lacks values that the retry needs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    pub(super) tif: Tif,
    pub(super) suk: Option<Suk>,
}

impl Session {
    pub(crate) fn new(settings: Settings, sqrl_url: &SqrlUrl) -> Self {
        let identity = &settings.identity;
        let key = identity.site_key(0, sqrl_url.domain());
        Self {
            key: key.expect("every identity has a current key"),
            age: identity.previous_count().min(1),
            url: sqrl_url.request_url(),
            server: base64url::encode(sqrl_url.as_str()),
            sqrl_url: sqrl_url.clone(),
            settings,
            known: Known::default(),
            sin: None,
            button: None,
            steps: Vec::new(),
        }
    }

    /// Returns the URL of the next request.
    pub fn request_url(&self) -> &str {
        &self.url
    }

    /// Returns the `server` field of the next request: the base64url of the SQRL URL at
    /// first, then the body of the last reply, unchanged.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns the current identity's key at this site.
    pub fn site_key(&self) -> &SiteKey {
        &self.key
    }

    /// Returns the key at this site of the previous identity that requests name as
    /// `pidk`. Returns `None` if they name none.
    pub fn previous_key(&self) -> Option<SiteKey> {
        let age = Some(self.age).filter(|age| *age > 0)?;
        self.settings.identity.site_key(age, self.sqrl_url.domain())
    }

    /// Returns the last reply, or `None` before the first request.
    pub(super) fn last_reply(&self) -> Option<&Reply> {
        self.steps.last().map(|step| &step.reply)
    }

    /// Returns all requests and replies so far, oldest first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Posts a form, parses the reply and moves along the chain, whatever its flags are.
    ///
    /// # Errors
    /// Returns [`Error::Http`] if there is no response, and [`Error::Reply`] if its body
    /// is not a valid reply.
    pub async fn post(&mut self, form: Form) -> Result<Reply, Error> {
        let http = &self.settings.http;
        let response = http.post_form(&self.url, HeaderMap::new(), form.encode()).await?;
        let (head, body) = response.into_parts();
        // Only the body matters in SQRL, not the HTTP status.
        let body = String::from_utf8_lossy(&body);
        let reply = Reply::parse(&body).map_err(|source| Error::Reply {
            url: self.url.clone(),
            status: head.status,
            source,
        })?;
        let step = Step {
            url: std::mem::replace(&mut self.url, self.sqrl_url.origin() + &reply.qry),
            form,
            status: head.status,
            headers: head.headers,
            reply,
        };
        self.settings.observe(&step);
        self.server.clone_from(&step.reply.raw);
        if !step.reply.has(Tif::FAILED) {
            self.known = Known { tif: step.reply.tif, suk: step.reply.suk };
        }
        if !step.reply.has(Tif::TRANSIENT) {
            self.button = None;
            self.sin = None;
        }
        if let Some(sin) = &step.reply.sin {
            self.sin = Some(sin.clone());
        }
        let reply = step.reply.clone();
        self.steps.push(step);
        Ok(reply)
    }

    /// Returns the age of the identity that the site knows: 0 is the current identity.
    pub(super) fn known_age(&self) -> Option<usize> {
        if self.known.tif.has(Tif::CURRENT) {
            Some(0)
        } else if self.known.tif.has(Tif::PREVIOUS) {
            Some(self.age)
        } else {
            None
        }
    }
}

/// Leaves out the forms, which hold signatures.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("sqrl_url", &self.sqrl_url)
            .field("identity", &self.settings.identity)
            .field("request_url", &self.url)
            .field("steps", &self.steps.len())
            .finish_non_exhaustive()
    }
}
