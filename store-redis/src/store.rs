use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, Value};
use tokio::time::{Instant, sleep, timeout};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{CpsId, CpsInfo, NutInfo, NutState, NutStore, WaitId, Watch};
use tower_sqrl_core::protocol::Nut;

use crate::call::{Call, Effect};
use crate::keys::Keys;
use crate::link::Link;
use crate::refusal::told;
use crate::subscriber::Subscriber;
use crate::{RedisConfigError, RedisNutStoreBuilder};

/// Intercept two attempts of a call that has not been executed.
const PAUSE: Duration = Duration::from_millis(50);
/// Redis refuses times that do not fit with the present one into 63 bits.
const LONGEST_TTL: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Nuts, outcomes and CPS ids in Redis.
///
/// Cheap to clone; clones share connections.
///
/// ```no_run
/// use std::time::Duration;
/// use tower_sqrl_redis::RedisNutStore;
///
/// # async fn example() -> Result<(), tower_sqrl_core::StoreError> {
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
    pub(crate) link: Arc<dyn Link>,
    pub(crate) keys: Keys,
    pub(crate) timeout: Duration,
    /// Whether an announcement takes a way of its own.
    pub(crate) announce_apart: bool,
    /// What is sent besides the commands on keys and the channel, as it can be tried out.
    pub(crate) extra_commands: Vec<&'static [&'static str]>,
    pub(crate) subscriber: Subscriber,
}

impl RedisNutStore {
    /// Connects with the defaults, and runs every command that the store uses once.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](tower_sqrl_core::StoreErrorKind::Unavailable) if the server does not
    /// answer, or refuses one of the commands. The source names the permission that the user
    /// lacks. If the URL is wrong the source is a [`RedisConfigError`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::builder(url).connect().await
    }

    /// Settings for a store, beginning with the defaults.
    pub fn builder(url: &str) -> RedisNutStoreBuilder {
        RedisNutStoreBuilder::new(url)
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    async fn create(
        &self,
        key: String,
        record: &[u8],
        ttl: Duration,
        announced: Option<&Nut>,
    ) -> Result<(), StoreError> {
        let millis = ttl.min(LONGEST_TTL).as_millis().max(1);
        let mut command = redis::cmd("SET");
        command.arg(&key).arg(record).arg("NX").arg("PX");
        command.arg(u64::try_from(millis).unwrap_or(u64::MAX));
        let announcement = announced.map(|wait| self.announcement(wait));
        let (with, apart) = match announcement {
            Some(announcement) if self.0.announce_apart => (None, Some(announcement)),
            announcement => (announcement, None),
        };
        let call = Call { key, command, look: false, announcement: with };
        if self.0.run(&call).await? == Value::Nil {
            return Err(StoreError::conflict());
        }
        if let Some(announcement) = apart {
            self.announce(announcement);
        }
        Ok(())
    }

    fn announcement(&self, wait: &Nut) -> Cmd {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(self.0.keys.channel()).arg(wait.as_bytes());
        publish
    }

    /// Not waited for: nothing depends on it.
    fn announce(&self, command: Cmd) {
        let (store, key) = (self.clone(), self.0.keys.channel());
        let call = Call { key, command, look: false, announcement: None };
        tokio::spawn(async move {
            if let Err(error) = store.0.run(&call).await {
                tracing::debug!(?error, "an announcement is lost");
            }
        });
    }

    async fn look(&self, key: String) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("GET", key, true).await
    }

    async fn take(&self, key: String) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("GETDEL", key, false).await
    }

    async fn read(
        &self,
        name: &str,
        key: String,
        look: bool,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut command = redis::cmd(name);
        command.arg(&key);
        match self.0.run(&Call { key, command, look, announcement: None }).await? {
            Value::Nil => Ok(None),
            Value::BulkString(record) => Ok(Some(record)),
            _ => Err(StoreError::corrupt("Redis holds something else than a record")),
        }
    }
}

impl Inner {
    /// Sends a call, within the time that calls are given.
    ///
    /// What Redis has not executed is tried again for half of that time, so that a short
    /// restart or fail-over passes unnoticed; after a lost reply only a look is, once, because
    /// a second create or take could not tell itself from somebody else's first.
    pub(crate) async fn run(&self, call: &Call) -> Result<Value, StoreError> {
        let attempts = async {
            let patience = Instant::now() + self.timeout / 2;
            let mut repeat = call.look;
            loop {
                let failure = match self.link.send(call).await {
                    Ok(reply) => return Ok(reply),
                    Err(failure) => failure,
                };
                match failure.effect {
                    Effect::NotYet if Instant::now() + PAUSE < patience => sleep(PAUSE).await,
                    Effect::Unknown if repeat => repeat = false,
                    _ => return Err(StoreError::unavailable(told(failure.source))),
                }
            }
        };
        timeout(self.timeout, attempts)
            .await
            .unwrap_or_else(|late| Err(StoreError::unavailable(late)))
    }

    pub(crate) async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        match timeout(self.timeout, self.subscriber.watch(wait)).await {
            Ok(Ok(watch)) => Ok(watch),
            Ok(Err(error)) => Err(StoreError::unavailable(told(error))),
            Err(late) => Err(StoreError::unavailable(late)),
        }
    }
}

#[async_trait]
impl NutStore for RedisNutStore {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let announced = (state == NutState::Authorized).then_some(nut);
        self.create(self.0.keys.nut(nut, state), &info.encode(), ttl, announced).await
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let record = self.look(self.0.keys.nut(nut, state)).await?;
        record.map(|record| NutInfo::decode(&record)).transpose()
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let record = self.take(self.0.keys.nut(nut, state)).await?;
        record.map(|record| NutInfo::decode(&record)).transpose()
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.create(self.0.keys.cps(id), &info.encode(), ttl, None).await
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        let record = self.look(self.0.keys.cps(id)).await?;
        record.map(|record| CpsInfo::decode(&record)).transpose()
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        let record = self.take(self.0.keys.cps(id)).await?;
        record.map(|record| CpsInfo::decode(&record)).transpose()
    }

    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        self.0.watch(wait).await
    }
}

impl fmt::Debug for RedisNutStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisNutStore")
            .field("prefix", &self.0.keys)
            .field("timeout", &self.0.timeout)
            .finish_non_exhaustive()
    }
}

impl From<RedisConfigError> for StoreError {
    fn from(error: RedisConfigError) -> Self {
        Self::unavailable(error)
    }
}
