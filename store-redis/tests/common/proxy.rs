use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Stands between a store and its server: sees what is sent, and can lose a reply.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    sent: Mutex<Vec<u8>>,
    /// A command whose reply is lost with its connection.
    lose: Mutex<Option<Vec<u8>>>,
}

impl Proxy {
    pub async fn start(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let proxy = Self { address, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await;
                let server = server.expect("the server");
                tokio::spawn(carry(client, server, Arc::clone(&shared)));
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// What has been sent to the server since the last time.
    pub fn sent(&self) -> Vec<u8> {
        std::mem::take(&mut self.shared.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Cuts the next connection that sends this command, once the server has replied.
    pub fn lose_reply_to(&self, command: &str) {
        let word = format!("\r\n{command}\r\n").into_bytes();
        *self.shared.lose.lock().unwrap_or_else(PoisonError::into_inner) = Some(word);
    }
}

async fn carry(client: TcpStream, server: TcpStream, shared: Arc<Shared>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (lose, losing) = watch::channel(false);
    let requests = async {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            let bytes = &buffer[..length];
            shared.sent.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            {
                let mut word = shared.lose.lock().unwrap_or_else(PoisonError::into_inner);
                let found = word.as_ref().is_some_and(|word| {
                    bytes.windows(word.len()).any(|window| window == word.as_slice())
                });
                if found {
                    *word = None;
                    lose.send_replace(true);
                }
            }
            if to_server.write_all(bytes).await.is_err() {
                break;
            }
        }
    };
    let replies = async {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            if *losing.borrow() || to_client.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    };
    // Whichever ends first ends the connection.
    tokio::select! {
        () = requests => {}
        () = replies => {}
    }
}
