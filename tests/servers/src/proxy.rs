use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::{Error, Result};

/// A TCP proxy on a free port of 127.0.0.1 that simulates network failures.
///
/// It can hold bytes back ([`pause`](Self::pause)), discard them without closing the connection
/// ([`blackhole_connections`](Self::blackhole_connections)), close connections
/// ([`close_connections`](Self::close_connections)) and connect to another server
/// ([`redirect_to`](Self::redirect_to)). Dropping it closes every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    server: u16,
    paused: bool,
    stopped: bool,
    accepted: usize,
    /// Every connection that neither side has closed, and every blackholed one.
    connections: Vec<Connection>,
}

#[derive(Debug)]
struct Connection {
    number: usize,
    blackholed: bool,
    client: TcpStream,
    server: TcpStream,
}

impl Proxy {
    /// Starts a proxy for the server on this port of 127.0.0.1.
    pub fn start(server: u16) -> Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::io("a proxy's port"))?;
        let address = listener.local_addr().map_err(Error::io("a proxy's port"))?;
        let state =
            State { server, paused: false, stopped: false, accepted: 0, connections: Vec::new() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let for_new = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if for_new.lock().stopped {
                    break;
                }
                // If the server is unreachable, the client's connection closes immediately.
                let _ = client.and_then(|client| connect(&for_new, client));
            }
        });
        Ok(Self { address, shared })
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port of [`address`](Self::address).
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Connects new connections to another port. Open connections stay where they are.
    pub fn redirect_to(&self, server: u16) {
        self.shared.lock().server = server;
    }

    /// Holds back everything that either side sends, on every connection. Closes no connection.
    pub fn pause(&self) {
        self.set_paused(true);
    }

    /// Delivers everything that was held back since [`pause`](Self::pause), and all that follows.
    pub fn resume(&self) {
        self.set_paused(false);
    }

    fn set_paused(&self, paused: bool) {
        self.shared.lock().paused = paused;
        self.shared.changed.notify_all();
    }

    /// From now on discards everything that either side sends over the open connections, including
    /// their end. Closes no connection. This is what a NAT or load balancer does with connections
    /// that it no longer tracks. New connections work. Returns the number of affected connections.
    pub fn blackhole_connections(&self) -> usize {
        let mut state = self.shared.lock();
        let open = state.connections.iter_mut().filter(|connection| !connection.blackholed);
        open.map(|connection| connection.blackholed = true).count()
    }

    /// Closes every connection, on both sides. New connections work.
    pub fn close_connections(&self) {
        self.shared.lock().connections.iter().for_each(Connection::close);
    }

    /// The number of open connections that are not blackholed.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections.iter().filter(|connection| !connection.blackholed).count()
    }

    /// The number of connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.shared.lock().accepted
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.resume();
        self.close_connections();
        // Wakes the accepting thread.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while the proxy is paused. Returns `false` if the connection is blackholed.
    fn may_pass(&self, number: usize) -> bool {
        let state = self.changed.wait_while(self.lock(), |state| state.paused);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        !state.connections.iter().any(|open| open.number == number && open.blackholed)
    }
}

impl Connection {
    fn close(&self) {
        for stream in [&self.client, &self.server] {
            // The other side may already have closed it.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn connect(shared: &Arc<Shared>, client: TcpStream) -> std::io::Result<()> {
    let server = shared.lock().server;
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let directions =
        [(client.try_clone()?, server.try_clone()?), (server.try_clone()?, client.try_clone()?)];
    let mut state = shared.lock();
    let number = state.accepted;
    state.accepted += 1;
    let connection = Connection { number, blackholed: false, client, server };
    if state.stopped {
        connection.close();
        return Ok(());
    }
    state.connections.push(connection);
    drop(state);
    for (from, to) in directions {
        let shared = Arc::clone(shared);
        thread::spawn(move || forward(&shared, number, from, to));
    }
    Ok(())
}

fn forward(shared: &Shared, number: usize, mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if shared.may_pass(number) && to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // The end of the stream is subject to the same rules. Either side's end closes the connection.
    if shared.may_pass(number) {
        let mut state = shared.lock();
        if let Some(place) = state.connections.iter().position(|open| open.number == number) {
            state.connections.swap_remove(place).close();
        }
    }
}
