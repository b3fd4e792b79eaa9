//! Whether something between here and the server lends its connections to others, too.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{Client, Error};

/// Whether the other end of the connection is a pooler and not the server.
///
/// A server names its process when it is connected to, for requests to cancel something. A
/// pooler invents that name, since its connections to the server change.
pub(crate) async fn is_pooled(client: &Client) -> Result<bool, Error> {
    let row = client.query_typed_one("select pg_backend_pid()", &[]).await?;
    let own: i32 = row.try_get(0)?;
    let recorder = Recorder::default();
    client.cancel_token().cancel_query_raw(recorder.clone(), Accept).await?;
    // Length, code, process and key, of four bytes each.
    let request = recorder.0.lock().unwrap_or_else(PoisonError::into_inner);
    let [.., a, b, c, d, _, _, _, _] = request[..] else { return Ok(true) };
    Ok(i32::from_be_bytes([a, b, c, d]) != own)
}

/// Keeps what is sent to it, and agrees to TLS without any: the only way to what the request
/// to cancel would say.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<u8>>>);

struct Accept;

impl TlsConnect<Recorder> for Accept {
    type Stream = Recorder;
    type Error = Infallible;
    type Future = Ready<Result<Recorder, Infallible>>;

    fn connect(self, stream: Recorder) -> Self::Future {
        ready(Ok(stream))
    }
}

impl TlsStream for Recorder {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Recorder {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
