use std::path::{Path, PathBuf};

use crate::Result;
use crate::process::Process;

/// A program of one's own: a server that says in its output when it is ready.
#[derive(Debug)]
pub struct Program {
    process: Process,
    path: PathBuf,
    arguments: Vec<String>,
    ready: String,
}

impl Program {
    /// Starts it and waits until `ready` stands in what it writes, to either output.
    pub fn start(program: &Path, arguments: &[&str], ready: &str) -> Result<Self> {
        let mut program = Self {
            process: Process::new("program", None)?,
            path: program.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            ready: ready.to_owned(),
        };
        program.run()?;
        Ok(program)
    }

    fn run(&mut self) -> Result<()> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        self.process.spawn(&self.path, &arguments)?;
        let ready = &self.ready;
        self.process.wait_for(ready, |process| process.log().contains(ready).then_some(()))
    }

    /// The process's id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// SIGKILL; gone when this returns.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(&mut self) -> Result<()> {
        self.process.stop("TERM")
    }

    /// Stops it if it runs, and starts it again with the same arguments.
    pub fn restart(&mut self) -> Result<()> {
        if self.process.pid().is_some() {
            self.stop()?;
        }
        self.run()
    }

    /// What it has written since it last started.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
