use std::net::{Ipv4Addr, TcpStream};

use crate::process::Process;
use crate::user::User;
use crate::{Error, Postgres, Result, ports, programs};

/// A PgBouncer before a [`Postgres`]: a pooler that lends a connection for each transaction.
#[derive(Debug)]
pub struct Pgbouncer {
    process: Process,
    port: u16,
}

impl Pgbouncer {
    /// Starts one before this server, with `pool_mode = transaction` and further lines of its
    /// section `[pgbouncer]`, such as `default_pool_size = 3`. It admits the roles `postgres` and
    /// `roles` without a password.
    pub fn start(postgres: &Postgres, roles: &[&str], settings: &[&str]) -> Result<Self> {
        Self::start_before(postgres.port(), roles, settings)
    }

    /// The same, before a port of 127.0.0.1 that leads to a server, such as a [`Proxy`]'s.
    ///
    /// [`Proxy`]: crate::Proxy
    pub fn start_before(server: u16, roles: &[&str], settings: &[&str]) -> Result<Self> {
        let roles = ["postgres"].iter().chain(roles);
        let users: Vec<String> = roles.map(|role| format!("\"{role}\" \"\"")).collect();
        let users = users.join("\n") + "\n";
        ports::with_free_port(|port| {
            let mut process = Process::new("pgbouncer", User::instead_of_root())?;
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
            process.spawn(&programs::find("pgbouncer", "pgbouncer")?, &["pgbouncer.ini"])?;
            process.wait_for("\"process up\"", |process| {
                process.log().contains("process up").then_some(())
            })?;
            // It says so even where another process has the port.
            if process.log().contains("Address already in use") {
                let mut error = process.error("does not listen");
                error.port_taken = true;
                return Err(error);
            }
            TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .map_err(Error::io("PgBouncer does not listen"))?;
            Ok(Self { process, port })
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

    /// The process's id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
