//! What a session acts with.

use std::sync::Arc;

use super::step::Step;
use crate::http::Http;
use crate::identity::Identity;
use crate::wire::{Ask, Options};

/// An answer to a site's question ([`Ask`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The only button of a question without buttons (`btn=0`).
    Ok,
    /// The first button (`btn=1`).
    First,
    /// The second button (`btn=2`).
    Second,
    /// No button: the session ends.
    Cancel,
}

pub(crate) type Answerer = Arc<dyn Fn(&Ask) -> Answer + Send + Sync>;

/// Called with every request and reply, as they happen.
pub(crate) type Observer = Arc<dyn Fn(&Step) + Send + Sync>;

/// The connections, the identity and the behaviour that a client gives to its sessions.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) http: Http,
    pub(crate) identity: Arc<Identity>,
    pub(crate) options: Options,
    pub(crate) answerer: Option<Answerer>,
    pub(crate) observer: Option<Observer>,
}

impl Settings {
    pub(super) fn answer(&self, ask: &Ask) -> Option<Answer> {
        self.answerer.as_ref().map(|answer| answer(ask))
    }

    pub(super) fn observe(&self, step: &Step) {
        if let Some(observer) = &self.observer {
            observer(step);
        }
    }
}
