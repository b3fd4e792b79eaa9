//! The way to the nodes of a cluster.
//!
//! Our own, because of what must not happen here: the redis crate's sends a command again
//! whose reply was lost, or, told not to, follows no redirection; and it may hand a call that
//! it has sent the error of another.

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

use crate::call::{Call, Effect, Failure};
use crate::connect::{at, connect};
use crate::lanes::{Lanes, Replicas};
use crate::link::Link;
use crate::renewed::{Renewed, Verdict};
use crate::slots::{Address, Slots, slot_of};

/// Nodes that are asked at the same time who serves what; the first to answer is believed,
/// and doubted as soon as a call goes wrong.
const ASKED: usize = 3;
/// Intercept two such questions.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) struct Cluster {
    nodes: Arc<Nodes>,
    slots: Renewed<Arc<Slots>>,
}

/// The nodes that are known.
struct Nodes {
    /// Where the first question goes, and how to talk to all nodes.
    servers: Vec<ConnectionInfo>,
    step: Duration,
    replicas: Option<Replicas>,
    /// How often it has been asked who serves what.
    questions: AtomicUsize,
    lanes: Mutex<HashMap<Address, Arc<Lanes>>>,
}

impl Cluster {
    pub(crate) fn new(
        servers: Vec<ConnectionInfo>,
        step: Duration,
        replicas: Option<Replicas>,
    ) -> Self {
        let (questions, lanes) = (AtomicUsize::new(0), Mutex::default());
        let nodes = Arc::new(Nodes { servers, step, replicas, questions, lanes });
        let asked = Arc::downgrade(&nodes);
        let slots = Renewed::new(move |_| slots(asked.clone()));
        Self { nodes, slots }
    }
}

#[async_trait]
impl Link for Cluster {
    async fn send(&self, call: &Call) -> Result<Value, Failure> {
        let (generation, slots) = self.slots.get().await.map_err(Failure::not_sent)?;
        let Some(master) = slots.master_of(slot_of(call.key.as_bytes())) else {
            self.slots.failed(generation, Verdict::Suspect);
            return Err(Failure::not_sent("no node of the cluster serves this key"));
        };
        let result = self.nodes.lanes(master).send(call, None).await;
        let Err(failure) = &result else { return result };
        if failure.effect == Effect::Never {
            return result;
        }
        match redirection(failure, master) {
            // The slot is on its way, and this key has arrived already.
            Some(Redirection::Ask(node)) => {
                self.nodes.lanes(&node).send(call, Some(&redis::cmd("ASKING"))).await
            }
            Some(Redirection::Moved(node)) => {
                self.slots.failed(generation, Verdict::Suspect);
                self.nodes.lanes(&node).send(call, None).await
            }
            None => {
                self.slots.failed(generation, Verdict::Suspect);
                result
            }
        }
    }
}

impl Nodes {
    fn lanes(&self, address: &Address) -> Arc<Lanes> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lanes) = lanes.get(address) {
            return Arc::clone(lanes);
        }
        let (server, step) = (self.server(address), self.step);
        let new = Arc::new(Lanes::new(self.replicas, step, move |ended| {
            let server = server.clone();
            async move { connect(&server, step, Some(ended)).await }
        }));
        lanes.insert(address.clone(), Arc::clone(&new));
        new
    }

    fn server(&self, (host, port): &Address) -> ConnectionInfo {
        at(&self.servers[0], host.clone(), *port)
    }

    /// All that may know who serves what: those that were named first, and those in use.
    fn all(&self) -> Vec<Address> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = lanes.keys().cloned().collect();
        drop(lanes);
        all.extend(self.servers.iter().filter_map(address));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Forgets the nodes that serve nothing any more.
    fn keep(&self, slots: &Slots) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.retain(|address, _| slots.masters().any(|master| master == address));
    }

    async fn ask(&self, address: Address) -> RedisResult<Slots> {
        let mut connection = connect(&self.server(&address), self.step, None).await?;
        let reply: Value = redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut connection).await?;
        let slots = Slots::read(&reply, &address.0).filter(|slots| !slots.is_empty());
        slots.ok_or_else(|| (ErrorKind::Parse, "a node does not know who serves what").into())
    }
}

/// Asks who serves what, several nodes at a time, until one answers.
async fn slots(nodes: Weak<Nodes>) -> RedisResult<Arc<Slots>> {
    let mut error = RedisError::from((ErrorKind::Io, "no node of the cluster is known"));
    let Some(nodes) = nodes.upgrade() else { return Err(error) };
    let question = nodes.questions.fetch_add(1, Ordering::Relaxed);
    if question > 0 {
        sleep(PAUSE).await;
    }
    let mut left = nodes.all();
    // Others each time: the first to answer may be the one that knows least.
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
                nodes.keep(&slots);
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

/// Where else the call is to be sent. A node that does not know its own host leaves it out.
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
