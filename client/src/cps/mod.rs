//! The listener for sign-ins on the same device (client provided sessions).
//!
//! A sign-in page opens `http://localhost:25519/` followed by its SQRL URL in base64url. The
//! listener signs in and redirects the browser to the URL that the site returned.
//!
//! Any page can send a browser here, so the listener is careful:
//!
//! - Only a request that loads a tab starts a sign-in. Images, frames, scripts and prefetches
//!   are rejected if the browser identifies them (`Sec-Fetch-*`, `Sec-Purpose`).
//! - It serves at most 64 connections and holds at most eight sign-ins, one in progress.
//! - After a failed sign-in, it redirects to a `can` of the SQRL URL's own origin only.
//!
//! Specification: [*SQRL Operating
//! Details*](https://www.grc.com/sqrl/sqrl_operating_details.pdf), "Same-Device Authentication".
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use tower_sqrl_client::cps::Listener;
//! use tower_sqrl_client::{Client, Identity};
//!
//! let listener = Listener::bind_port(0).await?; // a free port, for a test
//! let mut server = listener.sign_in_with(Client::new(Identity::from_seed([7; 32])));
//! while let Some(event) = server.next().await {
//!     println!("{event:?}");
//! }
//! # Ok(())
//! # }
//! ```

mod requests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::client::Client;
use crate::error::Error;
use crate::session::Outcome;
use crate::sqrl_url::SqrlUrl;
use crate::wire::Options;

pub use requests::Event;
use requests::{Shared, respond_to};

/// The port that sign-in pages use.
pub const PORT: u16 = 25519;

/// Maximum number of open connections. More are closed at once.
const MAX_CONNECTIONS: usize = 64;

/// Timeout for the headers of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// A listener that is bound to a port of 127.0.0.1 and does not accept requests yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// A listener that accepts requests. It stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Binds to port 25519, which sign-in pages use.
    ///
    /// # Errors
    /// Returns the error of the system, such as a port in use by another SQRL client.
    pub async fn bind() -> io::Result<Self> {
        Self::bind_port(PORT).await
    }

    /// Binds to another port, for tests. Port 0 means a free port.
    ///
    /// # Errors
    /// Returns the error of the system, such as a port in use.
    pub async fn bind_port(port: u16) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Accepts requests and signs in with `handler`, one SQRL URL at a time. At most seven
    /// more wait.
    ///
    /// `handler` returns [`Error::Cancelled`] to refuse.
    pub fn serve<H, F>(self, handler: H) -> Server
    where
        H: Fn(SqrlUrl) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Outcome, Error>> + Send + 'static,
    {
        let (shared, events) = Shared::new(handler);
        let task = tokio::spawn(accept(self.socket, Arc::new(shared)));
        Server { address: self.address, events, task }
    }

    /// Accepts requests and signs in with `client`, without asking the user. Sets
    /// [`Options::cps`].
    pub fn sign_in_with(self, client: Client) -> Server {
        let options = Options { cps: true, ..client.options() };
        let client = client.with_options(options);
        self.serve(move |url| {
            let client = client.clone();
            async move { client.sign_in(&url).await }
        })
    }
}

impl Server {
    /// Returns the address of the listener.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of the listener that signs in with a SQRL URL.
    pub fn url_for(&self, sqrl_url: &SqrlUrl) -> String {
        let path = crate::base64url::encode(sqrl_url.as_str());
        format!("http://localhost:{}/{path}", self.address.port())
    }

    /// Waits for the next event. Returns `None` if the listener has stopped.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                    connections.spawn(serve_connection(stream, Arc::clone(&shared)));
                }
                Ok(_) => {}
                // Often a lack of file descriptors, which ends as connections close.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| respond_to(request, Arc::clone(&shared)));
    // One request per connection, so that idle connections do not use up the limit. An error
    // means that the browser disconnected, or that the request was dropped.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
