//! Makes connections to one server, or to the master that Sentinel names.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use redis::aio::{MultiplexedConnection, SendError};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, ProtocolVersion,
    PushInfo, PushKind, RedisError, RedisResult, Value,
};

use crate::cached::Invalidator;
use crate::url::Sentinel;

/// Commands that a connection queues. Further ones wait.
const QUEUE: usize = 1024;

/// Connects. `step` is the timeout of connecting, and that of each reply.
pub(crate) async fn connect(
    server: &ConnectionInfo,
    step: Duration,
    invalidator: Option<Invalidator<MultiplexedConnection>>,
) -> RedisResult<MultiplexedConnection> {
    let mut config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(step))
        .set_response_timeout(Some(step))
        .set_pipeline_buffer_size(QUEUE);
    if let Some(invalidator) = invalidator {
        // At once, so that a restart costs no call: the next one makes a new connection.
        config = config.set_push_sender(move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                invalidator.invalidate();
            }
            Ok::<_, SendError>(())
        });
    }
    let client = client(server)?;
    client.get_multiplexed_async_connection_with_config(&config).await
}

pub(crate) fn client(server: &ConnectionInfo) -> RedisResult<Client> {
    #[cfg(feature = "tls")]
    if matches!(server.addr(), ConnectionAddr::TcpTls { .. }) {
        // The redis crate uses the provider of the process. This one is for a process that has
        // installed none.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    }
    Client::open(server.clone())
}

/// Asks all sentinels at once. The first answer that names a master counts, so a sentinel that is down or
/// out of date costs nothing.
pub(crate) async fn master(of: &Sentinel, step: Duration) -> RedisResult<ConnectionInfo> {
    let asked = of.sentinels.iter().map(|sentinel| ask(sentinel, of, step));
    let mut answers: FuturesUnordered<_> = asked.collect();
    let first = async {
        let mut why = None;
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(master) => return Ok(master),
                // An answer tells more than a sentinel that is down.
                Err(error) if why.as_ref().is_none_or(RedisError::is_io_error) => why = Some(error),
                Err(_) => {}
            }
        }
        Err(why.unwrap_or_else(|| (ErrorKind::Io, "the URL names no sentinel").into()))
    };
    let late = (ErrorKind::Io, "no sentinel named a master in time");
    tokio::time::timeout(step, first).await.unwrap_or_else(|_| Err(late.into()))
}

/// Asks one sentinel for the master, and checks that it is one.
async fn ask(
    sentinel: &ConnectionInfo,
    of: &Sentinel,
    step: Duration,
) -> RedisResult<ConnectionInfo> {
    // Sentinels before version 6 do not support RESP3.
    let settings = sentinel.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
    let sentinel = sentinel.clone().set_redis_settings(settings);
    let mut connection = connect(&sentinel, step, None).await?;
    let address: Option<(String, u16)> = redis::cmd("SENTINEL")
        .arg("GET-MASTER-ADDR-BY-NAME")
        .arg(&of.service)
        .query_async(&mut connection)
        .await?;
    let (host, port) = address.ok_or((
        ErrorKind::MasterNameNotFoundBySentinel,
        "the sentinel knows no service of that name",
    ))?;
    let master = at(&of.template, host, port);
    // Sentinel may still name a master that has been replaced.
    let mut connection = connect(&master, step, None).await?;
    let role: Vec<Value> = redis::cmd("ROLE").query_async(&mut connection).await?;
    match role.first() {
        Some(Value::BulkString(role)) if role == b"master" => Ok(master),
        _ => Err(RedisError::from((
            ErrorKind::Io,
            "the sentinel names a server that is not a master",
        ))),
    }
}

/// The same settings with another address.
pub(crate) fn at(server: &ConnectionInfo, host: String, port: u16) -> ConnectionInfo {
    let addr = match server.addr() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host, port),
    };
    server.clone().set_addr(addr)
}
