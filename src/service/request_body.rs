//! Reading a request's body within limits.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::BoxError;

/// Time limit for receiving a body.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Maximum number of bytes beyond the limit that are read and discarded, so that a client that sends its
/// whole request first can read the reply.
const DISCARDED_OCTETS: usize = 1 << 20;

/// Time limit for discarding them.
const DISCARDING_TIME: Duration = Duration::from_secs(2);

/// The error of reading a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    #[error("the body is too long")]
    TooLong,
    #[error("the body did not arrive as a whole")]
    Incomplete,
}

/// Reads the whole body, if it has at most `limit` bytes and arrives in time.
pub(super) async fn read<B>(body: B, limit: usize) -> Result<Bytes, Unread>
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let mut body = Box::pin(body);
    if body.size_hint().lower() <= limit as u64 {
        let whole = Limited::new(&mut body, limit).collect();
        match timeout(BODY_TIME, whole).await {
            Ok(Ok(whole)) => return Ok(whole.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {}
            Ok(Err(_)) | Err(_) => return Err(Unread::Incomplete),
        }
    }
    tokio::spawn(discard(body));
    Err(Unread::TooLong)
}

/// Reads on while the reply is sent. Closing a connection with unread bytes resets it, and the client loses
/// the reply. A longer body stays unread until the time limit.
async fn discard<B: Body>(mut body: Pin<Box<B>>) {
    let deadline = Instant::now() + DISCARDING_TIME;
    let goes_on = async {
        let mut octets = 0;
        while let Some(Ok(frame)) = body.frame().await {
            octets += frame.data_ref().map_or(0, Buf::remaining);
            if octets > DISCARDED_OCTETS {
                return true;
            }
        }
        false
    };
    if timeout_at(deadline, goes_on).await == Ok(true) {
        sleep_until(deadline).await;
    }
}
