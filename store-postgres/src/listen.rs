use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Config, Error, Socket};
use tower_sqrl_core::nuts::Waiters;

use crate::error::CallError;
use crate::pooler::is_pooled;

/// How often a silent connection is checked. A broken network does not report itself.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The pause after a failed attempt to connect.
const PAUSE: Duration = Duration::from_millis(250);

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Makes a connection outside of the pool, because a pool's connections do not pass on notifications. The
/// second future drives the connection and notifies the waiters.
pub(crate) type Connect =
    dyn Fn(Waiters<Hint>) -> BoxFuture<Result<(Client, BoxFuture<()>), Error>> + Send + Sync;

pub(crate) fn connector<T>(config: Config, tls: T) -> Arc<Connect>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    Arc::new(move |waiters| {
        let (config, tls) = (config.clone(), tls.clone());
        Box::pin(async move {
            let (client, mut connection) = config.connect(tls).await?;
            let connection: BoxFuture<()> = Box::pin(async move {
                while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                    match message {
                        Ok(AsyncMessage::Notification(notification)) => {
                            if let Some(hint) = Hint::from_payload(notification.payload()) {
                                waiters.announce(&hint);
                            }
                        }
                        Ok(_) => {}
                        Err(error) => {
                            tracing::warn!(%error, "the connection for announcements failed");
                            break;
                        }
                    }
                }
            });
            Ok((client, connection))
        })
    })
}

/// Receives the announcements of all servers.
pub(crate) struct Listener {
    connect: Arc<Connect>,
    channel: String,
    timeout: Duration,
    waiters: Waiters<Hint>,
    connection: Option<Connection>,
}

struct Connection {
    client: Client,
    /// Ends when the connection does. Dropping it closes the connection.
    driver: JoinSet<()>,
}

impl Listener {
    /// Connects and listens, so that a wrong configuration is an error when the store is opened. Returns
    /// `None` if the connection leads through a pooler, which delivers no announcements.
    pub(crate) async fn start(
        connect: Arc<Connect>,
        channel: String,
        timeout: Duration,
        waiters: Waiters<Hint>,
    ) -> Result<Option<Self>, CallError> {
        let mut listener = Self { connect, channel, timeout, waiters, connection: None };
        match listener.listen().await {
            Ok(connection) => listener.connection = Some(connection),
            Err(CallError::Pooler) => return Ok(None),
            Err(error) => return Err(error),
        }
        Ok(Some(listener))
    }

    pub(crate) async fn run(mut self) {
        loop {
            if let Some(connection) = self.connection.take() {
                connection.until_lost(self.timeout).await;
                tracing::warn!(
                    "the connection for announcements is lost: pages that wait poll; connecting again"
                );
            }
            match self.listen().await {
                Ok(connection) => {
                    self.connection = Some(connection);
                    tracing::info!("the connection for announcements is back");
                    self.waiters.announce_all();
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot connect for announcements");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn listen(&self) -> Result<Connection, CallError> {
        let connection = timeout(self.timeout, async {
            let (client, connection) = (self.connect)(self.waiters.clone()).await?;
            let mut driver = JoinSet::new();
            driver.spawn(connection);
            // Before it listens: a pooler would lend a listening connection to others.
            if is_pooled(&client).await? {
                return Err(CallError::Pooler);
            }
            client.batch_execute(&format!("listen \"{}\"", self.channel)).await?;
            Ok(Connection { client, driver })
        });
        connection.await.map_err(|_| CallError::Timeout)?
    }
}

impl Connection {
    async fn until_lost(mut self, patience: Duration) {
        while timeout(HEARTBEAT, self.driver.join_next()).await.is_err() {
            if !matches!(timeout(patience, self.client.batch_execute("")).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}

/// The payload of an announcement: half of the wait id. Any role may listen on any channel of a database, so
/// an announcement does not contain the whole id. If two ids share a half, a page polls once without
/// need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hint(u64);

impl Hint {
    pub(crate) fn of(wait: [u8; 16]) -> Self {
        let [half @ .., _, _, _, _, _, _, _, _] = wait;
        Self(u64::from_be_bytes(half))
    }

    pub(crate) fn to_payload(self) -> String {
        format!("{:016x}", self.0)
    }

    pub(crate) fn from_payload(payload: &str) -> Option<Self> {
        u64::from_str_radix(payload, 16).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads() {
        let hint = Hint::of([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(hint.to_payload(), "0001020304050607");
        assert_eq!(Hint::from_payload("0001020304050607"), Some(hint));
        assert_eq!(Hint::from_payload("what somebody else says"), None);
    }
}
