use std::fmt;
use std::path::{Path, PathBuf};

use crate::process::Process;
use crate::{Error, Result};

/// A server process. [`Redis`](crate::Redis), [`Postgres`](crate::Postgres) and the other servers
/// dereference to it.
#[derive(Debug)]
pub struct Server {
    process: Process,
    launch: Launch,
}

/// How to start a server, how to tell that it is ready, and how to stop it.
pub(crate) struct Launch {
    program: PathBuf,
    arguments: Vec<String>,
    stop_signal: &'static str,
    /// What the server is ready after, for error messages.
    awaited: String,
    is_ready: Box<IsReady>,
}

type IsReady = dyn Fn(&Process) -> Result<bool> + Send + Sync;

impl Launch {
    /// Starts `program` with `arguments`, stops it with SIGTERM, and does not wait until it is
    /// ready.
    pub(crate) fn new<A: Into<String>>(
        program: PathBuf,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            program,
            arguments: arguments.into_iter().map(Into::into).collect(),
            stop_signal: "TERM",
            awaited: String::new(),
            is_ready: Box::new(|_| Ok(true)),
        }
    }

    /// Stops the server with this signal.
    pub(crate) fn stop_signal(self, stop_signal: &'static str) -> Self {
        Self { stop_signal, ..self }
    }

    /// Polls until `is_ready` returns `true` or an error.
    pub(crate) fn ready_when(
        self,
        awaited: impl Into<String>,
        is_ready: impl Fn(&Process) -> Result<bool> + Send + Sync + 'static,
    ) -> Self {
        Self { awaited: awaited.into(), is_ready: Box::new(is_ready), ..self }
    }

    /// Polls until the server has logged `text`.
    pub(crate) fn ready_when_logged(self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.ready_when(format!("{text:?}"), move |process| Ok(process.log().contains(&text)))
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Starts `program` and waits until it has written `ready` to its standard output or standard
    /// error.
    pub fn start(program: &Path, arguments: &[&str], ready: &str) -> Result<Self> {
        let launch = Launch::new(program.to_owned(), arguments.iter().copied());
        Self::launch(Process::new("program", None)?, launch.ready_when_logged(ready))
    }

    /// Starts the server in the directory of `process` and waits until it is ready.
    pub(crate) fn launch(process: Process, launch: Launch) -> Result<Self> {
        let mut server = Self { process, launch };
        server.run()?;
        Ok(server)
    }

    fn run(&mut self) -> Result<()> {
        let Launch { program, arguments, awaited, is_ready, .. } = &self.launch;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.process.spawn(program, &arguments)?;
        self.process.wait_for(awaited, is_ready)
    }

    /// The process id while the server runs. `None` when it is stopped.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Kills the server and its descendants with SIGKILL. They have ended when this returns.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Asks the server to stop and waits until it has. Postgres does not wait for its clients (a
    /// "fast shutdown").
    pub fn stop(&mut self) -> Result<()> {
        self.process.stop(self.launch.stop_signal)
    }

    /// Stops the server if it runs, and starts it again with the same arguments, port and files.
    pub fn restart(&mut self) -> Result<()> {
        if self.process.pid().is_some() {
            self.stop()?;
        }
        self.run()
    }

    /// Suspends the server with SIGSTOP. Its connections stay open but receive no answers.
    pub fn pause(&mut self) -> Result<()> {
        self.process.pause()
    }

    /// Resumes a server after [`pause`](Self::pause).
    pub fn resume(&mut self) -> Result<()> {
        self.process.signal("CONT")
    }

    /// What the server has logged since it was last started.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The server's working directory.
    pub fn directory(&self) -> PathBuf {
        self.process.directory()
    }

    /// Polls until `ready` returns `true`.
    pub(crate) fn wait_for(&mut self, awaited: &str, ready: impl Fn() -> bool) -> Result<()> {
        self.process.wait_for(awaited, |_| Ok(ready()))
    }

    /// An error about this server, with the end of its log.
    pub(crate) fn error(&self, message: &str) -> Error {
        self.process.error(message)
    }
}

/// Dereferences a type to its field `server`.
macro_rules! deref_to_server {
    ($name:ty) => {
        impl std::ops::Deref for $name {
            type Target = Server;

            fn deref(&self) -> &Server {
                &self.server
            }
        }

        impl std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut Server {
                &mut self.server
            }
        }
    };
}
pub(crate) use deref_to_server;
