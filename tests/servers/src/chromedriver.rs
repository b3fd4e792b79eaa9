use serde_json::{Map, Value, json};

use crate::process::Process;
use crate::server::{Launch, Server, deref_to_server};
use crate::{Result, programs};

/// A `WebDriver` server for headless Chromium. Each session starts its own browser, which ends with
/// the driver.
#[derive(Debug)]
pub struct Chromedriver {
    server: Server,
    chromium: String,
}

deref_to_server!(Chromedriver);

impl Chromedriver {
    /// Starts the driver. The first session starts a browser.
    pub fn start() -> Result<Self> {
        let chromium = programs::find("chromium", "chromium")?.display().to_string();
        let program = programs::find("chromedriver", "chromium-driver")?;
        let launch = Launch::new(program, ["--port=0"])
            .ready_when("the port in the log", |process| Ok(port_in(&process.log()).is_some()));
        let server = Server::launch(Process::new("chromedriver", None)?, launch)?;
        Ok(Self { server, chromium })
    }

    /// The URL for `WebDriver` clients: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        let port = port_in(&self.server.log()).unwrap_or_default();
        format!("http://127.0.0.1:{port}")
    }

    /// Capabilities of a session with a headless browser and an empty profile. The browser sends no
    /// requests of its own.
    pub fn capabilities(&self) -> Map<String, Value> {
        self.capabilities_with(&[])
    }

    /// Capabilities with additional command line arguments, such as `--window-size=390,844`.
    pub fn capabilities_with(&self, arguments: &[&str]) -> Map<String, Value> {
        const ARGUMENTS: [&str; 10] = [
            "--headless=new",
            // The sandbox does not work as root or in most containers.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--lang=en",
        ];
        let profiles = self.server.directory();
        let profile = tempfile::Builder::new().prefix("profile-").tempdir_in(&profiles);
        let profile = profile.map_or(profiles, tempfile::TempDir::keep);
        let profile = format!("--user-data-dir={}", profile.display());
        let arguments: Vec<&str> = ARGUMENTS
            .into_iter()
            .chain([profile.as_str()])
            .chain(arguments.iter().copied())
            .collect();
        let options = json!({ "binary": self.chromium, "args": arguments });
        Map::from_iter([
            ("browserName".to_owned(), json!("chrome")),
            ("goog:chromeOptions".to_owned(), options),
        ])
    }
}

fn port_in(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once("was started successfully on port ")?;
    let (port, _) = rest.split_once('.')?;
    port.parse().ok()
}
