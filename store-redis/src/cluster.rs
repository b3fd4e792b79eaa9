//! Connections to the nodes of a cluster.
//!
//! The cluster connection of the redis crate does not fit: it repeats a command whose reply was lost, or,
//! if that is turned off, follows no redirection; and it may give a call the error of another call.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use redis::{
    ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value,
};
use tokio::time::sleep;

use crate::cached::Cached;
use crate::connect::{at, connect};
use crate::server::{Replicas, Server};
use crate::slots::{Address, Slots, slot_of};
use crate::transport::{Call, Effect, Failure, Transport};

/// Nodes that are asked for the slots at the same time. The first answer counts until a call fails.
const ASKED: usize = 3;
/// The pause before the slots are asked for again.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) struct Cluster {
    nodes: Arc<Nodes>,
    slots: Cached<Arc<Slots>>,
}

/// The known nodes.
struct Nodes {
    /// The nodes of the URL. The first one also has the settings for connections to all nodes.
    seeds: Vec<ConnectionInfo>,
    step: Duration,
    replicas: Option<Replicas>,
    /// How often the slots have been asked for.
    questions: AtomicUsize,
    servers: Mutex<HashMap<Address, Arc<Server>>>,
}

impl Cluster {
    pub(crate) fn new(
        seeds: Vec<ConnectionInfo>,
        step: Duration,
        replicas: Option<Replicas>,
    ) -> Self {
        let (questions, servers) = (AtomicUsize::new(0), Mutex::default());
        let nodes = Arc::new(Nodes { seeds, step, replicas, questions, servers });
        let asked = Arc::downgrade(&nodes);
        let slots = Cached::new(move |_| slots(asked.clone()));
        Self { nodes, slots }
    }
}

#[async_trait]
impl Transport for Cluster {
    async fn send(&self, call: &Call) -> Result<Value, Failure> {
        let (generation, slots) = self.slots.get().await.map_err(Failure::not_sent)?;
        let Some(master) = slots.master_of(slot_of(call.key.as_bytes())) else {
            self.slots.refresh(generation);
            return Err(Failure::not_sent("no node of the cluster serves this key"));
        };
        let result = self.nodes.server(master).send(call).await;
        let Err(failure) = &result else { return result };
        if failure.effect == Effect::Rejected {
            return result;
        }
        match redirection(failure, master) {
            // The slot is being moved, and this key has been moved already.
            Some(Redirection::Ask(node)) => {
                self.nodes.server(&node).send_after(call, Some(&redis::cmd("ASKING"))).await
            }
            Some(Redirection::Moved(node)) => {
                self.slots.refresh(generation);
                self.nodes.server(&node).send(call).await
            }
            None => {
                self.slots.refresh(generation);
                result
            }
        }
    }
}

impl Nodes {
    fn server(&self, address: &Address) -> Arc<Server> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = servers.get(address) {
            return Arc::clone(server);
        }
        let (info, step) = (self.info(address), self.step);
        let server = Arc::new(Server::new(self.replicas, step, move |invalidator| {
            let info = info.clone();
            async move { connect(&info, step, Some(invalidator)).await }
        }));
        servers.insert(address.clone(), Arc::clone(&server));
        server
    }

    fn info(&self, (host, port): &Address) -> ConnectionInfo {
        at(&self.seeds[0], host.clone(), *port)
    }

    /// All nodes to ask for the slots: those of the URL, and those in use.
    fn all(&self) -> Vec<Address> {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = servers.keys().cloned().collect();
        drop(servers);
        all.extend(self.seeds.iter().filter_map(address));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Drops the connections to nodes that no longer serve any slot.
    fn retain(&self, slots: &Slots) {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.retain(|address, _| slots.masters().any(|master| master == address));
    }

    async fn ask(&self, address: Address) -> RedisResult<Slots> {
        let mut connection = connect(&self.info(&address), self.step, None).await?;
        let reply: Value = redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut connection).await?;
        let slots = Slots::read(&reply, &address.0).filter(|slots| !slots.is_empty());
        slots.ok_or_else(|| (ErrorKind::Parse, "a node of the cluster knows no slots").into())
    }
}

/// Asks several nodes at a time for the slots, until one answers.
async fn slots(nodes: Weak<Nodes>) -> RedisResult<Arc<Slots>> {
    let mut error = RedisError::from((ErrorKind::Io, "no node of the cluster is known"));
    let Some(nodes) = nodes.upgrade() else { return Err(error) };
    let question = nodes.questions.fetch_add(1, Ordering::Relaxed);
    if question > 0 {
        sleep(PAUSE).await;
    }
    let mut left = nodes.all();
    // Other nodes each time: the first one to answer may be out of date.
    let turn = question % left.len().max(1);
    left.rotate_left(turn);
    let mut asked = FuturesUnordered::new();
    loop {
        while asked.len() < ASKED
            && let Some(address) = left.pop()
        {
            asked.push(nodes.ask(address));
        }
        match asked.next().await {
            Some(Ok(slots)) => {
                nodes.retain(&slots);
                return Ok(Arc::new(slots));
            }
            Some(Err(failed)) => error = failed,
            None => return Err(error),
        }
    }
}

enum Redirection {
    Moved(Address),
    Ask(Address),
}

/// The node that a failure redirects to. A node that does not know its own host leaves it out.
fn redirection(failure: &Failure, asked: &Address) -> Option<Redirection> {
    let error = failure.source.downcast_ref::<RedisError>()?;
    let (node, _) = error.redirect_node()?;
    let (host, port) = node.rsplit_once(':')?;
    let host = if host.is_empty() { &asked.0 } else { host };
    let address = (host.to_owned(), port.parse().ok()?);
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::Ask) => Some(Redirection::Ask(address)),
        ErrorKind::Server(ServerErrorKind::Moved) => Some(Redirection::Moved(address)),
        _ => None,
    }
}

fn address(server: &ConnectionInfo) -> Option<Address> {
    match server.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            Some((host.clone(), *port))
        }
        _ => None,
    }
}
