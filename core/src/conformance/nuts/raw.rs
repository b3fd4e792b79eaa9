use std::pin::Pin;
use std::time::Duration;

use crate::nuts::RecordKind;

/// Writes bytes into the backend as another release would: a record of this kind, under this key,
/// that lives for this time.
pub type RawWrite = Box<
    dyn Fn(RecordKind, [u8; 16], Vec<u8>, Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>
        + Send
        + Sync,
>;
