//! The same-device listener: a browser jumps to `http://localhost:25519/<link>` and is
//! sent on to its signed-in session ([*SQRL Operating
//! Details*](https://www.grc.com/sqrl/sqrl_operating_details.pdf), "Same-Device Authentication").
//!
//! Any page can send a browser here. A sign-in starts only when a whole tab is loaded: the
//! listener refuses images, frames, scripts and prefetches where the browser names them
//! (`Sec-Fetch-*`, `Sec-Purpose`). It answers at most 64 connections at a time and holds at most
//! eight sign-ins. After a sign-in that fails, the browser is sent to a `can` of the link's own
//! origin alone.
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
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore, mpsc};
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

/// Maximum number of sign-ins at a time: one that is under way, the others waiting for their
/// turn. Further ones are refused at once.
const MAX_SIGN_INS: usize = 8;

/// Maximum number of open connections; further ones are closed at once.
const MAX_CONNECTIONS: usize = 64;

/// Longest time that a browser may take to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

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
    /// A request was dropped: it had an `Origin`, so a script made it, or it was for another
    /// host than this machine.
    Dropped,
    /// A link was refused before anything was sent to its site: not a tab asked for it, but an
    /// image, a frame, a script or a prefetch on a page (by `Sec-Fetch-*` and `Sec-Purpose`).
    NotNavigation(Link),
    /// A link was refused before anything was sent to its site: eight sign-ins are under way
    /// or waiting for their turn.
    TooMany(Link),
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
    /// One permit for each sign-in that is under way or waits.
    places: Arc<Semaphore>,
    /// One link at a time, as a person would answer them.
    turn: Arc<Mutex<()>>,
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
    /// [`Error::Cancelled`]. It is called for one link at a time; up to seven more wait for
    /// their turn, as long as their browsers wait. The listener refuses further ones.
    pub fn serve<H, F>(self, handler: H) -> Server
    where
        H: Fn(Link) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Outcome, Error>> + Send + 'static,
    {
        let (sender, events) = mpsc::channel(EVENTS);
        let shared = Arc::new(Shared {
            handler: Box::new(move |link| Box::pin(handler(link))),
            events: sender,
            places: Arc::new(Semaphore::new(MAX_SIGN_INS)),
            turn: Arc::default(),
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
                Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                }
                Ok(_) => {}
                // Out of file descriptors, say: room comes back as connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| answer::answer(request, Arc::clone(&shared)));
    // One request each, so that no idle connection takes another one's place. An error is a
    // browser that went away, or a request that we dropped.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
