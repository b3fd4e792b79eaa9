//! Server-sent events: they announce, and carry and consume nothing. What has happened the
//! page asks by `pag.sqrl`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::Sqrl;
use super::stream_slots::StreamSlot;
use crate::engine::WaitStatus;
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{NutStore, Refusal, WaitId, Watch};

/// Proxies close connections that are silent for a minute; most take more than this.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// How often to look where the store announces nothing.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The events of one page.
pub(super) struct Events {
    stream: Pin<Box<dyn Stream<Item = Bytes> + Send>>,
    place: Option<StreamSlot>,
}

impl Events {
    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let event = ready!(self.stream.poll_next_unpin(cx));
        if event.is_none() {
            // Whoever has this may keep it for a while.
            self.place = None;
        }
        Poll::Ready(event)
    }

    /// Keeps a place until they end, or are dropped.
    pub(super) fn hold(&mut self, place: StreamSlot) {
        self.place = Some(place);
    }

    /// Events of a wait: until its outcome, until the chain is over in `remaining`, or until the
    /// server stops. `permit` is given back then.
    pub(super) fn of(
        sqrl: Sqrl,
        wait: WaitId,
        remaining: Duration,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let waiter = Waiter {
            stopped: sqrl.stopped(),
            watch: Watch::silent(),
            over: Instant::now() + remaining,
            sqrl,
            wait,
            begun: false,
            told: None,
            look_at: Instant::now(),
            pause: LOOK_EVERY,
            _permit: permit,
        };
        let events = stream::unfold(Some(waiter), |waiter| async {
            let mut waiter = waiter?;
            match waiter.next().await? {
                // The page has what it waits for; there is no further event.
                event @ Event::Outcome => Some((event.bytes(), None)),
                event => Some((event.bytes(), Some(waiter))),
            }
        });
        Self { stream: Box::pin(events), place: None }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

enum Event {
    /// The first bytes, so that the page sees at once that events work. Where they break off, it
    /// is to ask again after 3000 ms.
    Begin,
    /// Nothing new, for proxies.
    Comment,
    /// There is something to ask for, and the wait goes on.
    Refusal,
    /// There may be something to ask for, and nothing to wait for any more.
    Outcome,
}

impl Event {
    fn bytes(&self) -> Bytes {
        Bytes::from_static(match self {
            Self::Begin => b"retry: 3000\n\n",
            Self::Comment => b":\n\n",
            Self::Refusal | Self::Outcome => b"event: outcome\ndata: look\n\n",
        })
    }
}

/// What one page's events are made of.
struct Waiter {
    sqrl: Sqrl,
    wait: WaitId,
    watch: Watch,
    /// When the chain is over.
    over: Instant,
    stopped: watch::Receiver<bool>,
    begun: bool,
    /// The refusal that was announced last.
    told: Option<Refusal>,
    /// When to look next, if nothing is announced before.
    look_at: Instant,
    /// How long to wait after the next look that fails.
    pause: Duration,
    _permit: OwnedSemaphorePermit,
}

impl Waiter {
    /// The next event; none when the server stops.
    async fn next(&mut self) -> Option<Event> {
        if !self.begun {
            self.begun = true;
            return Some(Event::Begin);
        }
        let comment_at = Instant::now() + COMMENT_EVERY;
        loop {
            if *self.stopped.borrow() {
                return None;
            }
            if Instant::now() >= self.over {
                return Some(Event::Outcome);
            }
            if Instant::now() >= self.look_at
                && let Some(event) = self.sees().await
            {
                return Some(event);
            }
            if Instant::now() >= comment_at {
                return Some(Event::Comment);
            }
            let stopped = async { self.stopped.wait_for(|stopped| *stopped).await.is_ok() };
            tokio::select! {
                _ = stopped => return None,
                () = self.watch.announced() => self.look_at = Instant::now(),
                () = tokio::time::sleep_until(self.look_at.min(comment_at).min(self.over)) => {}
            }
        }
    }

    /// Looks, and says when to look again. A store that fails is asked more and more seldom, for
    /// every page that waits does so and every failure is logged; the page polls beside.
    async fn sees(&mut self) -> Option<Event> {
        let looked = self.look().await;
        let pause = match looked {
            Err(_) => self.pause,
            Ok(_) if self.watch.is_silent() => LOOK_EVERY,
            Ok(_) => COMMENT_EVERY,
        };
        self.pause = if looked.is_err() { (self.pause * 2).min(COMMENT_EVERY) } else { LOOK_EVERY };
        self.look_at = Instant::now() + pause;
        match looked.unwrap_or(WaitStatus::Pending) {
            WaitStatus::Pending => None,
            WaitStatus::Refused(why) => {
                let is_news = self.told.replace(why) != Some(why);
                is_news.then_some(Event::Refusal)
            }
            WaitStatus::Ready | WaitStatus::TakenOver | WaitStatus::Collected => {
                Some(Event::Outcome)
            }
        }
    }

    /// Watches first and looks then, so that nothing falls in between. Where it cannot watch
    /// it looks all the same.
    async fn look(&mut self) -> Result<WaitStatus, StoreError> {
        if self.watch.is_silent() {
            let watch = watch(&self.sqrl.engine().nuts, &self.wait).await;
            self.watch = watch.unwrap_or_else(|error| {
                tracing::debug!(%error, "no announcements");
                Watch::silent()
            });
        }
        self.sqrl.engine().wait_status(&self.wait).await
    }
}

/// Watches the outcome and the refusal of a wait.
async fn watch(nuts: &Arc<dyn NutStore>, wait: &WaitId) -> Result<Watch, StoreError> {
    let refusal = wait.refusal();
    let (mut outcome, mut refusal) = try_join(nuts.watch(wait), nuts.watch(&refusal)).await?;
    if outcome.is_silent() || refusal.is_silent() {
        return Ok(Watch::silent());
    }
    Ok(Watch::new(async move {
        tokio::select! {
            () = outcome.announced() => {}
            () = refusal.announced() => {}
        }
    }))
}
