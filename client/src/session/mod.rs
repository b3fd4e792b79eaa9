//! One exchange with one site: a link, and the chain of requests that follows from it.

mod request;
mod run;

use std::sync::Arc;

use ::http::{HeaderMap, StatusCode};

use crate::base64url;
use crate::client::Client;
use crate::error::Error;
use crate::keys::{SiteKey, Suk};
use crate::link::Link;
use crate::wire::{Command, Form, Reply, Tif};

/// A request and its reply.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where the request went.
    pub url: String,
    /// What was posted.
    pub form: Form,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's header.
    pub headers: HeaderMap,
    /// The answer's body, read.
    pub reply: Reply,
}

/// What the site said about the identity when it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: it knows neither the current identity nor a previous one.
    Unknown,
    /// It knows the current identity.
    Current,
    /// It knows the previous identity of this age; 1 is the newest.
    Previous(usize),
}

/// A command that succeeded.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The command.
    pub command: Command,
    /// What the site knew before it.
    pub before: Standing,
    /// Whether SQRL was disabled before it.
    pub was_disabled: bool,
    /// The last reply.
    pub reply: Reply,
    /// Where the browser gets its session, where `cps` was asked for.
    pub url: Option<String>,
    /// Every request and reply, in order.
    pub steps: Vec<Step>,
}

/// One exchange. [`Session::run`] does it all; the other methods are its steps, for
/// tests that want to leave the path.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_sqrl_client::wire::Command;
/// use tower_sqrl_client::{Client, Identity};
///
/// let client = Client::new(Identity::from_seed([7; 32]));
/// let mut session = client.session(&"qrl://localhost:8080/cli.sqrl?nut=abc".parse()?);
/// session.find().await?;
/// // An ident whose signature covers another list than the one sent:
/// let honest = session.params(&Command::Ident);
/// let forged = honest.clone().altered("opt", "cps~noiptest");
/// let form = session.sign(&honest).altered("client", &forged.encode());
/// assert_eq!(session.post(form).await?.tif.0 & 0xc0, 0xc0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Session {
    client: Client,
    link: Link,
    key: SiteKey,
    /// The previous identity that is sent along; 0 is none.
    age: usize,
    url: String,
    server: String,
    known: Known,
    sin: Option<String>,
    /// The answer to a question; sent until a reply that is not transient.
    button: Option<u8>,
    steps: Vec<Step>,
}

/// What the last reply that did not fail said. A failed one, such as a transient error,
/// leaves out what the repetition still needs.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    tif: Tif,
    suk: Option<Suk>,
}

impl Session {
    pub(crate) fn new(client: Client, link: &Link) -> Self {
        let key = client.identity().site_key(0, link.domain());
        Self {
            key: key.expect("every identity has a current key"),
            age: client.identity().previous_count().min(1),
            url: link.url(),
            server: base64url::encode(link.as_str()),
            link: link.clone(),
            client,
            known: Known::default(),
            sin: None,
            button: None,
            steps: Vec::new(),
        }
    }

    /// The link that it began with.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Where the next request goes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next request's `server`: the link's base64url, then the last reply's body
    /// exactly as it came.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The current identity's key at this site.
    pub fn site_key(&self) -> &SiteKey {
        &self.key
    }

    /// The key at this site of the previous identity that is sent along.
    pub fn previous_key(&self) -> Option<SiteKey> {
        let age = Some(self.age).filter(|age| *age > 0)?;
        self.client.identity().site_key(age, self.link.domain())
    }

    /// The last reply.
    pub fn last(&self) -> Option<&Reply> {
        self.steps.last().map(|step| &step.reply)
    }

    /// Every request and reply so far.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Posts a form, reads the reply and moves on along the chain, whatever it says.
    ///
    /// # Errors
    /// No answer, or none that a client may go on with.
    pub async fn post(&mut self, form: Form) -> Result<Reply, Error> {
        let http = self.client.http();
        let answer = http.post_form(&self.url, HeaderMap::new(), form.encode()).await?;
        let (head, body) = answer.into_parts();
        // The body counts, whatever the status says.
        let body = String::from_utf8_lossy(&body);
        let reply = Reply::parse(&body).map_err(|source| Error::Reply {
            url: self.url.clone(),
            status: head.status,
            source,
        })?;
        let step = Step {
            url: std::mem::replace(&mut self.url, self.link.origin() + &reply.qry),
            form,
            status: head.status,
            headers: head.headers,
            reply,
        };
        self.client.observe(&step);
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
}

impl Step {
    /// The request's parameters as text; `None` where the form has none that can be read.
    pub fn client_text(&self) -> Option<String> {
        let encoded = self.form.get("client")?;
        String::from_utf8(base64url::decode(encoded).ok()?).ok()
    }
}

/// Called with every request and reply as they happen.
pub(crate) type Observer = Arc<dyn Fn(&Step) + Send + Sync>;
