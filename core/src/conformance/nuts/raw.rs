use std::pin::Pin;
use std::time::Duration;

use crate::nuts::{CpsId, NutState};
use crate::protocol::Nut;

/// Where a record is to be put.
#[derive(Debug, Clone, Copy)]
pub enum RawKey {
    /// Under a nut, or a wait id, in this namespace.
    Nut(Nut, NutState),
    /// Under a CPS id.
    Cps(CpsId),
}

/// Puts bytes into the store as another release would, to live for the duration.
pub type RawWrite = Box<
    dyn Fn(RawKey, Vec<u8>, Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync,
>;
