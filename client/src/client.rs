//! The client: an identity, how it behaves, and its connections.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::http::Http;
use crate::identity::Identity;
use crate::link::Link;
use crate::session::{Observer, Outcome, Session, Step};
use crate::wire::{Ask, Command, Options};

/// Signs an identity in. Cheap to clone; clones share their connections.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_sqrl_client::{Client, Identity};
///
/// let client = Client::new(Identity::from_seed([7; 32]));
/// let outcome = client.sign_in(&"qrl://localhost:8080/cli.sqrl?nut=abc".parse()?).await?;
/// println!("the site knew: {:?}", outcome.before);
/// # Ok(())
/// # }
/// ```
///
/// Where a site asks something first ("Delete the account?"), somebody has to answer:
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_sqrl_client::{Answer, Client, Error, Identity};
///
/// let link = "qrl://localhost:8080/cli.sqrl?nut=abc".parse()?;
/// let silent = Client::new(Identity::from_seed([7; 32]));
/// if let Err(Error::Asked(ask)) = silent.sign_in(&link).await {
///     println!("not signed in; the site asks: {}", ask.printable());
/// }
///
/// let answering = silent.with_answer(|ask| match ask.buttons.len() {
///     0 => Answer::Ok,
///     _ => Answer::First,
/// });
/// let new_link = "qrl://localhost:8080/cli.sqrl?nut=def".parse()?; // the first one is spent
/// answering.sign_in(&new_link).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    http: Http,
    identity: Arc<Identity>,
    options: Options,
    answerer: Option<Answerer>,
    observer: Option<Observer>,
}

type Answerer = Arc<dyn Fn(&Ask) -> Answer + Send + Sync>;

/// How a question of the site's is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The only button of a question without buttons (`btn=0`).
    Ok,
    /// The first button (`btn=1`).
    First,
    /// The second button (`btn=2`).
    Second,
    /// Not at all: the exchange ends.
    Cancel,
}

impl Client {
    /// A client with its own connections, the default [`Options`], and no answer to what a
    /// site may ask: such a question ends the exchange with [`Error::Asked`], and nobody is
    /// signed in. [`Client::with_answer`] gives it one.
    pub fn new(identity: impl Into<Arc<Identity>>) -> Self {
        Self {
            http: Http::default(),
            identity: identity.into(),
            options: Options::default(),
            answerer: None,
            observer: None,
        }
    }

    /// With these connections.
    pub fn with_http(mut self, http: Http) -> Self {
        self.http = http;
        self
    }

    /// With another identity.
    pub fn with_identity(mut self, identity: impl Into<Arc<Identity>>) -> Self {
        self.identity = identity.into();
        self
    }

    /// With these options.
    pub fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// With an answer to what a site may ask, which ended the exchange with [`Error::Asked`]
    /// otherwise. [`Answer::Cancel`] ends it with [`Error::Cancelled`].
    pub fn with_answer(mut self, answer: impl Fn(&Ask) -> Answer + Send + Sync + 'static) -> Self {
        self.answerer = Some(Arc::new(answer));
        self
    }

    /// Tells about every request and reply as they happen.
    pub fn with_observer(mut self, observer: impl Fn(&Step) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The identity.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The connections.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// The options.
    pub fn options(&self) -> Options {
        self.options
    }

    /// Begins an exchange without sending anything yet.
    pub fn session(&self, link: &Link) -> Session {
        Session::new(self.clone(), link)
    }

    /// Signs in: query, then ident.
    ///
    /// # Errors
    /// Whatever keeps it from succeeding.
    pub async fn sign_in(&self, link: &Link) -> Result<Outcome, Error> {
        self.run(link, Command::Ident).await
    }

    /// Query, then the command, unless that was all.
    ///
    /// # Errors
    /// Whatever keeps it from succeeding.
    pub async fn run(&self, link: &Link, command: Command) -> Result<Outcome, Error> {
        self.session(link).run(command).await
    }

    pub(crate) fn answer(&self, ask: &Ask) -> Option<Answer> {
        self.answerer.as_ref().map(|answer| answer(ask))
    }

    pub(crate) fn observe(&self, step: &Step) {
        if let Some(observer) = &self.observer {
            observer(step);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("identity", &self.identity)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
