use crate::process::Process;
use crate::server::{Launch, Server, deref_to_server};
use crate::{Result, ports, programs};

mod cluster;
mod resp;
mod sentinel;

pub use cluster::RedisCluster;
use resp::{Reply, command};
pub use sentinel::RedisSentinel;

/// How a [`Redis`] differs from an empty server that stores nothing on disk.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// Writes an append-only file, so that data survives a restart. Default: `false`.
    pub appendonly: bool,
    /// Additional lines of redis.conf.
    pub config: Vec<String>,
    /// Default: a free port.
    pub port: Option<u16>,
}

/// A Redis server.
#[derive(Debug)]
pub struct Redis {
    server: Server,
    port: u16,
}

deref_to_server!(Redis);

impl Redis {
    /// Starts a server that stores nothing on disk.
    pub fn start() -> Result<Self> {
        Self::start_with(&RedisOptions::default())
    }

    /// Starts a server with `options`.
    pub fn start_with(options: &RedisOptions) -> Result<Self> {
        let start = |port| Self::launch("redis", port, &config(options), &["redis.conf"]);
        options.port.map_or_else(|| ports::with_free_port(start), start)
    }

    fn start_sentinel(config: &str) -> Result<Self> {
        let arguments = ["redis.conf", "--sentinel"];
        ports::with_free_port(|port| Self::launch("redis-sentinel", port, config, &arguments))
    }

    fn launch(name: &'static str, port: u16, config: &str, arguments: &[&str]) -> Result<Self> {
        let process = Process::new(name, None)?;
        process.write("redis.conf", &format!("port {port}\n{config}"))?;
        let program = programs::find("redis-server", "redis-server")?;
        let launch = Launch::new(program, arguments.iter().copied())
            .ready_when("an answer to INFO", move |process| {
                Ok(is_ready(process, port) == Some(true))
            });
        Ok(Self { server: Server::launch(process, launch)?, port })
    }

    /// The port on 127.0.0.1. It stays the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:PORT/`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Sends one command over a new connection. Returns the reply as text: the elements of an array
    /// in lines, and nil as an empty string.
    pub fn command(&self, words: &[&str]) -> Result<String> {
        command(self.port, words)
            .map_err(|error| error.to_string())
            .and_then(Reply::into_result)
            .map_err(|error| self.server.error(&format!("{words:?}: {error}")))
    }

    /// Polls until `ready` returns `true` for the server's port.
    fn wait_for(&mut self, awaited: &str, ready: impl Fn(u16) -> bool) -> Result<()> {
        let port = self.port;
        self.server.wait_for(awaited, || ready(port))
    }
}

fn is_ready(process: &Process, port: u16) -> Option<bool> {
    // The process id shows that no other server answers on the port.
    let Reply::Text(info) = command(port, &["INFO", "server"]).ok()? else {
        return None;
    };
    let own = format!("process_id:{}\r\n", process.pid()?);
    // Redis answers PING with an error until it has loaded its data.
    let loaded = command(port, &["PING"]).ok()?.text()? == "PONG";
    Some(info.contains(&own) && loaded)
}

fn config(options: &RedisOptions) -> String {
    let appendonly = if options.appendonly { "yes" } else { "no" };
    let mut config =
        format!("bind 127.0.0.1\nsave \"\"\nappendonly {appendonly}\nrepl-diskless-sync-delay 0\n");
    for line in &options.config {
        config.push_str(line);
        config.push('\n');
    }
    config
}
