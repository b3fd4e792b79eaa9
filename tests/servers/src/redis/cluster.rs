use std::process::Command;

use super::resp::{command, info_contains};
use super::{Redis, RedisOptions};
use crate::{Error, Result, programs};

/// A Redis Cluster of three masters with one replica each.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Starts six nodes and joins them to a cluster. When this returns, every slot has a master and
    /// every replica is in sync. A master fails after a second without an answer.
    pub fn start() -> Result<Self> {
        Self::start_with(&RedisOptions::default())
    }

    /// Starts the nodes with `options`. Ignores [`RedisOptions::port`].
    pub fn start_with(options: &RedisOptions) -> Result<Self> {
        let mut options = RedisOptions { port: None, ..options.clone() };
        options.config.extend([
            "cluster-enabled yes".to_owned(),
            "cluster-node-timeout 1000".to_owned(),
            // A replica may take over however old its data is.
            "cluster-replica-validity-factor 0".to_owned(),
        ]);
        let nodes: Result<_> = (0..6).map(|_| Redis::start_with(&options)).collect();
        let mut cluster = Self { nodes: nodes? };
        cluster.join()?;
        for node in &mut cluster.nodes {
            node.wait_for("a cluster of 3 masters and 3 replicas in sync", |port| {
                let replica = info_contains(port, "replication", &["master_link_status:up"]);
                let master =
                    info_contains(port, "replication", &["role:master", "connected_slaves:1"]);
                serves_all_slots(port) && (replica || master)
            })?;
        }
        Ok(cluster)
    }

    fn join(&self) -> Result<()> {
        let output = Command::new(programs::find("redis-cli", "redis-tools")?)
            .args(["--cluster", "create"])
            .args(self.ports().iter().map(|port| format!("127.0.0.1:{port}")))
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()
            .map_err(Error::io("redis-cli"))?;
        if output.status.success() {
            return Ok(());
        }
        let output = [output.stdout, output.stderr].concat();
        Err(Error::new(format!("redis-cli --cluster create: {}", String::from_utf8_lossy(&output))))
    }

    /// The ports of all six nodes on 127.0.0.1.
    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(Redis::port).collect()
    }

    /// `redis-cluster://127.0.0.1:PORT,…`: all six nodes in one URL, as tower-sqrl expects it.
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self.ports().iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis-cluster://{}", hosts.join(","))
    }

    /// `redis://127.0.0.1:PORT/` of all six nodes.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Redis::url).collect()
    }

    /// All six nodes.
    pub fn nodes(&mut self) -> &mut [Redis] {
        &mut self.nodes
    }

    /// The port of the master that holds `key`.
    pub fn master_of(&self, key: &str) -> Result<u16> {
        // Any live node can tell.
        let master = self.ports().into_iter().find_map(|port| master_of(port, key));
        master.ok_or_else(|| Error::new(format!("no node names the master of {key:?}")))
    }

    /// Kills the master that holds `key` and waits until its replica has taken over. Returns the
    /// new master's port. The killed node becomes a replica when it is restarted.
    pub fn kill_master_of(&mut self, key: &str) -> Result<u16> {
        let old = self.master_of(key)?;
        for node in &mut self.nodes {
            if node.port() == old {
                node.kill()?;
            }
        }
        for node in &mut self.nodes {
            if node.pid().is_some() {
                node.wait_for("a failover to the replica", |port| {
                    serves_all_slots(port) && master_of(port, key).is_some_and(|new| new != old)
                })?;
            }
        }
        self.master_of(key)
    }
}

fn serves_all_slots(port: u16) -> bool {
    let Ok(reply) = command(port, &["CLUSTER", "INFO"]) else {
        return false;
    };
    let info = reply.text().unwrap_or_default();
    ["cluster_state:ok", "cluster_slots_ok:16384", "cluster_known_nodes:6"]
        .iter()
        .all(|line| info.lines().any(|have| have == *line))
}

/// The port of the master of `key` according to the node on `port`.
fn master_of(port: u16, key: &str) -> Option<u16> {
    let slot: u16 = command(port, &["CLUSTER", "KEYSLOT", key]).ok()?.text()?.parse().ok()?;
    let nodes = command(port, &["CLUSTER", "NODES"]).ok()?.text()?;
    nodes.lines().find_map(|line| {
        // id ip:port@bus flags master ping pong epoch link slots…
        let fields: Vec<&str> = line.split(' ').collect();
        let holds = fields.iter().skip(8).any(|slots| {
            let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
            let range = first.parse::<u16>().ok().zip(last.parse().ok());
            range.is_some_and(|(first, last)| (first..=last).contains(&slot))
        });
        let address = fields.get(1)?.split('@').next()?;
        let usable = !fields.get(2)?.contains("fail");
        if holds && usable { address.rsplit(':').next()?.parse().ok() } else { None }
    })
}
