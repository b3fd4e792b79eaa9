//! The subscription to the outcomes that other processes store.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use redis::aio::PubSub;
use redis::{ConnectionInfo, ErrorKind, RedisError, RedisResult, Value};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tower_sqrl_core::nuts::{WaitId, Waiters, Watch};

use crate::connect::{client, master};
use crate::error::redacted;
use crate::url::Topology;

/// The pause after a failure. It doubles with each failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A subscription that has been silent for this long is checked.
const SILENCE: Duration = Duration::from_secs(10);

/// One subscription of this process. It starts with the first watch and ends when it is dropped.
pub(crate) struct Subscriber {
    source: Arc<Source>,
    waiters: Waiters<WaitId>,
    status: watch::Sender<Status>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The source of announcements.
struct Source {
    topology: Topology,
    channel: String,
    step: Duration,
}

#[derive(Debug, Clone, Default)]
struct Status {
    subscribed: bool,
    failures: u64,
    error: Option<RedisError>,
}

impl Subscriber {
    pub(crate) fn new(topology: Topology, channel: String, step: Duration) -> Self {
        Self {
            source: Arc::new(Source { topology, channel, step }),
            waiters: Waiters::default(),
            status: watch::Sender::default(),
            task: Mutex::default(),
        }
    }

    /// Watches for one outcome, once there is a subscription. If there is none, the result is that of the
    /// next attempt to subscribe.
    pub(crate) async fn watch(&self, wait: &WaitId) -> RedisResult<Watch> {
        // Before the subscription, or an announcement just after it could be missed.
        let watch = self.waiters.watch(*wait);
        let mut status = self.status.subscribe();
        let failures = status.borrow().failures;
        self.start();
        let decided = status.wait_for(|now| now.subscribed || now.failures != failures).await;
        match decided {
            Ok(now) if now.subscribed => Ok(watch),
            Ok(now) => Err(now.error.clone().unwrap_or_else(closed)),
            Err(_) => Err(closed()),
        }
    }

    fn start(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        // It ends by itself only when its runtime does.
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            let (source, status) = (Arc::clone(&self.source), self.status.clone());
            *task = Some(tokio::spawn(source.run(self.waiters.clone(), status)));
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task {
            task.abort();
        }
    }
}

impl Source {
    async fn run(self: Arc<Self>, waiters: Waiters<WaitId>, status: watch::Sender<Status>) {
        let mut pause = FIRST_PAUSE;
        for attempt in 0_usize.. {
            match self.subscribe(attempt).await {
                Ok(subscription) => {
                    let since = Instant::now();
                    status.send_modify(|status| status.subscribed = true);
                    if attempt > 0 {
                        waiters.announce_all();
                    }
                    self.receive(subscription, &waiters).await;
                    tracing::debug!("the subscription to announcements in Redis has ended");
                    status.send_modify(|status| status.subscribed = false);
                    if since.elapsed() > LONGEST_PAUSE {
                        pause = FIRST_PAUSE;
                    }
                }
                Err(error) => {
                    tracing::debug!(error = %redacted(error.clone()), "cannot subscribe to announcements in Redis");
                    status.send_modify(|status| {
                        status.failures += 1;
                        status.error = Some(error);
                    });
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn subscribe(&self, attempt: usize) -> RedisResult<PubSub> {
        let subscription = async {
            let server = self.server(attempt).await?;
            let mut subscription = client(&server)?.get_async_pubsub().await?;
            subscription.subscribe(&self.channel).await?;
            Ok(subscription)
        };
        timeout(self.step, subscription).await.unwrap_or_else(|_| Err(late()))
    }

    async fn server(&self, attempt: usize) -> RedisResult<ConnectionInfo> {
        match &self.topology {
            Topology::Single(server) => Ok(server.clone()),
            Topology::Sentinel(sentinel) => master(sentinel, self.step).await,
            // Every node receives what is published on any.
            Topology::Cluster(servers) => Ok(servers[attempt % servers.len()].clone()),
        }
    }

    /// Notifies waiters until the connection ends, or gives no answer.
    async fn receive(&self, subscription: PubSub, waiters: &Waiters<WaitId>) {
        let (mut questions, mut messages) = subscription.split();
        loop {
            match timeout(SILENCE, messages.next()).await {
                Ok(Some(message)) => {
                    if let Ok(wait) = <[u8; 16]>::try_from(message.get_payload_bytes()) {
                        waiters.announce(&WaitId::from_bytes(wait));
                    }
                }
                Ok(None) => return,
                Err(_) => {
                    let answer = timeout(self.step, questions.ping::<Value>()).await;
                    if !matches!(answer, Ok(Ok(_))) {
                        return;
                    }
                }
            }
        }
    }
}

fn closed() -> RedisError {
    (ErrorKind::Io, "the store is closed").into()
}

fn late() -> RedisError {
    (ErrorKind::Io, "the subscription was not confirmed in time").into()
}
