//! Servers as child processes.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use tower_sqrl_client::load::{Load, Report};

use crate::failure::Failure;

/// A server process. Dropping it stops the server.
pub(crate) struct Server {
    child: Child,
    /// The server stops when this is closed.
    stdin: Option<ChildStdin>,
    /// The URL of the sign-in page.
    pub(crate) page: String,
}

impl Server {
    /// Starts `bench serve` with these arguments.
    pub(crate) fn start(arguments: &[&str]) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let mut address = String::new();
        let stdout = child.stdout.take().ok_or("no standard output")?;
        BufReader::new(stdout).read_line(&mut address)?;
        if address.is_empty() {
            return Err(format!("the server `{}` did not start", arguments.join(" ")).into());
        }
        Ok(Self { child, stdin, page: format!("http://{}/login", address.trim()) })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Runs a load of one stage. Returns the report, and the server's processor time per sign-in in milliseconds.
///
/// # Errors
///
/// Fails if a sign-in fails.
pub(crate) fn run_load(load: &Load) -> Result<(Report, f64), Failure> {
    let report = load.run(|_| {})?;
    if report.stages.iter().any(|stage| !stage.failures.is_empty()) {
        return Err(format!("sign-ins failed\n{report}").into());
    }
    let cpu = report.stages.last().and_then(|stage| stage.server_cpu_ms);
    Ok((report, cpu.ok_or("no processor time")?))
}
