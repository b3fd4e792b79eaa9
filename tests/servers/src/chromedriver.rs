use serde_json::{Map, Value, json};

use crate::process::Process;
use crate::{Result, programs};

/// A `WebDriver` server for headless Chromium; every session of it starts a browser of its own.
#[derive(Debug)]
pub struct Chromedriver {
    process: Process,
    port: u16,
    chromium: String,
}

impl Chromedriver {
    /// Starts it; the browser follows with the first session.
    pub fn start() -> Result<Self> {
        let chromium = programs::find("chromium", "chromium")?.display().to_string();
        let program = programs::find("chromedriver", "chromium-driver")?;
        let mut process = Process::new("chromedriver", None)?;
        process.spawn(&program, &["--port=0"])?;
        let port = process.wait_for("\"was started successfully on port\"", |process| {
            let log = process.log();
            let (_, rest) = log.split_once("was started successfully on port ")?;
            let (port, _) = rest.split_once('.')?;
            port.parse().ok()
        })?;
        Ok(Self { process, port, chromium })
    }

    /// The URL for `WebDriver` clients: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The capabilities of a session whose browser is headless, calls nobody but the pages' own
    /// hosts, and begins with an empty profile.
    pub fn capabilities(&self) -> Map<String, Value> {
        self.capabilities_with(&[])
    }

    /// The same with further command line arguments, such as `--window-size=390,844`.
    pub fn capabilities_with(&self, arguments: &[&str]) -> Map<String, Value> {
        const ARGUMENTS: [&str; 10] = [
            "--headless=new",
            // Containers and root have no use for it; the pages are our own.
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
        let profiles = self.process.data();
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

    /// The driver's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// SIGTERM, and waits for the end; browsers end with it.
    pub fn stop(&mut self) -> Result<()> {
        self.process.stop("TERM")
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
