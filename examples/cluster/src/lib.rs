//! Demo servers behind nginx: what the command `cluster` starts, and what the tests of many
//! servers do.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use test_servers::{Nginx, Result, Server, free_port};

/// The configuration as it stands in the repository, for people to copy.
const CONFIGURATION: &str = include_str!("../nginx.conf");

/// Demo servers, and the nginx before them.
#[derive(Debug)]
pub struct Servers {
    /// The servers' processes, in order.
    pub demos: Vec<Server>,
    ports: Vec<u16>,
    /// The nginx.
    pub nginx: Nginx,
}

impl Servers {
    /// Starts `count` servers of the program `cluster` with these flags of the demo's, called
    /// `server-1` and so on. They share one random nut key.
    ///
    /// # Errors
    ///
    /// One did not start; the others are gone.
    pub fn start(cluster: &Path, count: usize, flags: &[&str]) -> Result<Self, Box<dyn Error>> {
        let ports: Vec<u16> = (0..count).map(|_| free_port()).collect::<Result<_>>()?;
        // First, because the servers want to know its port.
        let nginx = Nginx::start(&configuration(&ports))?;
        let url = nginx.url();
        let key = nginx.directory().join("nut.key");
        std::fs::write(&key, rand::random::<[u8; 32]>())?;
        let key = key.to_str().ok_or("the path of temporary files is not UTF-8")?;
        let start = |(port, number): (&u16, _)| {
            let (listen, name) = (format!("127.0.0.1:{port}"), format!("server-{number}"));
            let own = ["demo", "--listen", &listen, "--server-name", &name, "--public-url", &url];
            let arguments =
                [&own[..], &["--trusted-proxy", "127.0.0.1", "--nut-key", key], flags].concat();
            Server::start(cluster, &arguments, "listening on ")
        };
        let demos = ports.iter().zip(1..).map(start).collect::<Result<_>>()?;
        Ok(Self { demos, ports, nginx })
    }

    /// Where browsers and clients go: the nginx.
    pub fn url(&self) -> String {
        self.nginx.url()
    }

    /// Where each of the servers listens, without nginx.
    pub fn backends(&self) -> Vec<String> {
        self.ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect()
    }

    /// Lets every server finish what it is doing, and stops them all.
    ///
    /// # Errors
    ///
    /// One did not stop; it is gone all the same.
    pub fn stop(mut self) -> Result<()> {
        self.demos.iter_mut().try_for_each(Server::stop)?;
        self.nginx.stop()
    }
}

/// A whole configuration for [`Nginx::start`]: the one for people, with these servers and
/// with files in a directory of its own.
pub fn configuration(ports: &[u16]) -> String {
    let mut servers = String::new();
    for port in ports {
        let _ = writeln!(servers, "    server 127.0.0.1:{port} fail_timeout=2s;");
    }
    let mut site = String::new();
    for line in CONFIGURATION.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("server 127.0.0.1:") {
            site.push_str(&std::mem::take(&mut servers));
        } else if trimmed.starts_with("listen ") {
            site.push_str("    listen 127.0.0.1:{{port}};\n");
        } else {
            site.push_str(line);
            site.push('\n');
        }
    }
    let site = site.replace("/var/log/nginx/", "{{dir}}/");
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {{{{dir}}}}/{name};\n"))
        .concat();
    format!("worker_processes 1;\nevents {{}}\nhttp {{\n{paths}{site}}}\n")
}

/// The guide's examples compile; one signs somebody in.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/several_servers.md")]
struct Guide;
