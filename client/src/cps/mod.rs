//! The same-device listener: a browser jumps to `http://localhost:25519/<link>` and is
//! sent on to its signed-in session ([*SQRL Operating
//! Details*](https://www.grc.com/sqrl/sqrl_operating_details.pdf), "Same-Device Authentication").
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use tower_sqrl_client::cps::Listener;
//! use tower_sqrl_client::{Client, Identity};
//!
//! let listener = Listener::bind_port(0).await?; // any free port, for a test
//! let mut server = listener.sign_in_with(Client::new(Identity::from_seed([7; 32])));
//! while let Some(event) = server.next().await {
//!     println!("{event:?}");
//! }
//! # Ok(())
//! # }
//! ```

mod answer;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinHandle, JoinSet};

use crate::client::Client;
use crate::error::Error;
use crate::link::Link;
use crate::session::Outcome;
use crate::wire::Options;

/// The port that browsers know.
pub const PORT: u16 = 25519;

/// Events that wait to be read; further ones are lost.
const EVENTS: usize = 256;

/// A listener that is bound but does not answer yet. Always on 127.0.0.1.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// A running listener; it stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
}

/// What happened at the listener.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A page asked whether a client is here (`/*.gif`).
    Probed,
    /// A request was dropped: it had an `Origin`, so a script made it.
    Dropped,
    /// A browser brought a link; its authentication begins, or waits for its turn.
    Began(Link),
    /// The authentication ended well, and the browser was sent to this address.
    SignedIn(String),
    /// It did not, and the browser was sent to the page's `can`, if it has one.
    Failed {
        /// Where the browser was sent.
        can: Option<String>,
        /// Why, in words.
        reason: String,
    },
}

type Answered = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send>>;

struct Shared {
    handler: Box<dyn Fn(Link) -> Answered + Send + Sync>,
    events: mpsc::Sender<Event>,
    /// One link at a time, as a person would answer them.
    turn: Mutex<()>,
}

impl Listener {
    /// Binds to the port that browsers know, 25519.
    ///
    /// # Errors
    /// The port is taken: another SQRL client runs.
    pub async fn bind() -> io::Result<Self> {
        Self::bind_port(PORT).await
    }

    /// Binds to another port, for tests; 0 is any free one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn bind_port(port: u16) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Answers from now on. `handler` authenticates a link, or refuses with
    /// [`Error::Cancelled`]; one link at a time.
    pub fn serve<H, F>(self, handler: H) -> Server
    where
        H: Fn(Link) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Outcome, Error>> + Send + 'static,
    {
        let (sender, events) = mpsc::channel(EVENTS);
        let shared = Arc::new(Shared {
            handler: Box::new(move |link| Box::pin(handler(link))),
            events: sender,
            turn: Mutex::new(()),
        });
        Server { address: self.address, events, task: tokio::spawn(accept(self.socket, shared)) }
    }

    /// Signs a client's identity in at whatever link a browser brings, always with `cps`.
    pub fn sign_in_with(self, client: Client) -> Server {
        let options = Options { cps: true, ..client.options() };
        let client = client.with_options(options);
        self.serve(move |link| {
            let client = client.clone();
            async move { client.sign_in(&link).await }
        })
    }
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a browser goes with a link.
    pub fn url_for(&self, link: &Link) -> String {
        let path = crate::base64url::encode(link.as_str());
        format!("http://localhost:{}/{path}", self.address.port())
    }

    /// Waits for the next event. `None`: it has stopped.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn tell(&self, event: Event) {
        // Nobody reading is no reason to keep a browser waiting.
        let _ = self.events.try_send(event);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                }
                // Out of file descriptors, say: room comes back as connections end.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| answer::answer(request, Arc::clone(&shared)));
    // An error is a browser that went away, or a request that we dropped.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
