use std::collections::HashMap;
use std::future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::Instant;
use tower_sqrl::StoreError;
use tower_sqrl::conformance::nuts::RawWrite;
use tower_sqrl::nuts::{CpsId, CpsInfo, NutInfo, NutState, NutStore, RecordKind, WaitId, Watch};
use tower_sqrl::protocol::{Idk, Nut};

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// A take is a look and then a removal.
    GetThenDelete,
    /// A take leaves the record where it is.
    TakeLeaves,
    /// A create writes over what is there.
    Overwrites,
    /// A create looks first and writes later.
    LookThenCreate,
    /// Nothing ever expires.
    NeverExpires,
    /// Only looks mind the TTL.
    TakesWhatIsExpired,
    /// A create sees a record until it is swept.
    ExpiredStandsInTheWay,
    /// Whatever is looked at lives on.
    LooksProlong,
    /// A tenth of the TTL is enough.
    ExpiresEarly,
    /// The first record's end ends the next under its key.
    TimerStays,
    /// A TTL below a second is an error.
    WholeSeconds,
    /// A look takes.
    LooksTake,
    /// Nuts and outcomes are filed together.
    OneNamespace,
    /// CPS ids are filed with the nuts.
    CpsAmongNuts,
    /// What the application attached is forgotten.
    ForgetsAttached,
    /// Every outcome is a sign-in.
    AnyOutcome,
    /// Watches are not woken.
    NeverWakes,
    /// Only one of several watches is woken.
    WakesOne,
    /// A field that must be understood is passed over.
    PassesOverCritical,
    /// A field that may be passed over is an error.
    RefusesOptional,
}

type Key = (RecordKind, [u8; 16]);

/// Bytes, and the moment of their end.
type Records = HashMap<Key, (Vec<u8>, Instant)>;

/// As simple as a store can be, but for its fault.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    fault: Fault,
    records: Arc<Mutex<Records>>,
    /// When each key is emptied, if that is the fault: taking the record does not stop it.
    timers: Arc<Mutex<HashMap<Key, Instant>>>,
    announced: watch::Sender<Option<Nut>>,
}

impl Store {
    pub(crate) fn with(fault: Fault) -> Self {
        Self {
            fault,
            records: Arc::default(),
            timers: Arc::default(),
            announced: watch::Sender::new(None),
        }
    }

    /// Puts bytes in as another release would.
    pub(crate) fn raw(&self) -> RawWrite {
        let store = self.clone();
        Box::new(move |kind, key, bytes, ttl| {
            let key = store.key(kind, key);
            store.records().insert(key, (bytes, Instant::now() + ttl));
            Box::pin(future::ready(()))
        })
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        let mut records = self.records.lock().expect("no panic under the lock");
        let now = Instant::now();
        // Whoever comes does what a timer of its own, on a busy machine, might do too late.
        self.timers.lock().expect("no panic under the lock").retain(|key, end| {
            let runs = *end > now;
            if !runs {
                records.remove(key);
            }
            runs
        });
        records
    }

    fn key(&self, kind: RecordKind, key: [u8; 16]) -> Key {
        let kind = match kind {
            RecordKind::Authorized if self.has(Fault::OneNamespace) => RecordKind::Pending,
            RecordKind::Cps if self.has(Fault::CpsAmongNuts) => RecordKind::Pending,
            kind => kind,
        };
        (kind, key)
    }

    fn nut_key(&self, nut: &Nut, state: NutState) -> Key {
        self.key(state.into(), *nut.as_bytes())
    }

    fn cps_key(&self, id: CpsId) -> Key {
        self.key(RecordKind::Cps, *id.as_bytes())
    }

    async fn create(&self, key: Key, bytes: Vec<u8>, ttl: Duration) -> Result<(), StoreError> {
        if self.has(Fault::WholeSeconds) && ttl < Duration::from_secs(1) {
            return Err(StoreError::unavailable("invalid expire time"));
        }
        let ttl = if self.has(Fault::ExpiresEarly) { ttl / 10 } else { ttl };
        let now = Instant::now();
        let stands = |records: &Records| {
            let expired = |end: Instant| end <= now && !self.has(Fault::ExpiredStandsInTheWay);
            !self.has(Fault::Overwrites) && records.get(&key).is_some_and(|(_, end)| !expired(*end))
        };
        if self.has(Fault::LookThenCreate) {
            let conflict = stands(&self.records());
            yield_now().await;
            if conflict {
                return Err(StoreError::conflict());
            }
            self.records().remove(&key);
        }
        let mut records = self.records();
        if stands(&records) {
            return Err(StoreError::conflict());
        }
        if self.has(Fault::TimerStays) {
            let mut timers = self.timers.lock().expect("no panic under the lock");
            timers.entry(key).or_insert(now + ttl);
        }
        records.insert(key, (bytes, now + ttl));
        Ok(())
    }

    fn look(&self, key: Key) -> Option<Vec<u8>> {
        let mut records = self.records();
        let (bytes, end) = records.get_mut(&key)?;
        if *end <= Instant::now() && !self.has(Fault::NeverExpires) {
            return None;
        }
        if self.has(Fault::LooksProlong) {
            *end = Instant::now() + Duration::from_secs(1);
        }
        let bytes = bytes.clone();
        if self.has(Fault::LooksTake) {
            records.remove(&key);
        }
        Some(bytes)
    }

    async fn take(&self, key: Key) -> Option<Vec<u8>> {
        if self.has(Fault::GetThenDelete) {
            let found = self.look(key);
            yield_now().await;
            self.records().remove(&key);
            return found;
        }
        if self.has(Fault::TakeLeaves) {
            return self.look(key);
        }
        let (bytes, end) = self.records().remove(&key)?;
        let forever = [Fault::NeverExpires, Fault::TakesWhatIsExpired].contains(&self.fault);
        (forever || end > Instant::now()).then_some(bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Result<NutInfo, StoreError> {
        match NutInfo::decode(bytes) {
            Err(_) if self.has(Fault::PassesOverCritical) => {
                NutInfo::decode(&bytes[..bytes.len() - 5])
            }
            Ok(info) if self.has(Fault::RefusesOptional) && info.encode() != bytes => {
                Err(StoreError::corrupt("unknown field"))
            }
            decoded => decoded,
        }
    }
}

#[async_trait]
impl NutStore for Store {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let mut info = info.clone();
        if self.has(Fault::ForgetsAttached) {
            info.attached = tower_sqrl::nuts::Attachments::default();
        }
        self.create(self.nut_key(nut, state), info.encode(), ttl).await?;
        if state == NutState::Authorized && !self.has(Fault::NeverWakes) {
            self.announced.send_replace(Some(*nut));
        }
        Ok(())
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let bytes = self.look(self.nut_key(nut, state));
        bytes.map(|bytes| self.decode(&bytes)).transpose()
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        let bytes = self.take(self.nut_key(nut, state)).await;
        bytes.map(|bytes| self.decode(&bytes)).transpose()
    }

    async fn get_nut_idk(&self, nut: &Nut) -> Result<Option<Idk>, StoreError> {
        let info = self.get_nut(nut, NutState::Authorized).await?;
        let any = self.has(Fault::AnyOutcome);
        Ok(info.filter(|info| any || info.is_signed_in()).and_then(|info| info.idk))
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.create(self.cps_key(*id), info.encode(), ttl).await
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        let bytes = self.look(self.cps_key(*id));
        bytes.map(|bytes| CpsInfo::decode(&bytes)).transpose()
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        let bytes = self.take(self.cps_key(*id)).await;
        bytes.map(|bytes| CpsInfo::decode(&bytes)).transpose()
    }

    async fn watch(&self, wait: &WaitId) -> Result<Watch, StoreError> {
        let wait = *wait.as_nut();
        let mut announced = self.announced.subscribe();
        let deaf = self.has(Fault::WakesOne) && self.announced.receiver_count() > 1;
        Ok(Watch::new(async move {
            if deaf || announced.wait_for(|nut| *nut == Some(wait)).await.is_err() {
                future::pending::<()>().await;
            }
        }))
    }
}
