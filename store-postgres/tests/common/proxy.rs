use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Stands between a store and its server, and can keep everything to itself.
pub struct Proxy {
    pub address: SocketAddr,
    flows: watch::Sender<bool>,
}

impl Proxy {
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (flows, flowing) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass_on(from_client, to_server, flowing.clone()));
                tokio::spawn(pass_on(from_server, to_client, flowing.clone()));
            }
        });
        Self { address, flows }
    }

    /// Nothing is answered from now on, and no connection closed, until it flows again.
    pub fn set_flowing(&self, flowing: bool) {
        self.flows.send_replace(flowing);
    }
}

async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut flowing: watch::Receiver<bool>,
) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let flows = flowing.wait_for(|&flowing| flowing).await.is_ok();
        if !flows || to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    // Whoever is at the other end may have gone already.
    let _ = to.shutdown().await;
}
