//! A directory, a process that runs in it, and a watchdog that removes both when the test ends.

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

/// The limit for each wait. It is long because machines that run tests are busy. A server that fails
/// to start exits, which is noticed immediately.
const TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// In bytes.
const MAX_LOG_IN_ERROR: usize = 4_000;

/// A directory and at most one process at a time that runs in it.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    /// Holds the log, and the process's working directory `data`.
    root: PathBuf,
    user: Option<User>,
    child: Option<Child>,
    /// The length of the log when the current process started, in bytes.
    log_start: u64,
    watchdog: Child,
    commands: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Process {
    /// Creates a directory and its watchdog. Nothing runs yet. If there is a `user`, that user owns
    /// the directory and runs the processes.
    pub(crate) fn new(name: &'static str, user: Option<User>) -> Result<Self> {
        let root = tempfile::Builder::new()
            .prefix(&format!("test-{name}-"))
            .permissions(Permissions::from_mode(0o711))
            .tempdir()
            .map_err(Error::io("a temporary directory"))?
            .keep();
        let data = root.join("data");
        fs::create_dir(&data).map_err(Error::io(data.display()))?;
        if let Some(user) = user {
            chown(&data, Some(user.uid), Some(user.gid)).map_err(Error::io(data.display()))?;
        }
        let mut watchdog = Command::new("setsid")
            .args(["sh", "-c", include_str!("watchdog.sh"), "watchdog"])
            .arg(&root)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::io("setsid"))?;
        let pipes = watchdog.stdin.take().zip(watchdog.stdout.take());
        let (commands, replies) = pipes.ok_or_else(|| Error::new("the watchdog has no pipes"))?;
        Ok(Self {
            name,
            root,
            user,
            child: None,
            log_start: 0,
            watchdog,
            commands: Some(commands),
            replies: BufReader::new(replies),
        })
    }

    /// The process's working directory.
    pub(crate) fn directory(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Writes a file into [`Self::directory`].
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<PathBuf> {
        let path = self.directory().join(file);
        fs::write(&path, text).map_err(Error::io(path.display()))?;
        Ok(path)
    }

    /// Starts `program`. Its output goes to the log.
    pub(crate) fn spawn(&mut self, program: &Path, arguments: &[&str]) -> Result<()> {
        // Runs the program after the watchdog has its process id. If the test ends earlier, `read`
        // meets the end of the file and the program does not run.
        const WHEN_WATCHED: &str = r#"read -r go && exec "$@" </dev/null"#;
        let log = self.open_log()?;
        self.log_start = log.metadata().map_or(0, |data| data.len());
        let stderr = log.try_clone().map_err(Error::io("the log"))?;
        let mut command: Vec<OsString> = self.user.map_or_else(Vec::new, User::prefix);
        command.push(program.into());
        command.extend(arguments.iter().map(OsString::from));
        // `setsid` does not fork here: the child's id is also the server's and the session's.
        let mut child = Command::new("setsid")
            .args(["sh", "-c", WHEN_WATCHED, "sh"])
            .args(command)
            .current_dir(self.directory())
            .env("LC_ALL", "C")
            .env("HOME", self.directory())
            .env("TMPDIR", self.directory())
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(stderr)
            .spawn()
            .map_err(Error::io("setsid"))?;
        let pid = child.id();
        let go = child.stdin.take();
        self.child = Some(child);
        self.command_watchdog(&format!("watch {pid}"))?;
        if let Some(mut go) = go {
            go.write_all(b"go\n").map_err(Error::io(self.name))?;
        }
        Ok(())
    }

    /// The process id, if the process runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Polls until `ready` returns `true`. Returns an error with `awaited` and the end of the log if
    /// the process exits or [`TIMEOUT`] passes.
    pub(crate) fn wait_for(
        &mut self,
        awaited: &str,
        ready: impl Fn(&Self) -> Result<bool>,
    ) -> Result<()> {
        let start = Instant::now();
        loop {
            if ready(self)? {
                return Ok(());
            }
            if let Some(status) = self.exit_status()? {
                let mut error = self.error(&format!("exited with {status} before {awaited}"));
                error.port_taken = self.log().contains("Address already in use");
                return Err(error);
            }
            if start.elapsed() > TIMEOUT {
                return Err(self.error(&format!("no {awaited} within {TIMEOUT:?}")));
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Waits until the process exits.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.exit_status()? {
                return Ok(status);
            }
            if start.elapsed() > TIMEOUT {
                return Err(self.error(&format!("still running after {TIMEOUT:?}")));
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        let child = self.child.as_mut().ok_or_else(|| Error::new("the server is not running"))?;
        child.try_wait().map_err(Error::io(self.name))
    }

    /// Sends a signal: `TERM`, `INT`, `STOP`, `CONT`, …
    pub(crate) fn signal(&mut self, signal: &str) -> Result<()> {
        let pid = self.pid().ok_or_else(|| self.error("is not running"))?;
        self.command_watchdog(&format!("{signal} {pid}"))
    }

    /// Sends SIGSTOP and waits until the process is stopped.
    pub(crate) fn pause(&mut self) -> Result<()> {
        self.signal("STOP")?;
        self.wait_for("the pause", |process| {
            let pid = process.pid().unwrap_or_default();
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // pid (name) state …
            Ok(stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
        })
    }

    /// Sends `signal`, waits until the process exits, and kills its descendants.
    pub(crate) fn stop(&mut self, signal: &str) -> Result<()> {
        self.signal(signal)?;
        self.wait()?;
        self.kill()
    }

    /// Kills the process and its descendants with SIGKILL. They have ended when this returns.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if self.child.is_none() {
            return Ok(());
        }
        self.command_watchdog("sweep")?;
        let mut reply = String::new();
        self.replies.read_line(&mut reply).map_err(Error::io("the watchdog"))?;
        if let Some(mut child) = self.child.take() {
            child.wait().map_err(Error::io(self.name))?;
        }
        Ok(())
    }

    /// Sends a command to the watchdog.
    fn command_watchdog(&mut self, command: &str) -> Result<()> {
        let commands =
            self.commands.as_mut().ok_or_else(|| Error::new("the watchdog has ended"))?;
        writeln!(commands, "{command}").map_err(Error::io("the watchdog"))
    }

    fn open_log(&self) -> Result<File> {
        let path = self.root.join("log");
        OpenOptions::new().create(true).append(true).open(&path).map_err(Error::io(path.display()))
    }

    /// What the current process has logged.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.root.join("log")).unwrap_or_default();
        let start = usize::try_from(self.log_start).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned()
    }

    /// An error about this process, with the end of its log.
    pub(crate) fn error(&self, message: &str) -> Error {
        let log = self.log();
        let start = log.len().saturating_sub(MAX_LOG_IN_ERROR);
        let tail = log.as_bytes().get(start..).unwrap_or_default();
        let tail = String::from_utf8_lossy(tail.trim_ascii_end());
        Error::new(format!("{}: {message}; its log ends:\n{tail}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watchdog reads the end of its commands, as it does when the test is killed.
        drop(self.commands.take());
        let _ = self.watchdog.wait();
        if let Some(child) = self.child.as_mut() {
            let _ = child.wait();
        }
    }
}
