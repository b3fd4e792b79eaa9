use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::time::{Instant, sleep, timeout};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{RecordKind, RecordStore, WaitId, Watch};
use tower_sqrl_core::protocol::base64url;

use crate::error::redacted;
use crate::subscriber::Subscriber;
use crate::transport::{Call, Effect, Transport};

/// The pause before a call that had no effect is sent again.
const PAUSE: Duration = Duration::from_millis(50);

/// A store of sign-ins in progress, in Redis.
///
/// Cloning is cheap. Clones share connections.
///
/// ```no_run
/// use std::time::Duration;
/// use tower_sqrl_redis::RedisNutStore;
///
/// # async fn example() -> Result<(), tower_sqrl_redis::OpenError> {
/// let nuts = RedisNutStore::connect("redis://10.0.0.21:6379").await?;
/// let others = RedisNutStore::builder("rediss-cluster://10.0.0.21,10.0.0.22")
///     .timeout(Duration::from_secs(1))
///     .connect()
///     .await?;
/// # drop((nuts, others));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisNutStore(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) names: Names,
    pub(crate) timeout: Duration,
    /// Whether an announcement needs a call of its own.
    pub(crate) announces_separately: bool,
    pub(crate) subscriber: Subscriber,
}

impl RedisNutStore {
    /// Announces an outcome, without waiting for it: nothing depends on it.
    fn announce(&self, command: Cmd) {
        let (store, key) = (Arc::clone(&self.0), self.0.names.channel());
        let call = Call { key, command, reads: false, announcement: None };
        tokio::spawn(async move {
            if let Err(error) = store.run(&call).await {
                tracing::debug!(?error, "an outcome could not be announced");
            }
        });
    }
}

impl RecordStore for RedisNutStore {
    async fn create(
        &self,
        kind: RecordKind,
        key: &[u8; 16],
        record: Vec<u8>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let name = self.0.names.record(kind, key);
        let millis = u64::try_from(ttl.as_millis().max(1)).unwrap_or(u64::MAX);
        let mut command = redis::cmd("SET");
        command.arg(&name).arg(&record).arg("NX").arg("PX").arg(millis);
        let announcement = (kind == RecordKind::Authorized).then(|| {
            let mut publish = redis::cmd("PUBLISH");
            publish.arg(self.0.names.channel()).arg(key);
            publish
        });
        let (with, separate) = match announcement {
            Some(announcement) if self.0.announces_separately => (None, Some(announcement)),
            announcement => (announcement, None),
        };
        let call = Call { key: name, command, reads: false, announcement: with };
        if self.0.run(&call).await? == Value::Nil {
            return Err(StoreError::conflict());
        }
        if let Some(announcement) = separate {
            self.announce(announcement);
        }
        Ok(())
    }

    async fn get(&self, kind: RecordKind, key: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.fetch("GET", self.0.names.record(kind, key), true).await
    }

    async fn take(&self, kind: RecordKind, key: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.fetch("GETDEL", self.0.names.record(kind, key), false).await
    }

    async fn watch(&self, key: &[u8; 16]) -> Result<Watch, StoreError> {
        self.0.watch(&WaitId::from_bytes(*key)).await
    }
}

impl Inner {
    async fn fetch(
        &self,
        command: &str,
        key: String,
        reads: bool,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut command = redis::cmd(command);
        command.arg(&key);
        match self.run(&Call { key, command, reads, announcement: None }).await? {
            Value::Nil => Ok(None),
            Value::BulkString(record) => Ok(Some(record)),
            _ => Err(StoreError::corrupt("Redis replied with something else than a record")),
        }
    }

    /// Sends a call, within the store's timeout.
    ///
    /// A call that had no effect is sent again for half of the timeout, so that a short restart or
    /// fail-over goes unnoticed. After a lost reply only a call that reads is sent again, once: a
    /// second create or take could not distinguish its own effect from another caller's.
    pub(crate) async fn run(&self, call: &Call) -> Result<Value, StoreError> {
        let attempts = async {
            let end_of_retries = Instant::now() + self.timeout / 2;
            let mut may_repeat = call.reads;
            loop {
                let failure = match self.transport.send(call).await {
                    Ok(reply) => return Ok(reply),
                    Err(failure) => failure,
                };
                match failure.effect {
                    Effect::None if Instant::now() + PAUSE < end_of_retries => sleep(PAUSE).await,
                    Effect::Unknown if may_repeat => may_repeat = false,
                    _ => return Err(StoreError::unavailable(redacted(failure.source))),
                }
            }
        };
        timeout(self.timeout, attempts)
            .await
            .unwrap_or_else(|elapsed| Err(StoreError::unavailable(elapsed)))
    }

    pub(crate) async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        match timeout(self.timeout, self.subscriber.watch(wait)).await {
            Ok(Ok(watch)) => Ok(watch),
            Ok(Err(error)) => Err(StoreError::unavailable(redacted(error))),
            Err(elapsed) => Err(StoreError::unavailable(elapsed)),
        }
    }
}

impl fmt::Debug for RedisNutStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisNutStore")
            .field("prefix", &self.0.names.prefix)
            .field("timeout", &self.0.timeout)
            .finish_non_exhaustive()
    }
}

/// The names of a store's keys and of its channel.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    prefix: Box<str>,
}

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    /// The name of a record: its key in base64url, in the namespace of its kind.
    fn record(&self, kind: RecordKind, key: &[u8; 16]) -> String {
        self.within(kind, &base64url::encode(key))
    }

    /// A name in the namespace of a kind.
    pub(crate) fn within(&self, kind: RecordKind, name: &str) -> String {
        let namespace = match kind {
            RecordKind::Pending => "nut:",
            RecordKind::Authorized => "out:",
            RecordKind::Cps => "cps:",
        };
        [&*self.prefix, namespace, name].concat()
    }

    /// The channel on which outcomes are announced. Channels do not belong to a database: stores with the
    /// same prefix in two databases of a server also receive each other's announcements, which is
    /// harmless.
    pub(crate) fn channel(&self) -> String {
        [&*self.prefix, "announce"].concat()
    }
}
