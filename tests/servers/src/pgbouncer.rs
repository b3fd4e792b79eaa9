use std::net::{Ipv4Addr, TcpStream};

use crate::process::Process;
use crate::server::{Launch, Server, deref_to_server};
use crate::user::User;
use crate::{Error, Postgres, Result, ports, programs};

/// A PgBouncer in front of a [`Postgres`]: a pooler that assigns a connection per transaction.
#[derive(Debug)]
pub struct Pgbouncer {
    server: Server,
    port: u16,
}

deref_to_server!(Pgbouncer);

impl Pgbouncer {
    /// Starts PgBouncer in front of `postgres` with `pool_mode = transaction`. `settings` are
    /// additional lines of the section `[pgbouncer]`, such as `default_pool_size = 3`. The roles
    /// `postgres` and `roles` log in without a password.
    pub fn start(postgres: &Postgres, roles: &[&str], settings: &[&str]) -> Result<Self> {
        Self::start_before(postgres.port(), roles, settings)
    }

    /// Starts PgBouncer in front of a server on this port of 127.0.0.1, such as a [`Proxy`].
    ///
    /// [`Proxy`]: crate::Proxy
    pub fn start_before(server: u16, roles: &[&str], settings: &[&str]) -> Result<Self> {
        let program = programs::find("pgbouncer", "pgbouncer")?;
        let roles = ["postgres"].iter().chain(roles);
        let users: Vec<String> = roles.map(|role| format!("\"{role}\" \"\"")).collect();
        let users = users.join("\n") + "\n";
        ports::with_free_port(|port| {
            let process = Process::new("pgbouncer", User::instead_of_root())?;
            process.write("users.txt", &users)?;
            let configuration = format!(
                "[databases]\n\
                 * = host=127.0.0.1 port={server}\n\
                 [pgbouncer]\n\
                 listen_addr = 127.0.0.1\n\
                 listen_port = {port}\n\
                 unix_socket_dir =\n\
                 auth_type = trust\n\
                 auth_file = users.txt\n\
                 admin_users = postgres\n\
                 pool_mode = transaction\n\
                 {}\n",
                settings.join("\n")
            );
            process.write("pgbouncer.ini", &configuration)?;
            let launch = Launch::new(program.clone(), ["pgbouncer.ini"])
                .ready_when("\"process up\"", move |process| is_ready(process, port));
            Ok(Self { server: Server::launch(process, launch)?, port })
        })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `postgres://postgres@127.0.0.1:PORT/postgres`: the server's database, through the pooler.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

fn is_ready(process: &Process, port: u16) -> Result<bool> {
    let log = process.log();
    if !log.contains("process up") {
        return Ok(false);
    }
    // PgBouncer logs "process up" even if another process holds the port.
    if log.contains("Address already in use") {
        let mut error = process.error("does not listen");
        error.port_taken = true;
        return Err(error);
    }
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .map_err(Error::io("PgBouncer does not listen"))
        .map(|_| true)
}
