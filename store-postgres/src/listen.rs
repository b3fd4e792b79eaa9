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
use crate::hint::Hint;
use crate::pooler::is_pooled;

/// How often a connection is asked whether it lives: one that was cut does not say so.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long to wait before connecting again after it failed.
const PAUSE: Duration = Duration::from_millis(250);

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Makes a connection that is not of the pool, since a pool's connections keep what they
/// hear to themselves. The second future is the connection: it tells those who wait.
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
                            tracing::warn!(%error, "the listening connection broke");
                            break;
                        }
                    }
                }
            });
            Ok((client, connection))
        })
    })
}

/// Hears what all servers announce, and goes on for ever.
pub(crate) struct Listener {
    connect: Arc<Connect>,
    channel: String,
    timeout: Duration,
    waiters: Waiters<Hint>,
    connection: Option<Connection>,
}

struct Connection {
    client: Client,
    /// Ends with the connection, and ends it.
    driver: JoinSet<()>,
}

impl Listener {
    /// Listens from now on, so that a mistake in the configuration shows at the start. `None`
    /// where the connection leads through a pooler, which announcements do not pass.
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
                tracing::warn!("outcomes are not heard of; connecting again");
            }
            match self.listen().await {
                Ok(connection) => {
                    self.connection = Some(connection);
                    tracing::info!("outcomes are heard of again");
                    self.waiters.announce_all();
                }
                Err(error) => {
                    tracing::debug!(%error, "outcomes are still not heard of");
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
            // Before it listens: somebody else would be lent a connection that does.
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
