use std::net::{Ipv4Addr, TcpStream};

use crate::process::Process;
use crate::server::{Launch, Server, deref_to_server};
use crate::{Error, Result, ports, programs};

/// An nginx server.
#[derive(Debug)]
pub struct Nginx {
    server: Server,
    port: u16,
}

deref_to_server!(Nginx);

impl Nginx {
    /// Starts nginx with a complete configuration. `{{port}}` in it becomes a free port, and
    /// `{{dir}}` the server's working directory, which relative paths start from.
    ///
    /// nginx runs in the foreground and its error log is [`log`](Server::log). The configuration
    /// must not set `daemon`, `pid` or the main `error_log`.
    pub fn start(configuration: &str) -> Result<Self> {
        const GLOBAL: &str = "daemon off; pid nginx.pid; error_log stderr notice;";
        let program = programs::find("nginx", "nginx-light")?;
        ports::with_free_port(|port| {
            let process = Process::new("nginx", None)?;
            let directory = process.directory().display().to_string();
            let text =
                configuration.replace("{{port}}", &port.to_string()).replace("{{dir}}", &directory);
            process.write("nginx.conf", &text)?;
            let prefix = format!("{directory}/");
            let arguments = ["-p", &prefix, "-c", "nginx.conf", "-e", "stderr", "-g", GLOBAL];
            let launch = Launch::new(program.clone(), arguments)
                .ready_when("\"start worker processes\"", move |process| is_ready(process, port));
            Ok(Self { server: Server::launch(process, launch)?, port })
        })
    }

    /// The port that replaced `{{port}}`. It stays the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn is_ready(process: &Process, port: u16) -> Result<bool> {
    // nginx logs this after it has bound every socket.
    if !process.log().contains("start worker processes") {
        return Ok(false);
    }
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .map_err(Error::io("nginx does not listen on {{port}}"))
        .map(|_| true)
}
