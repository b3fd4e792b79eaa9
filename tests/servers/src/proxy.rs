use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::{Error, Result};

/// A TCP proxy on a free port of 127.0.0.1 that misbehaves as networks do.
///
/// It holds bytes back ([`set_flowing`](Self::set_flowing)), loses connections without closing them
/// ([`forget_connections`](Self::forget_connections)), closes them
/// ([`cut_connections`](Self::cut_connections)), and leads to another server
/// ([`lead_to`](Self::lead_to)). Dropping it closes every connection.
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
    flowing: bool,
    stopped: bool,
    accepted: usize,
    /// Every connection that neither side has closed, and the forgotten ones.
    connections: Vec<Connection>,
}

#[derive(Debug)]
struct Connection {
    number: usize,
    forgotten: bool,
    client: TcpStream,
    server: TcpStream,
}

impl Proxy {
    /// Starts one that leads to this port of 127.0.0.1.
    pub fn start(server: u16) -> Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::io("a proxy's port"))?;
        let address = listener.local_addr().map_err(Error::io("a proxy's port"))?;
        let state =
            State { server, flowing: true, stopped: false, accepted: 0, connections: Vec::new() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let for_new = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if for_new.lock().stopped {
                    break;
                }
                // A server that is not there shows as a connection that ends at once.
                let _ = client.and_then(|client| connect(&for_new, client));
            }
        });
        Ok(Self { address, shared })
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port of [`address`](Self::address).
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Leads new connections to another port. Present ones stay.
    pub fn lead_to(&self, server: u16) {
        self.shared.lock().server = server;
    }

    /// With `false`, holds back everything that either side sends, on every connection, and closes
    /// none. With `true`, delivers it and all that follows.
    pub fn set_flowing(&self, flowing: bool) {
        self.shared.lock().flowing = flowing;
        self.shared.changed.notify_all();
    }

    /// Throws away, from now on, what either side sends over the present connections, their end
    /// included, and closes none: what a NAT or a load balancer does to connections that it has
    /// forgotten. New connections work. Returns how many are forgotten.
    pub fn forget_connections(&self) -> usize {
        let mut state = self.shared.lock();
        let present = state.connections.iter_mut().filter(|connection| !connection.forgotten);
        present.map(|connection| connection.forgotten = true).count()
    }

    /// Closes every connection, on both sides. New connections work.
    pub fn cut_connections(&self) {
        self.shared.lock().connections.iter().for_each(Connection::close);
    }

    /// How many connections there are now that work.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections.iter().filter(|connection| !connection.forgotten).count()
    }

    /// How many connections there have been so far.
    pub fn accepted(&self) -> usize {
        self.shared.lock().accepted
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.set_flowing(true);
        self.cut_connections();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until bytes may pass; false if this connection is forgotten.
    fn may_pass(&self, number: usize) -> bool {
        let held = |state: &mut State| !state.flowing;
        let state = self.changed.wait_while(self.lock(), held);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        !state.connections.iter().any(|open| open.number == number && open.forgotten)
    }
}

impl Connection {
    fn close(&self) {
        for stream in [&self.client, &self.server] {
            // The other side may have closed it already.
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
    let connection = Connection { number, forgotten: false, client, server };
    if state.stopped {
        connection.close();
        return Ok(());
    }
    state.connections.push(connection);
    drop(state);
    for (from, to) in directions {
        let shared = Arc::clone(shared);
        thread::spawn(move || pass_on(&shared, number, from, to));
    }
    Ok(())
}

fn pass_on(shared: &Shared, number: usize, mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if shared.may_pass(number) && to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // The end passes like everything else. Either side's end is the connection's.
    if shared.may_pass(number) {
        let mut state = shared.lock();
        if let Some(place) = state.connections.iter().position(|open| open.number == number) {
            state.connections.swap_remove(place).close();
        }
    }
}
