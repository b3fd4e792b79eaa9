//! Several demo servers behind nginx, for the command `cluster` and for tests.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use test_servers::{Nginx, Result, Server, free_port};

/// The configuration that people copy.
const CONFIGURATION: &str = include_str!("../nginx.conf");
const HTTP: &str = "http {\n";
const LISTEN: &str = "    listen 127.0.0.1:{{port}};\n";

/// Demo servers behind an nginx.
#[derive(Debug)]
pub struct Servers {
    /// The processes of the servers.
    pub demos: Vec<Server>,
    ports: Vec<u16>,
    /// The nginx.
    pub nginx: Nginx,
}

impl Servers {
    /// Starts `count` servers with these flags of the demo. `cluster` is the path of this package's
    /// program, which runs a server as `cluster demo …`. The servers are named `server-1` and so on,
    /// and share a random nut key.
    ///
    /// # Errors
    ///
    /// Returns an error if one of the servers does not start. The others are stopped.
    pub fn start(cluster: &Path, count: usize, flags: &[&str]) -> Result<Self, Box<dyn Error>> {
        let ports: Vec<u16> = (0..count).map(|_| free_port()).collect::<Result<_>>()?;
        // nginx starts first, because its port is in the servers' public URL.
        let nginx = Nginx::start(&with_servers_page(&configuration(&ports)))?;
        let url = nginx.url();
        let key = write_nut_key(&nginx.directory())?;
        let key = key.to_str().ok_or("the path of temporary files is not UTF-8")?;
        let start = |(port, number): (&u16, _)| {
            let (listen, name) = (format!("127.0.0.1:{port}"), format!("server-{number}"));
            let own = ["demo", "--listen", &listen, "--server-name", &name, "--public-url", &url];
            let shared = ["--trusted-proxy", "127.0.0.1", "--nut-key", key];
            Server::start(cluster, &[&own[..], &shared, flags].concat(), "listening on ")
        };
        let demos = ports.iter().zip(1..).map(start).collect::<Result<_>>()?;
        Ok(Self { demos, ports, nginx })
    }

    /// Returns the URL of nginx, for browsers and clients.
    pub fn url(&self) -> String {
        self.nginx.url()
    }

    /// Returns the URL of each server.
    pub fn backends(&self) -> Vec<String> {
        self.ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect()
    }

    /// Stops the servers and nginx. Requests in progress finish first.
    ///
    /// # Errors
    ///
    /// Returns an error if one of them does not stop in time. It is killed then.
    pub fn stop(mut self) -> Result<()> {
        self.demos.iter_mut().try_for_each(Server::stop)?;
        self.nginx.stop()
    }
}

/// Writes a random key to a file that only this user can read.
fn write_nut_key(directory: &Path) -> std::io::Result<PathBuf> {
    let path = directory.join("nut.key");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(&rand::random::<[u8; 32]>())?;
    Ok(path)
}

/// Returns a complete configuration for [`Nginx::start`]: `nginx.conf` with these ports of servers,
/// and with files in the directory of nginx.
pub fn configuration(ports: &[u16]) -> String {
    let backend = |port: &u16| format!("    server 127.0.0.1:{port} fail_timeout=2s;\n");
    let mut backends: String = ports.iter().map(backend).collect();
    let mut site = String::new();
    for line in CONFIGURATION.lines() {
        match line.trim_start() {
            backend if backend.starts_with("server 127.0.0.1:") => {
                site += &std::mem::take(&mut backends);
            }
            listen if listen.starts_with("listen ") => site += LISTEN,
            _ => site = site + line + "\n",
        }
    }
    let site = site.replace("/var/log/nginx/", "{{dir}}/");
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {{{{dir}}}}/{name};\n"))
        .concat();
    format!("worker_processes 1;\nevents {{}}\n{HTTP}{paths}{site}}}\n")
}

/// Adds the page `/servers`, a log of requests and of the server that answered each.
fn with_servers_page(configuration: &str) -> String {
    // Without queries, which hold secrets.
    let format = r#"'$time_iso8601 $upstream_http_x_server "$request_method $uri" $status'"#;
    let log = "    access_log {{dir}}/servers.log servers;\n";
    let page = "location = /servers { default_type text/plain; alias {{dir}}/servers.log; access_log off; }\n";
    configuration
        .replace(HTTP, &format!("{HTTP}log_format servers {format};\n"))
        .replace(LISTEN, &format!("{LISTEN}{log}    {page}"))
}

/// The examples of the guide are tests here, because they need all stores.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/several_servers.md")]
struct Guide;
