use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::process::Process;
use crate::server::{Launch, Server, deref_to_server};
use crate::user::User;
use crate::{Error, Result, ports, programs};

/// A Postgres server with an empty database. Every role logs in without a password.
///
/// The server does not wait for the disk. A killed server loses nothing that it confirmed, as long
/// as the machine runs on.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    port: u16,
    settings: Vec<String>,
}

deref_to_server!(Postgres);

impl Postgres {
    /// Starts a server. If the test runs as root, the server runs as another user, as Postgres
    /// requires.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts a server with additional settings, such as `max_connections=300`.
    pub fn start_with(settings: &[&str]) -> Result<Self> {
        let arguments = [
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--pgdata=.",
        ];
        let settings: Vec<_> = settings.iter().map(|&setting| setting.to_owned()).collect();
        Self::start_on(&settings, "initdb", &arguments)
    }

    /// Starts a hot standby that streams from this server and has the same settings. It has
    /// everything that this server confirmed before the call. `select pg_promote()` makes it a
    /// primary.
    pub fn standby(&self) -> Result<Self> {
        let port = self.port.to_string();
        let arguments = [
            "--host=127.0.0.1",
            "--port",
            &port,
            "--username=postgres",
            "--pgdata=.",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        ];
        Self::start_on(&self.settings, "pg_basebackup", &arguments)
    }

    /// Starts a server on the data directory that `program` creates.
    fn start_on(settings: &[String], program: &str, arguments: &[&str]) -> Result<Self> {
        let (postgres, program) =
            (programs::find_postgres("postgres")?, programs::find_postgres(program)?);
        ports::with_free_port(|port| {
            let mut process = Process::new("postgres", User::instead_of_root())?;
            let data = process.directory();
            // Postgres requires these permissions. `initdb` sets them, `pg_basebackup` does not.
            fs::set_permissions(&data, Permissions::from_mode(0o700))
                .map_err(Error::io(data.display()))?;
            process.spawn(&program, arguments)?;
            if !process.wait()?.success() {
                return Err(process.error(&format!("{} failed", program.display())));
            }
            process.kill()?;
            let base = [
                format!("port={port}"),
                format!("unix_socket_directories={}", data.display()),
                "listen_addresses=127.0.0.1".to_owned(),
                "fsync=off".to_owned(),
            ];
            let settings_arguments =
                base.iter().chain(settings).flat_map(|setting| ["-c", setting]);
            let launch =
                Launch::new(postgres.clone(), ["-D", "."].into_iter().chain(settings_arguments))
                    .stop_signal("INT")
                    .ready_when("\"ready\" or \"standby\" in postmaster.pid", move |process| {
                        is_ready(process, port)
                    });
            let server = Server::launch(process, launch)?;
            Ok(Self { server, port, settings: settings.to_owned() })
        })
    }

    /// The port on 127.0.0.1. It stays the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `postgres://postgres@127.0.0.1:PORT/postgres`.
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Runs SQL with `psql`. Returns the values as unaligned text, one row per line.
    pub fn query(&self, sql: &str) -> Result<String> {
        self.query_through(&self.url(), sql)
    }

    /// Runs SQL with `psql` over another URL that leads to this server.
    pub fn query_through(&self, url: &str, sql: &str) -> Result<String> {
        query(url, sql).map_err(|error| self.server.error(&error.to_string()))
    }
}

fn url(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres")
}

fn is_ready(process: &Process, port: u16) -> Result<bool> {
    let status = || {
        let file = fs::read_to_string(process.directory().join("postmaster.pid")).ok()?;
        let mut lines = file.lines().map(str::trim);
        let own = lines.next()? == process.pid()?.to_string();
        Some(own && matches!(lines.next_back()?, "ready" | "standby"))
    };
    if status() != Some(true) {
        return Ok(false);
    }
    match query(&url(port), "select 6 * 7").map_err(|error| process.error(&error.to_string()))? {
        answer if answer == "42" => Ok(true),
        answer => Err(process.error(&format!("6 * 7 is {answer}"))),
    }
}

fn query(url: &str, sql: &str) -> Result<String> {
    let output = Command::new(programs::find_postgres("psql")?)
        .args(["--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql, url])
        .env("PGCONNECT_TIMEOUT", "10")
        .output()
        .map_err(Error::io("psql"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!("{sql}: {stderr}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
