//! Sign-ins in progress: the trait [`NutStore`] with its eight hooks, the records that it keeps, and
//! the trait [`RecordStore`], which makes a new backend a [`NutStore`].

mod codec;
mod nut_store;
mod record;
mod record_store;
mod wait;

pub use nut_store::{NutState, NutStore};
pub use record::{Attachments, CpsId, CpsInfo, Digest, NutInfo, Outcome, Refusal, Timestamp};
pub use record_store::{MAX_TTL, RecordKind, RecordStore};
pub use wait::{WaitId, Waiters, Watch};
