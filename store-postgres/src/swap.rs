use tokio_postgres::types::ToSql;
use tower_sqrl::identity::{Change, Identity, KeyState, Presence, UserId};

/// The parameters of `swap.sql`: an array per column, an element per key.
#[derive(Debug, Default)]
pub(crate) struct Writes<'a> {
    idk: Vec<&'a [u8]>,
    expected_state: Vec<Option<&'static str>>,
    expected_version: Vec<Option<i64>>,
    write: Vec<bool>,
    state: Vec<Option<&'static str>>,
    suk: Vec<Option<&'a [u8]>>,
    vuk: Vec<Option<&'a [u8]>>,
    user_id: Vec<Option<&'a str>>,
    sqrlonly: Vec<Option<bool>>,
    hardlock: Vec<Option<bool>>,
    disabled: Vec<Option<bool>>,
    epoch: Vec<Option<i64>>,
    version: Vec<Option<i64>>,
    strangers: Vec<Option<i16>>,
}

impl<'a> Writes<'a> {
    pub(crate) fn of(change: &'a Change) -> Self {
        let mut writes = Self::default();
        for write in change.key_writes() {
            writes.idk.push(write.key.as_bytes());
            let (state, version) = match write.expected {
                Presence::Absent => (None, None),
                Presence::Live(version) => (Some("live"), Some(version.get().cast_signed())),
                Presence::Superseded => (Some("superseded"), None),
            };
            writes.expected_state.push(state);
            writes.expected_version.push(version);
            writes.write.push(write.write.is_some());
            let (state, identity) = match write.write {
                None | Some(KeyState::Unknown) => (None, None),
                Some(KeyState::Superseded) => (Some("superseded"), None),
                Some(KeyState::Live(identity)) => (Some("live"), Some(identity)),
            };
            writes.state.push(state);
            writes.identity(identity);
        }
        writes
    }

    fn identity(&mut self, identity: Option<&'a Identity>) {
        self.suk.push(identity.map(|identity| identity.suk.as_bytes().as_slice()));
        self.vuk.push(identity.map(|identity| identity.vuk.as_bytes().as_slice()));
        let user = identity.and_then(|identity| identity.user.as_ref());
        self.user_id.push(user.map(UserId::as_str));
        self.sqrlonly.push(identity.map(|identity| identity.sqrlonly));
        self.hardlock.push(identity.map(|identity| identity.hardlock));
        self.disabled.push(identity.map(|identity| identity.disabled));
        self.epoch.push(identity.map(|identity| identity.epoch.get().cast_signed()));
        self.version.push(identity.map(|identity| identity.version.get().cast_signed()));
        self.strangers.push(identity.map(|identity| identity.strangers.into()));
    }

    /// In the order of `swap.sql`.
    pub(crate) fn parameters(&self) -> [&(dyn ToSql + Sync); 14] {
        [
            &self.idk,
            &self.expected_state,
            &self.expected_version,
            &self.write,
            &self.state,
            &self.suk,
            &self.vuk,
            &self.user_id,
            &self.sqrlonly,
            &self.hardlock,
            &self.disabled,
            &self.epoch,
            &self.version,
            &self.strangers,
        ]
    }
}
