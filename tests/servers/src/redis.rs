use crate::process::Process;
use crate::{Result, ports, programs};

mod cluster;
mod resp;
mod sentinel;

pub use cluster::RedisCluster;
pub(crate) use resp::{Reply, command};
pub use sentinel::RedisSentinel;

/// How a [`Redis`] differs from an empty one that keeps nothing on disk.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// Keep an append-only file, so that a restart finds what was there; default: no.
    pub appendonly: bool,
    /// Further lines of redis.conf.
    pub config: Vec<String>,
    /// This port instead of a free one.
    pub port: Option<u16>,
}

/// A Redis server.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    port: u16,
    sentinel: bool,
}

impl Redis {
    /// Starts one that keeps nothing on disk.
    pub fn start() -> Result<Self> {
        Self::start_with(&RedisOptions::default())
    }

    /// Starts one with `options`.
    pub fn start_with(options: &RedisOptions) -> Result<Self> {
        let start = |port| Self::launch("redis", port, false, &config(options));
        options.port.map_or_else(|| ports::with_free_port(start), start)
    }

    fn launch(name: &'static str, port: u16, sentinel: bool, config: &str) -> Result<Self> {
        let process = Process::new(name, None)?;
        process.write("redis.conf", &format!("port {port}\n{config}"))?;
        let mut redis = Self { process, port, sentinel };
        redis.run()?;
        Ok(redis)
    }

    fn run(&mut self) -> Result<()> {
        let program = programs::find("redis-server", "redis-server")?;
        let arguments: &[&str] =
            if self.sentinel { &["redis.conf", "--sentinel"] } else { &["redis.conf"] };
        self.process.spawn(&program, arguments)?;
        let port = self.port;
        self.process.wait_for("an answer to INFO", |process| {
            // Its own word that it is the one behind the port; until it has loaded its data it
            // answers with an error.
            let Reply::Text(info) = command(port, &["INFO", "server"]).ok()? else {
                return None;
            };
            let own = format!("process_id:{}\r\n", process.pid()?);
            let loaded = command(port, &["PING"]).ok()?.text()? == "PONG";
            (info.contains(&own) && loaded).then_some(())
        })
    }

    /// The port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:PORT/`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// The server's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// SIGKILL; gone when this returns.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(&mut self) -> Result<()> {
        self.process.stop("TERM")
    }

    /// Stops it if it runs, and starts it again on the same port and directory.
    pub fn restart(&mut self) -> Result<()> {
        if self.process.pid().is_some() {
            self.stop()?;
        }
        self.run()
    }

    /// SIGSTOP: connections stay open and nobody answers.
    pub fn pause(&mut self) -> Result<()> {
        self.process.pause()
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&mut self) -> Result<()> {
        self.process.signal("CONT")
    }

    /// Sends one command over a connection of its own: the reply in text, an array's elements in
    /// lines of their own, nothing for nil.
    pub fn command(&self, words: &[&str]) -> Result<String> {
        command(self.port, words)
            .map_err(|error| self.process.error(&format!("{words:?}: {error}")))?
            .into_result()
            .map_err(|error| self.process.error(&format!("{words:?}: {error}")))
    }

    /// What it has logged since it last started.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Polls until `ready`.
    fn wait_for(&mut self, what: &str, ready: impl Fn(u16) -> bool) -> Result<()> {
        let port = self.port;
        self.process.wait_for(what, |_| ready(port).then_some(()))
    }
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

/// Whether `INFO section` of the server on `port` holds all these lines.
fn info_says(port: u16, section: &str, lines: &[&str]) -> bool {
    let Ok(Reply::Text(info)) = command(port, &["INFO", section]) else {
        return false;
    };
    lines.iter().all(|line| info.lines().any(|have| have == *line))
}
