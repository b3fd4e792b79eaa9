use std::process::Command;

use super::{Redis, RedisOptions, command, info_says};
use crate::{Error, Result, programs};

/// A Redis Cluster of three masters with a replica each.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Starts six nodes and joins them; every slot is served and every replica in step when it
    /// returns. They take a master for dead after a second without an answer.
    pub fn start() -> Result<Self> {
        Self::start_with(&RedisOptions::default())
    }

    /// Starts the nodes with `options` (its port is not used).
    pub fn start_with(options: &RedisOptions) -> Result<Self> {
        let mut options = RedisOptions { port: None, ..options.clone() };
        options.config.extend([
            "cluster-enabled yes".to_owned(),
            "cluster-node-timeout 1000".to_owned(),
            // A fresh replica may stand in at once, however little it has to show.
            "cluster-replica-validity-factor 0".to_owned(),
        ]);
        let nodes: Result<_> = (0..6).map(|_| Redis::start_with(&options)).collect();
        let mut cluster = Self { nodes: nodes? };
        cluster.join()?;
        for node in &mut cluster.nodes {
            node.wait_for("a cluster of 3 masters and 3 replicas in step", |port| {
                let replica = info_says(port, "replication", &["master_link_status:up"]);
                let master = info_says(port, "replication", &["role:master", "connected_slaves:1"]);
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
        let said = [output.stdout, output.stderr].concat();
        Err(Error::new(format!("redis-cli --cluster create: {}", String::from_utf8_lossy(&said))))
    }

    /// The ports on 127.0.0.1 of all six nodes.
    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(Redis::port).collect()
    }

    /// `redis-cluster://127.0.0.1:PORT,…`: all six nodes in one URL, as tower-sqrl reads it.
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
        // Whoever is alive knows: a key's holder answers, the others point to it.
        let answers = self.ports().into_iter().filter_map(|port| master_of(port, key));
        let master = answers.into_iter().next();
        master.ok_or_else(|| Error::new(format!("nobody knows the master of {key:?}")))
    }

    /// Kills the master that holds `key` and waits until its replica has taken over. Returns the
    /// new master's port. [`Redis::restart`] on the dead one makes it a replica.
    pub fn kill_master_of(&mut self, key: &str) -> Result<u16> {
        let old = self.master_of(key)?;
        for node in &mut self.nodes {
            if node.port() == old {
                node.kill()?;
            }
        }
        for node in &mut self.nodes {
            if node.pid().is_some() {
                node.wait_for("the replica's take-over", |port| {
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

/// Who, as the node on `port` knows, is the master of `key`.
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
