use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{CancelToken, Socket};

/// Asks the server to cancel what a connection is doing. That the request may not arrive is
/// nothing to report: nobody waits for the answer any more.
pub(crate) type Cancel =
    dyn Fn(CancelToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

pub(crate) fn canceller<T>(tls: T) -> Arc<Cancel>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    Arc::new(move |token| {
        let tls = tls.clone();
        Box::pin(async move {
            if let Err(error) = token.cancel_query(tls).await {
                tracing::debug!(%error, "a statement could not be cancelled");
            }
        })
    })
}
