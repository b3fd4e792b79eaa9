use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;

use crate::process::Process;
use crate::{Error, Result, ports, programs};

/// An nginx.
#[derive(Debug)]
pub struct Nginx {
    process: Process,
    port: u16,
}

impl Nginx {
    /// Starts one with a complete configuration, in which `{{port}}` stands for a free port and
    /// `{{dir}}` for a directory that it may write to. It stays in the foreground and logs errors
    /// to its log here; the configuration says nothing about `daemon`, `pid` and the main
    /// `error_log`. Relative paths begin in `{{dir}}`.
    pub fn start(configuration: &str) -> Result<Self> {
        ports::with_free_port(|port| {
            let process = Process::new("nginx", None)?;
            let directory = process.data().display().to_string();
            let text =
                configuration.replace("{{port}}", &port.to_string()).replace("{{dir}}", &directory);
            process.write("nginx.conf", &text)?;
            let mut nginx = Self { process, port };
            nginx.run()?;
            Ok(nginx)
        })
    }

    fn run(&mut self) -> Result<()> {
        const GLOBAL: &str = "daemon off; pid nginx.pid; error_log stderr notice;";
        let program = programs::find("nginx", "nginx-light")?;
        let directory = format!("{}/", self.process.data().display());
        let arguments = ["-p", &directory, "-c", "nginx.conf", "-e", "stderr", "-g", GLOBAL];
        self.process.spawn(&program, &arguments)?;
        // Said after every socket is bound.
        self.process.wait_for("\"start worker processes\"", |process| {
            process.log().contains("start worker processes").then_some(())
        })?;
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))
            .map_err(Error::io("nginx does not listen on {{port}}"))?;
        Ok(())
    }

    /// The port behind `{{port}}`; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `{{dir}}`.
    pub fn directory(&self) -> PathBuf {
        self.process.data()
    }

    /// The master process's id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// SIGKILL, to the workers too; gone when this returns.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(&mut self) -> Result<()> {
        self.process.stop("TERM")
    }

    /// Stops it if it runs, and starts it again on the same port.
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
