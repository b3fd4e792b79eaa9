//! The whole way: find out what the site knows, then do what was asked for.

use super::{Outcome, Session, Standing};
use crate::client::Answer;
use crate::error::{Error, Refusal};
use crate::link::is_web_address;
use crate::wire::{Command, Reply, Tif};

impl Session {
    /// Asks what the site knows, answers its question if it has one, and sends the
    /// command.
    ///
    /// # Errors
    /// Whatever keeps the command from succeeding.
    pub async fn run(mut self, command: Command) -> Result<Outcome, Error> {
        let before = self.find().await?;
        let was_disabled = self.known.tif.has(Tif::DISABLED);
        if command != Command::Query {
            self.answer()?;
            self.precheck(&command, before)?;
            self.send(&command).await?;
            self.verdict(&command)?;
        }
        let reply = self.last().ok_or(Error::Cancelled)?.clone();
        let url = reply.url.clone().filter(|url| is_web_address(url));
        if self.client.options().cps && command != Command::Query && url.is_none() {
            return Err(Error::NoUrl);
        }
        Ok(Outcome { command, before, was_disabled, url, reply, steps: self.steps })
    }

    /// Queries with one previous identity after the other, the newest first, until the
    /// site knows one, or the current one. Where it knows none, the newest is sent
    /// along from then on, so that the site learns that it is superseded.
    ///
    /// # Errors
    /// No usable answer, or the site refused.
    pub async fn find(&mut self) -> Result<Standing, Error> {
        let previous = self.client.identity().previous_count();
        for age in previous.min(1)..=previous {
            self.age = age;
            self.send(&Command::Query).await?;
            self.verdict(&Command::Query)?;
            match self.known_age() {
                Some(0) => return Ok(Standing::Current),
                Some(age) => return Ok(Standing::Previous(age)),
                None => {}
            }
        }
        self.age = previous.min(1);
        Ok(Standing::Unknown)
    }

    /// What the last reply means for the command that it answers.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn verdict(&self, command: &Command) -> Result<(), Error> {
        let noiptest = self.client.options().noiptest;
        let Some(reply) = self.last() else {
            return Ok(());
        };
        match Refusal::of(reply, command, noiptest) {
            None => Ok(()),
            Some(refusal) => Err(refused(refusal, reply)),
        }
    }

    /// Answers a question that the last reply asks, if there is one that counts.
    fn answer(&mut self) -> Result<(), Error> {
        let ask = self.last().filter(|reply| reply.has(Tif::CURRENT));
        let Some(ask) = ask.and_then(|reply| reply.ask.clone()) else {
            return Ok(());
        };
        self.button = Some(match self.client.answer(&ask) {
            None => return Err(Error::Asked(Box::new(ask))),
            Some(Answer::Cancel) => return Err(Error::Cancelled),
            Some(Answer::Ok) => 0,
            Some(Answer::First) => 1,
            Some(Answer::Second) => 2,
        });
        Ok(())
    }

    /// What needs no further request to know.
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
        Err(refused(refusal, self.last().ok_or(Error::Cancelled)?))
    }
}

fn refused(refusal: Refusal, reply: &Reply) -> Error {
    Error::Refused { refusal, reply: Box::new(reply.clone()) }
}
