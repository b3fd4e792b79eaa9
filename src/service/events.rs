//! Server-sent events for the waiting page. An event only tells the page to ask `pag.sqrl`: it carries
//! and consumes nothing.

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

/// Interval of comments. Proxies close connections that are silent for a minute or longer.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// Interval of looks if the store announces nothing.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The event stream of one page.
pub(super) struct Events {
    stream: Pin<Box<dyn Stream<Item = Bytes> + Send>>,
    slot: Option<StreamSlot>,
}

impl Events {
    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let event = ready!(self.stream.poll_next_unpin(cx));
        if event.is_none() {
            // The server may keep the body for a while.
            self.slot = None;
        }
        Poll::Ready(event)
    }

    /// Keeps a slot until the stream ends or is dropped.
    pub(super) fn hold(&mut self, slot: StreamSlot) {
        self.slot = Some(slot);
    }

    /// Creates the events of a wait. They end with its outcome, when the chain expires in `remaining`, or
    /// when the server stops. Then `permit` is released.
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
            started: false,
            announced: None,
            look_at: Instant::now(),
            pause: LOOK_EVERY,
            _permit: permit,
        };
        let events = stream::unfold(Some(waiter), |waiter| async {
            let mut waiter = waiter?;
            match waiter.next().await? {
                // No event follows the outcome.
                event @ Event::Outcome => Some((event.bytes(), None)),
                event => Some((event.bytes(), Some(waiter))),
            }
        });
        Self { stream: Box::pin(events), slot: None }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

enum Event {
    /// The first bytes, which show the page that events work. If the stream breaks, the page reconnects
    /// after 3000 ms.
    Begin,
    /// A comment, which keeps proxies from closing the connection.
    Comment,
    /// The page should ask, and the wait continues.
    Refusal,
    /// The page should ask, and the wait is over.
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

/// The state of an event stream.
struct Waiter {
    sqrl: Sqrl,
    wait: WaitId,
    watch: Watch,
    /// When the chain expires.
    over: Instant,
    stopped: watch::Receiver<bool>,
    started: bool,
    /// The last announced refusal.
    announced: Option<Refusal>,
    /// When to look next without an announcement.
    look_at: Instant,
    /// The pause after the next failed look.
    pause: Duration,
    _permit: OwnedSemaphorePermit,
}

impl Waiter {
    /// Returns the next event, or `None` when the server stops.
    async fn next(&mut self) -> Option<Event> {
        if !self.started {
            self.started = true;
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
                && let Some(event) = self.look_for_event().await
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

    /// Looks at the wait and sets the time of the next look. The pause doubles while the store fails,
    /// because every waiting page looks and every failure is logged.
    async fn look_for_event(&mut self) -> Option<Event> {
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
                let is_new = self.announced.replace(why) != Some(why);
                is_new.then_some(Event::Refusal)
            }
            WaitStatus::Ready | WaitStatus::TakenOver | WaitStatus::Collected => {
                Some(Event::Outcome)
            }
        }
    }

    /// Looks at the wait. Watches it first, so that no announcement is lost in between, and looks even if
    /// it cannot watch.
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
