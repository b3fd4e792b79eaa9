//! Connections of the store's own: to one server, or to the master that Sentinel names.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use redis::aio::{MultiplexedConnection, SendError};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, ProtocolVersion,
    PushInfo, PushKind, RedisError, RedisResult, Value,
};

use crate::renewed::Ended;
use crate::topology::Sentinel;

/// Commands that may wait to be written; more wait for room.
const QUEUE: usize = 1024;

/// Connects; the connection and each of its replies are given `step`.
pub(crate) async fn connect(
    server: &ConnectionInfo,
    step: Duration,
    ended: Option<Ended<MultiplexedConnection>>,
) -> RedisResult<MultiplexedConnection> {
    let mut config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(step))
        .set_response_timeout(Some(step))
        .set_pipeline_buffer_size(QUEUE);
    if let Some(ended) = ended {
        // Told at once, so that a restart costs no call: the next one connects anew.
        config = config.set_push_sender(move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                ended.ended();
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
        // The redis crate leaves the cryptography to the process. Ours is only for one that
        // has not chosen any.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    }
    Client::open(server.clone())
}

/// Asks all sentinels at once; the first whose answer proves right decides. A sentinel that
/// is down or behind the times costs nothing.
pub(crate) async fn master(of: &Sentinel, step: Duration) -> RedisResult<ConnectionInfo> {
    let asked = of.sentinels.iter().map(|sentinel| said(sentinel, of, step));
    let mut answers: FuturesUnordered<_> = asked.collect();
    let first = async {
        let mut why = None;
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(master) => return Ok(master),
                // What one of them says tells more than that another is down.
                Err(error) if why.as_ref().is_none_or(RedisError::is_io_error) => why = Some(error),
                Err(_) => {}
            }
        }
        Err(why.unwrap_or_else(|| (ErrorKind::Io, "no sentinel is named").into()))
    };
    let late = (ErrorKind::Io, "no sentinel has named a master in time");
    tokio::time::timeout(step, first).await.unwrap_or_else(|_| Err(late.into()))
}

/// Who is the master, as one of them says.
async fn said(
    sentinel: &ConnectionInfo,
    of: &Sentinel,
    step: Duration,
) -> RedisResult<ConnectionInfo> {
    // Sentinels of old speak no RESP3.
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
    // Sentinel may still name one that has been replaced.
    let mut connection = connect(&master, step, None).await?;
    let role: Vec<Value> = redis::cmd("ROLE").query_async(&mut connection).await?;
    match role.first() {
        Some(Value::BulkString(role)) if role == b"master" => Ok(master),
        _ => Err(RedisError::from((ErrorKind::Io, "the sentinel names one that is no master"))),
    }
}

/// The server at another address that is talked to in the same way.
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
