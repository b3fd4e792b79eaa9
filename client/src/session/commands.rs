//! Complete commands: query, answer a question, send the command, check the reply.

use super::settings::Answer;
use super::state::Session;
use super::step::Step;
use crate::error::{Error, Refusal};
use crate::sqrl_url::is_http_url;
use crate::wire::{Command, Reply, Tif};

/// Which of the client's identities a site knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Neither the current identity nor a previous one.
    Unknown,
    /// The current identity.
    Current,
    /// The previous identity of this age; 1 is the newest.
    Previous(usize),
}

/// The outcome of a successful command.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The command.
    pub command: Command,
    /// Which identity the site knew before the command.
    pub before: Standing,
    /// Whether the identity was disabled before the command.
    pub was_disabled: bool,
    /// The last reply.
    pub reply: Reply,
    /// The URL that signs the browser in, if the client asked for it
    /// ([`Options::cps`](crate::wire::Options::cps)).
    pub url: Option<String>,
    /// All requests and replies, oldest first.
    pub steps: Vec<Step>,
}

impl Session {
    /// Queries the site, answers its question if it asks one, and sends the command.
    ///
    /// # Errors
    /// See [`Error`]. If it is [`Error::Refused`], the site rejected the command.
    pub async fn run(mut self, command: Command) -> Result<Outcome, Error> {
        let before = self.query().await?;
        let was_disabled = self.known.tif.has(Tif::DISABLED);
        if command != Command::Query {
            self.answer_question()?;
            self.precheck(&command, before)?;
            self.send(&command).await?;
            self.check_reply(&command)?;
        }
        let reply = self.last_reply().ok_or(Error::Cancelled)?.clone();
        let url = reply.url.clone().filter(|url| is_http_url(url));
        if self.settings.options.cps && command != Command::Query && url.is_none() {
            return Err(Error::NoUrl);
        }
        Ok(Outcome { command, before, was_disabled, url, reply, steps: self.steps })
    }

    /// Sends `query` with each previous identity in turn, newest first, until the site
    /// knows it or the current one.
    ///
    /// If the site knows none of them, later requests name the newest previous identity,
    /// so that the site learns that it is superseded.
    ///
    /// # Errors
    /// Those of [`Session::send`], and [`Error::Refused`].
    pub async fn query(&mut self) -> Result<Standing, Error> {
        let previous = self.settings.identity.previous_count();
        for age in previous.min(1)..=previous {
            self.age = age;
            self.send(&Command::Query).await?;
            self.check_reply(&Command::Query)?;
            match self.known_age() {
                Some(0) => return Ok(Standing::Current),
                Some(age) => return Ok(Standing::Previous(age)),
                None => {}
            }
        }
        self.age = previous.min(1);
        Ok(Standing::Unknown)
    }

    /// Checks whether the last reply says that the command succeeded.
    ///
    /// # Errors
    /// Returns [`Error::Refused`] if it does not.
    pub fn check_reply(&self, command: &Command) -> Result<(), Error> {
        let noiptest = self.settings.options.noiptest;
        let Some(reply) = self.last_reply() else {
            return Ok(());
        };
        match Refusal::from_reply(reply, command, noiptest) {
            None => Ok(()),
            Some(refusal) => Err(refused(refusal, reply)),
        }
    }

    /// Answers the question of the last reply. A question counts only if the site knows
    /// the current identity.
    fn answer_question(&mut self) -> Result<(), Error> {
        let reply = self.last_reply().filter(|reply| reply.has(Tif::CURRENT));
        let Some(ask) = reply.and_then(|reply| reply.ask.clone()) else {
            return Ok(());
        };
        self.button = Some(match self.settings.answer(&ask) {
            None => return Err(Error::Asked(Box::new(ask))),
            Some(Answer::Cancel) => return Err(Error::Cancelled),
            Some(Answer::Ok) => 0,
            Some(Answer::First) => 1,
            Some(Answer::Second) => 2,
        });
        Ok(())
    }

    /// Rejects a command that cannot succeed after what the query returned.
    fn precheck(&self, command: &Command, before: Standing) -> Result<(), Error> {
        let refusal = match (command, before) {
            (Command::Ident, Standing::Current) if self.known.tif.has(Tif::DISABLED) => {
                Refusal::Disabled
            }
            (Command::Disable | Command::Enable | Command::Remove, Standing::Unknown) => {
                Refusal::Unknown
            }
            _ => return Ok(()),
        };
        Err(refused(refusal, self.last_reply().ok_or(Error::Cancelled)?))
    }
}

fn refused(refusal: Refusal, reply: &Reply) -> Error {
    Error::Refused { refusal, reply: Box::new(reply.clone()) }
}
