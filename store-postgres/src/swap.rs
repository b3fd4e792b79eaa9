use tokio_postgres::types::Type;
use tower_sqrl_core::identities::{
    Change, Identity, KeyState, KeyWrite, Presence, UserId, Version,
};

use crate::connections::Parameter;
use crate::names::Names;

const CREATE: &str = "
    insert into {schema}.{prefix}identity
        (idk, state, suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version, strangers)
    values ($1, 'live', $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (idk) do nothing";

/// A row that somebody else is changing is looked at as it is afterwards.
const SET: &str = "
    update {schema}.{prefix}identity
    set suk = $2, vuk = $3, user_id = $4, sqrlonly = $5, hardlock = $6, disabled = $7, epoch = $8,
        version = $9, strangers = $10
    where idk = $1 and state = 'live' and version = $11";

const REMOVE: &str = "
    delete from {schema}.{prefix}identity
    where idk = $1 and state = 'live' and version = $2";

/// The statements that change identities. A change of one key, which nearly all are, is a plain
/// statement that writes one row or none.
#[derive(Debug)]
pub(crate) struct Statements {
    create: String,
    set: String,
    remove: String,
    swap: String,
}

impl Statements {
    pub(crate) fn new(names: &Names) -> Self {
        Self {
            create: names.fill_in(CREATE),
            set: names.fill_in(SET),
            remove: names.fill_in(REMOVE),
            swap: names.fill_in(include_str!("swap.sql")),
        }
    }
}

/// How a change is written.
#[derive(Debug)]
pub(crate) enum Plan<'a> {
    /// A new row for a key that has none.
    Create(&'a [u8], Row<'a>),
    /// Another row over one of this version.
    Set(&'a [u8], Row<'a>, i64),
    /// No row where there is one of this version.
    Remove(&'a [u8], i64),
    /// Anything else: two keys, mostly.
    Swap(Box<Writes<'a>>),
}

impl<'a> Plan<'a> {
    pub(crate) fn of(change: &'a Change) -> Self {
        let mut writes = change.key_writes();
        let (Some(KeyWrite { key, expected, write, .. }), None) = (writes.next(), writes.next())
        else {
            return Self::Swap(Box::new(Writes::of(change)));
        };
        let key = key.as_bytes();
        match (expected, write) {
            (Presence::Absent, Some(KeyState::Live(next))) => Self::Create(key, Row::of(next)),
            (Presence::Live(version), Some(KeyState::Live(next))) => {
                Self::Set(key, Row::of(next), number(version))
            }
            (Presence::Live(version), Some(KeyState::Unknown)) => {
                Self::Remove(key, number(version))
            }
            _ => Self::Swap(Box::new(Writes::of(change))),
        }
    }

    /// The statement. It writes or returns one row if all was as expected, and else none.
    pub(crate) fn statement<'s>(&self, statements: &'s Statements) -> &'s str {
        match self {
            Self::Create(..) => &statements.create,
            Self::Set(..) => &statements.set,
            Self::Remove(..) => &statements.remove,
            Self::Swap(_) => &statements.swap,
        }
    }

    pub(crate) fn parameters(&self) -> Vec<Parameter<'_>> {
        match self {
            Self::Create(key, row) => {
                std::iter::once((key as _, Type::BYTEA)).chain(row.parameters()).collect()
            }
            Self::Set(key, row, version) => std::iter::once((key as _, Type::BYTEA))
                .chain(row.parameters())
                .chain([(version as _, Type::INT8)])
                .collect(),
            Self::Remove(key, version) => vec![(key, Type::BYTEA), (version, Type::INT8)],
            Self::Swap(writes) => writes.parameters().into(),
        }
    }
}

fn number(version: Version) -> i64 {
    version.get().cast_signed()
}

/// A live identity in the database's types.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    suk: &'a [u8],
    vuk: &'a [u8],
    user_id: Option<&'a str>,
    sqrlonly: bool,
    hardlock: bool,
    disabled: bool,
    epoch: i64,
    version: i64,
    strangers: i16,
}

impl<'a> Row<'a> {
    fn of(identity: &'a Identity) -> Self {
        Self {
            suk: identity.suk.as_bytes(),
            vuk: identity.vuk.as_bytes(),
            user_id: identity.user.as_ref().map(UserId::as_str),
            sqrlonly: identity.sqrlonly,
            hardlock: identity.hardlock,
            disabled: identity.disabled,
            epoch: identity.epoch.get().cast_signed(),
            version: number(identity.version),
            strangers: identity.never_current_keys.into(),
        }
    }

    /// In the order of [`CREATE`] and [`SET`], behind the key.
    pub(crate) fn parameters(&self) -> [Parameter<'_>; 9] {
        [
            (&self.suk, Type::BYTEA),
            (&self.vuk, Type::BYTEA),
            (&self.user_id, Type::TEXT),
            (&self.sqrlonly, Type::BOOL),
            (&self.hardlock, Type::BOOL),
            (&self.disabled, Type::BOOL),
            (&self.epoch, Type::INT8),
            (&self.version, Type::INT8),
            (&self.strangers, Type::INT2),
        ]
    }
}

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
                Presence::Live(version) => (Some("live"), Some(number(version))),
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
        let row = identity.map(Row::of);
        let row = row.as_ref();
        self.suk.push(row.map(|row| row.suk));
        self.vuk.push(row.map(|row| row.vuk));
        self.user_id.push(row.and_then(|row| row.user_id));
        self.sqrlonly.push(row.map(|row| row.sqrlonly));
        self.hardlock.push(row.map(|row| row.hardlock));
        self.disabled.push(row.map(|row| row.disabled));
        self.epoch.push(row.map(|row| row.epoch));
        self.version.push(row.map(|row| row.version));
        self.strangers.push(row.map(|row| row.strangers));
    }

    /// In the order of `swap.sql`.
    pub(crate) fn parameters(&self) -> [Parameter<'_>; 14] {
        [
            (&self.idk, Type::BYTEA_ARRAY),
            (&self.expected_state, Type::TEXT_ARRAY),
            (&self.expected_version, Type::INT8_ARRAY),
            (&self.write, Type::BOOL_ARRAY),
            (&self.state, Type::TEXT_ARRAY),
            (&self.suk, Type::BYTEA_ARRAY),
            (&self.vuk, Type::BYTEA_ARRAY),
            (&self.user_id, Type::TEXT_ARRAY),
            (&self.sqrlonly, Type::BOOL_ARRAY),
            (&self.hardlock, Type::BOOL_ARRAY),
            (&self.disabled, Type::BOOL_ARRAY),
            (&self.epoch, Type::INT8_ARRAY),
            (&self.version, Type::INT8_ARRAY),
            (&self.strangers, Type::INT2_ARRAY),
        ]
    }
}
