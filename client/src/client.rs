//! The client: an identity, its options and its connections.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::http::Http;
use crate::identity::Identity;
use crate::session::{Answer, Outcome, Session, Settings, Step};
use crate::sqrl_url::SqrlUrl;
use crate::wire::{Ask, Command, Options};

/// A SQRL client that signs one identity in. Cheap to clone; clones share connections.
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
/// A site may ask a question first ("Delete the account?"). A client without an answer
/// stops there:
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_sqrl_client::{Answer, Client, Error, Identity};
///
/// let url = "qrl://localhost:8080/cli.sqrl?nut=abc".parse()?;
/// let client = Client::new(Identity::from_seed([7; 32]));
/// if let Err(Error::Asked(ask)) = client.sign_in(&url).await {
///     println!("not signed in; the site asks: {}", ask.printable());
/// }
///
/// let client = client.with_answer(|ask| match ask.buttons.len() {
///     0 => Answer::Ok,
///     _ => Answer::First,
/// });
/// let new_url = "qrl://localhost:8080/cli.sqrl?nut=def".parse()?; // a nut works once
/// client.sign_in(&new_url).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Settings);

impl Client {
    /// Returns a client with new connections, the default [`Options`], and no answer to
    /// questions. A question ends the sign-in with [`Error::Asked`], unless
    /// [`Client::with_answer`] sets an answer.
    pub fn new(identity: impl Into<Arc<Identity>>) -> Self {
        Self(Settings {
            http: Http::default(),
            identity: identity.into(),
            options: Options::default(),
            answerer: None,
            observer: None,
        })
    }

    /// Sets the connections.
    pub fn with_http(mut self, http: Http) -> Self {
        self.0.http = http;
        self
    }

    /// Sets the identity.
    pub fn with_identity(mut self, identity: impl Into<Arc<Identity>>) -> Self {
        self.0.identity = identity.into();
        self
    }

    /// Sets the options.
    pub fn with_options(mut self, options: Options) -> Self {
        self.0.options = options;
        self
    }

    /// Sets a function that answers a site's questions. [`Answer::Cancel`] ends the
    /// sign-in with [`Error::Cancelled`].
    pub fn with_answer(mut self, answer: impl Fn(&Ask) -> Answer + Send + Sync + 'static) -> Self {
        self.0.answerer = Some(Arc::new(answer));
        self
    }

    /// Sets a function that is called with every request and reply, as they happen.
    pub fn with_observer(mut self, observer: impl Fn(&Step) + Send + Sync + 'static) -> Self {
        self.0.observer = Some(Arc::new(observer));
        self
    }

    /// Returns the identity.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Returns the options.
    pub fn options(&self) -> Options {
        self.0.options
    }

    /// Starts a session without sending anything yet.
    pub fn session(&self, url: &SqrlUrl) -> Session {
        Session::new(self.0.clone(), url)
    }

    /// Signs in: sends `query`, then `ident`.
    ///
    /// # Errors
    /// Those of [`Session::run`].
    pub async fn sign_in(&self, url: &SqrlUrl) -> Result<Outcome, Error> {
        self.run(url, Command::Ident).await
    }

    /// Sends `query`, then `command` unless that is `query` too.
    ///
    /// # Errors
    /// Those of [`Session::run`].
    pub async fn run(&self, url: &SqrlUrl, command: Command) -> Result<Outcome, Error> {
        self.session(url).run(command).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("identity", &self.0.identity)
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}
