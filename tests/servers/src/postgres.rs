use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::process::Process;
use crate::user::User;
use crate::{Error, Result, ports, programs};

/// A Postgres server with an empty database. It trusts whoever connects, and does not wait for the
/// disk; being killed itself loses nothing that it confirmed.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
    settings: Vec<String>,
}

impl Postgres {
    /// Starts one. Where the test runs as root, it runs as another user, since Postgres insists.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts one with further settings, each as in `max_connections=300`.
    pub fn start_with(settings: &[&str]) -> Result<Self> {
        let mut process = Process::new("postgres", User::instead_of_root())?;
        let initdb = programs::find_postgres("initdb")?;
        let arguments =
            ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync"];
        process.spawn(&initdb, &[&arguments[..], &["--pgdata=."]].concat())?;
        if !process.wait()?.success() {
            return Err(process.error("initdb failed"));
        }
        process.kill()?;
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut postgres = Self { process, port: 0, settings };
        ports::with_free_port(|port| {
            postgres.process.kill()?;
            postgres.port = port;
            postgres.run()
        })?;
        Ok(postgres)
    }

    /// Starts a hot standby that streams from this server, with the same settings. It has all that
    /// this server confirmed before the call. `select pg_promote()` makes it a primary.
    pub fn standby(&self) -> Result<Self> {
        let mut process = Process::new("postgres", User::instead_of_root())?;
        let data = process.data();
        // Postgres insists; `initdb` would have done so.
        fs::set_permissions(&data, Permissions::from_mode(0o700))
            .map_err(Error::io(data.display()))?;
        let port = self.port.to_string();
        let arguments = ["--host=127.0.0.1", "--port", &port, "--username=postgres", "--pgdata=."];
        let how = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"];
        process
            .spawn(&programs::find_postgres("pg_basebackup")?, &[&arguments[..], &how].concat())?;
        if !process.wait()?.success() {
            return Err(process.error("pg_basebackup failed"));
        }
        process.kill()?;
        let mut standby = Self { process, port: 0, settings: self.settings.clone() };
        ports::with_free_port(|port| {
            standby.process.kill()?;
            standby.port = port;
            standby.run()
        })?;
        Ok(standby)
    }

    fn run(&mut self) -> Result<()> {
        let data = self.process.data();
        let base = [
            format!("port={}", self.port),
            format!("unix_socket_directories={}", data.display()),
            "listen_addresses=127.0.0.1".to_owned(),
            "fsync=off".to_owned(),
        ];
        let mut arguments = vec!["-D", "."];
        for setting in base.iter().chain(&self.settings) {
            arguments.extend(["-c", setting]);
        }
        self.process.spawn(&programs::find_postgres("postgres")?, &arguments)?;
        self.process.wait_for("\"ready\" or \"standby\" in postmaster.pid", |process| {
            let status = fs::read_to_string(data.join("postmaster.pid")).ok()?;
            let mut lines = status.lines().map(str::trim);
            let own = lines.next()? == process.pid()?.to_string();
            (own && matches!(lines.next_back()?, "ready" | "standby")).then_some(())
        })?;
        let answer = self.query("select 6 * 7")?;
        if answer == "42" { Ok(()) } else { Err(self.process.error(&format!("6 * 7 is {answer}"))) }
    }

    /// The port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `postgres://postgres@127.0.0.1:PORT/postgres`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The server's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Runs SQL through `psql`: values in text, unaligned, a row a line.
    pub fn query(&self, sql: &str) -> Result<String> {
        self.query_through(&self.url(), sql)
    }

    /// The same, by another URL that leads to this server.
    pub fn query_through(&self, url: &str, sql: &str) -> Result<String> {
        let output = Command::new(programs::find_postgres("psql")?)
            .args(["--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql, url])
            .env("PGCONNECT_TIMEOUT", "10")
            .output()
            .map_err(Error::io("psql"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(self.process.error(&format!("{sql}: {said}")));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// SIGKILL, to every process of it; gone when this returns.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Stops it without waiting for its clients (a "fast shutdown").
    pub fn stop(&mut self) -> Result<()> {
        self.process.stop("INT")
    }

    /// Stops it if it runs, and starts it again on the same port and data.
    pub fn restart(&mut self) -> Result<()> {
        if self.process.pid().is_some() {
            self.stop()?;
        }
        self.run()
    }

    /// What it has logged since it last started.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
