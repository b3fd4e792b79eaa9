//! One server: its directory, its process, and the watchdog that ends both with the test.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::user::User;
use crate::{Error, Result};

/// For every single wait. Generous, because machines that run tests are busy; a server that is
/// broken ends, and that is noticed at once.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);
const LOG_TAIL: usize = 4_000;

/// A directory, and at most one process at a time that works in it.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    directory: PathBuf,
    user: Option<User>,
    child: Option<Child>,
    /// Where in the log the present process began.
    log_start: u64,
    watchdog: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// A fresh directory under watch, and nothing running in it yet. With `user`, the directory is
    /// that user's and so is every process.
    pub(crate) fn new(name: &'static str, user: Option<User>) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix(&format!("test-{name}-"))
            .permissions(Permissions::from_mode(0o711))
            .tempdir()
            .map_err(Error::io("a temporary directory"))?
            .keep();
        let data = directory.join("data");
        fs::create_dir(&data).map_err(Error::io(data.display()))?;
        if let Some(user) = user {
            chown(&data, Some(user.uid), Some(user.gid)).map_err(Error::io(data.display()))?;
        }
        let mut watchdog = Command::new("setsid")
            .args(["sh", "-c", include_str!("watchdog.sh"), "watchdog"])
            .arg(&directory)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::io("setsid"))?;
        let pipes = watchdog.stdin.take().zip(watchdog.stdout.take());
        let (orders, answers) = pipes.ok_or_else(|| Error::new("the watchdog has no pipes"))?;
        Ok(Self {
            name,
            directory,
            user,
            child: None,
            log_start: 0,
            watchdog,
            orders: Some(orders),
            answers: BufReader::new(answers),
        })
    }

    /// The process's working directory, for its files and sockets.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Writes a file into [`Self::data`].
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<PathBuf> {
        let path = self.data().join(file);
        fs::write(&path, text).map_err(Error::io(path.display()))?;
        Ok(path)
    }

    /// Starts `program`, whose output goes to the log.
    pub(crate) fn spawn(&mut self, program: &Path, arguments: &[&str]) -> Result<()> {
        // It waits for the watchdog to know it. Should the test die before, it reads the end of the
        // file and runs nothing.
        const WHEN_WATCHED: &str = r#"read -r go && exec "$@" </dev/null"#;
        let log = self.open_log()?;
        self.log_start = log.metadata().map_or(0, |data| data.len());
        let stderr = log.try_clone().map_err(Error::io("the log"))?;
        let mut command: Vec<OsString> = self.user.map_or_else(Vec::new, User::prefix);
        command.push(program.into());
        command.extend(arguments.iter().map(OsString::from));
        // `setsid` does not fork here, so the child's id is the server's and the session's.
        let mut child = Command::new("setsid")
            .args(["sh", "-c", WHEN_WATCHED, "sh"])
            .args(command)
            .current_dir(self.data())
            .env("LC_ALL", "C")
            .env("HOME", self.data())
            .env("TMPDIR", self.data())
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(stderr)
            .spawn()
            .map_err(Error::io("setsid"))?;
        let pid = child.id();
        let go = child.stdin.take();
        self.child = Some(child);
        self.order(&format!("watch {pid}"))?;
        if let Some(mut go) = go {
            go.write_all(b"go\n").map_err(Error::io(self.name))?;
        }
        Ok(())
    }

    /// The running process's id.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Waits until `ready` gives something. The process's end and [`PATIENCE`]'s are errors, which
    /// say what was awaited and how the log ends.
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        mut ready: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(value) = ready(self) {
                return Ok(value);
            }
            if let Some(status) = self.ended()? {
                let mut error = self.error(&format!("ended with {status} before {what}"));
                error.port_taken = self.log().contains("Address already in use");
                return Err(error);
            }
            if start.elapsed() > PATIENCE {
                return Err(self.error(&format!("no {what} within {PATIENCE:?}")));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits for the process's end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if start.elapsed() > PATIENCE {
                return Err(self.error(&format!("still running after {PATIENCE:?}")));
            }
            thread::sleep(PAUSE);
        }
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let child = self.child.as_mut().ok_or_else(|| Error::new("it is not running"))?;
        child.try_wait().map_err(Error::io(self.name))
    }

    /// Sends a signal: `TERM`, `INT`, `STOP`, `CONT`, …
    pub(crate) fn signal(&mut self, signal: &str) -> Result<()> {
        let pid = self.pid().ok_or_else(|| self.error("is not running"))?;
        self.order(&format!("{signal} {pid}"))
    }

    /// SIGSTOP, and waits until it works: orders take their time.
    pub(crate) fn pause(&mut self) -> Result<()> {
        self.signal("STOP")?;
        self.wait_for("the pause", |process| {
            let stat = fs::read_to_string(format!("/proc/{}/stat", process.pid()?)).ok()?;
            // pid (name) state …
            stat.rsplit_once(") ")?.1.starts_with('T').then_some(())
        })
    }

    /// Asks it to end with `signal`, waits until it has, and makes sure of its descendants.
    pub(crate) fn stop(&mut self, signal: &str) -> Result<()> {
        self.signal(signal)?;
        self.wait()?;
        self.kill()
    }

    /// SIGKILL for the process and its descendants; they are gone when this returns.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if self.child.is_none() {
            return Ok(());
        }
        self.order("sweep")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(Error::io("the watchdog"))?;
        if let Some(mut child) = self.child.take() {
            child.wait().map_err(Error::io(self.name))?;
        }
        Ok(())
    }

    fn order(&mut self, order: &str) -> Result<()> {
        let orders = self.orders.as_mut().ok_or_else(|| Error::new("the watchdog is gone"))?;
        writeln!(orders, "{order}").map_err(Error::io("the watchdog"))
    }

    fn open_log(&self) -> Result<File> {
        let path = self.directory.join("log");
        OpenOptions::new().create(true).append(true).open(&path).map_err(Error::io(path.display()))
    }

    /// What the present process has logged.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.directory.join("log")).unwrap_or_default();
        let start = usize::try_from(self.log_start).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned()
    }

    /// An error about this process, with the end of its log.
    pub(crate) fn error(&self, message: &str) -> Error {
        let log = self.log();
        let tail = log.as_bytes().get(log.len().saturating_sub(LOG_TAIL)..).unwrap_or_default();
        let tail = String::from_utf8_lossy(tail.trim_ascii_end());
        Error::new(format!("{}: {message}; its log ends:\n{tail}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The same way out as after the test's own violent death: the watchdog reads the end.
        drop(self.orders.take());
        let _ = self.watchdog.wait();
        if let Some(child) = self.child.as_mut() {
            let _ = child.wait();
        }
    }
}
