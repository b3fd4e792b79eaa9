//! What the session stores about an attempt to link an identity.

use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use tower_sessions::session::Error;
use tower_sqrl::Claim;

const ATTEMPT: &str = "linking";

/// Seconds that the user has to confirm an identity.
const CONFIRM_TIME: u64 = 600;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// A random id. The SQRL URLs of this attempt carry it.
    pub(super) id: String,
    answer: Option<Answer>,
}

/// An identity that answered. It is linked if the user confirms it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Answer {
    claim: Claim,
    /// Seconds since 1970.
    time: u64,
}

impl Attempt {
    pub(super) async fn current(session: &Session) -> Result<Option<Self>, Error> {
        session.get(ATTEMPT).await
    }

    /// Continues the session's attempt, or starts one.
    pub(super) async fn continue_or_start(session: &Session) -> Result<Self, Error> {
        if let Some(attempt) = Self::current(session).await? {
            return Ok(attempt);
        }
        let attempt = Self { id: format!("{:032x}", rand::random::<u128>()), answer: None };
        session.insert(ATTEMPT, &attempt).await?;
        Ok(attempt)
    }

    /// Ends the session's attempt and returns it. Its SQRL URLs link nothing any more.
    pub(super) async fn end(session: &Session) -> Result<Option<Self>, Error> {
        session.remove(ATTEMPT).await
    }

    /// Returns whether another identity has answered before.
    pub(super) fn contradicts(&self, claim: &Claim) -> bool {
        self.answer.as_ref().is_some_and(|first| first.claim.idk() != claim.idk())
    }

    /// Stores the identity that the user is asked about.
    pub(super) async fn store_answer(
        mut self,
        session: &Session,
        claim: Claim,
    ) -> Result<(), Error> {
        self.answer = Some(Answer { claim, time: now() });
        session.insert(ATTEMPT, self).await
    }

    /// Returns the identity that the user is asked about, until the question expires.
    pub(super) fn answer(self) -> Option<Claim> {
        let answer = self.answer?;
        (now().saturating_sub(answer.time) < CONFIRM_TIME).then_some(answer.claim)
    }
}

fn now() -> u64 {
    UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()
}
