use super::resp::{Reply, command, info_contains};
use super::{Redis, RedisOptions};
use crate::{Error, Result};

/// The name of the primary in the sentinels' configuration.
const MASTER: &str = "main";

/// A primary, its replica, and three sentinels.
#[derive(Debug)]
pub struct RedisSentinel {
    nodes: Vec<Redis>,
    sentinels: Vec<Redis>,
}

impl RedisSentinel {
    /// Starts all five servers. When this returns, every sentinel has found the others and the
    /// replica. The primary fails after a second without an answer.
    pub fn start() -> Result<Self> {
        Self::start_with(&RedisOptions::default())
    }

    /// Starts all five servers, with `options` for the primary and its replica. Ignores
    /// [`RedisOptions::port`].
    pub fn start_with(options: &RedisOptions) -> Result<Self> {
        let mut options = RedisOptions { port: None, ..options.clone() };
        let primary = Redis::start_with(&options)?;
        options.config.push(format!("replicaof 127.0.0.1 {}", primary.port()));
        let mut replica = Redis::start_with(&options)?;
        replica.wait_for("the connection to its primary", |port| {
            info_contains(port, "replication", &["role:slave", "master_link_status:up"])
        })?;
        let config = format!(
            "bind 127.0.0.1\n\
             sentinel monitor {MASTER} 127.0.0.1 {} 2\n\
             sentinel down-after-milliseconds {MASTER} 1000\n\
             sentinel failover-timeout {MASTER} 5000\n",
            primary.port()
        );
        let sentinels: Result<Vec<_>> = (0..3).map(|_| Redis::start_sentinel(&config)).collect();
        let mut cluster = Self { nodes: vec![primary, replica], sentinels: sentinels? };
        cluster.wait_for_agreement()?;
        Ok(cluster)
    }

    fn wait_for_agreement(&mut self) -> Result<()> {
        for sentinel in &mut self.sentinels {
            sentinel.wait_for("the other sentinels and the replica", |port| {
                let Some(fields) = master(port) else {
                    return false;
                };
                let has = |name: &str, value: &str| {
                    fields.chunks_exact(2).any(|pair| pair[0] == name && pair[1] == value)
                };
                has("flags", "master") && has("num-slaves", "1") && has("num-other-sentinels", "2")
            })?;
        }
        Ok(())
    }

    /// `redis-sentinel://127.0.0.1:PORT,…/?service=NAME`: all sentinels and the name of the primary
    /// in one URL, as tower-sqrl expects it.
    pub fn url(&self) -> String {
        let ports = self.sentinel_ports();
        let hosts: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis-sentinel://{}/?service={MASTER}", hosts.join(","))
    }

    /// The sentinels' ports on 127.0.0.1.
    pub fn sentinel_ports(&self) -> Vec<u16> {
        self.sentinels.iter().map(Redis::port).collect()
    }

    /// The primary's current port according to the first sentinel.
    pub fn primary_port(&self) -> Result<u16> {
        let sentinel = &self.sentinels[0];
        primary(sentinel.port()).ok_or_else(|| sentinel.error("names no primary"))
    }

    /// The primary and the replica, in any order.
    pub fn nodes(&mut self) -> &mut [Redis] {
        &mut self.nodes
    }

    /// Kills the primary and waits until all sentinels name the other node and that node accepts
    /// writes. Returns the new primary's port. The killed node becomes a replica when it is
    /// restarted.
    pub fn kill_primary(&mut self) -> Result<u16> {
        let old = self.primary_port()?;
        self.node(old)?.kill()?;
        for sentinel in &mut self.sentinels {
            sentinel
                .wait_for("a new primary", |port| primary(port).is_some_and(|new| new != old))?;
        }
        let new = self.primary_port()?;
        self.node(new)?.wait_for("its promotion", |port| {
            info_contains(port, "replication", &["role:master"])
        })?;
        Ok(new)
    }

    fn node(&mut self, port: u16) -> Result<&mut Redis> {
        let node = self.nodes.iter_mut().find(|node| node.port() == port);
        node.ok_or_else(|| Error::new(format!("no node listens on port {port}")))
    }
}

/// The fields of the primary according to the sentinel on `port`: names and values alternate.
fn master(port: u16) -> Option<Vec<String>> {
    let reply = command(port, &["SENTINEL", "MASTER", MASTER]).ok()?;
    reply.array()?.into_iter().map(Reply::text).collect()
}

fn primary(port: u16) -> Option<u16> {
    let reply = command(port, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]).ok()?;
    reply.array()?.pop()?.text()?.parse().ok()
}
