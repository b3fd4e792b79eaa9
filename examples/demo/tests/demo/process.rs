//! The demo and the command `sqrl` as processes.

use std::fs::{File, Metadata};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use tempfile::TempDir;
use url::Url;

/// A running demo. It is killed when dropped.
pub(crate) struct Demo {
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: PathBuf,
    /// Holds the log, unless the test has a directory for it.
    directory: Option<TempDir>,
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    /// As the demo prints it.
    pub(crate) public_url: String,
}

impl Demo {
    /// Starts the demo on a free port, with its identities in a file of this directory.
    pub(crate) fn start(directory: &Path, arguments: &[&str]) -> Self {
        let file = format!("sqlite:{}", directory.join("demo.sqlite").display());
        Self::start_with(
            "127.0.0.1:0",
            command(),
            directory,
            &[&["--identities", &file], arguments].concat(),
        )
    }

    /// Starts the demo with everything in memory.
    pub(crate) fn in_memory(arguments: &[&str]) -> Self {
        Self::in_memory_by(command(), arguments)
    }

    /// Does the same with this command.
    pub(crate) fn in_memory_by(command: Command, arguments: &[&str]) -> Self {
        Self::in_memory_at("127.0.0.1:0", command, arguments)
    }

    /// Does the same at this address.
    pub(crate) fn in_memory_at(listen: &str, command: Command, arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("a directory");
        let arguments = [&["--identities", "memory"], arguments].concat();
        let mut demo = Self::start_with(listen, command, directory.path(), &arguments);
        demo.directory = Some(directory);
        demo
    }

    /// Starts the demo with its identities, accounts and sessions in Postgres.
    pub(crate) fn in_postgres(url: &str) -> Self {
        let directory = TempDir::new().expect("a directory");
        let arguments = ["--identities", url];
        let mut demo = Self::start_with("127.0.0.1:0", command(), directory.path(), &arguments);
        demo.directory = Some(directory);
        demo
    }

    fn start_with(
        listen: &str,
        mut command: Command,
        directory: &Path,
        arguments: &[&str],
    ) -> Self {
        static LOGS: AtomicU32 = AtomicU32::new(1);
        let log = directory.join(format!("demo-{}.log", LOGS.fetch_add(1, Ordering::Relaxed)));
        let mut child = command
            .args(["--listen", listen])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("the demo starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut read_line = |prefix: &str| {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("a line");
            let rest = line.trim_end().strip_prefix(prefix).map(str::to_owned);
            rest.unwrap_or_else(|| {
                panic!("{line:?}; {}", std::fs::read_to_string(&log).expect("a log"))
            })
        };
        let address = read_line("listening on ");
        let public_url = read_line("open ").trim_end_matches('/').to_owned();
        Self { child, stdout, log, directory: None, address, public_url }
    }

    /// Returns the URL of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// Returns the URL of a page, parsed.
    pub(crate) fn page(&self, path: &str) -> Url {
        self.url(path).parse().expect("an address")
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        let killed = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
        assert!(killed.success(), "{kill}");
    }

    /// Waits for the end of the process. Returns its status and the rest of its output.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("its output");
        (self.child.wait().expect("its status"), rest)
    }

    /// Stops the demo, which must succeed.
    pub(crate) fn stop(mut self) {
        self.terminate();
        let (status, rest) = self.ended();
        assert!(status.success(), "{status}");
        assert_eq!(rest, "");
    }

    /// Returns the log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("a log")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Both fail if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a command that starts the demo.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.env_remove("RUST_LOG");
    command
}

/// The command `sqrl` with an identity file.
pub(crate) struct Sqrl {
    file: PathBuf,
    /// The rescue code that `sqrl` printed last.
    code: Option<String>,
}

impl Sqrl {
    pub(crate) fn new(directory: &Path) -> Self {
        Self { file: directory.join("identity.json"), code: None }
    }

    /// Runs `sqrl` with the last rescue code.
    pub(crate) fn run(&mut self, arguments: &[&str]) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_demo")).with_file_name("sqrl");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../client/src");
        let built = last_change(&program) > last_change(&source);
        assert!(built, "build it first: cargo build -p tower-sqrl-client");
        let mut command = Command::new(program);
        command.args(arguments).arg("--file").arg(&self.file).stdin(Stdio::null());
        command.env_remove("SQRL_RESCUE_CODE");
        if let Some(code) = &self.code {
            command.env("SQRL_RESCUE_CODE", code);
        }
        let output = command.output().expect("sqrl runs");
        let prefix = "Its rescue code, shown only once: ";
        let printed = String::from_utf8_lossy(&output.stdout);
        if let Some(code) = printed.lines().find_map(|line| line.strip_prefix(prefix)) {
            self.code = Some(code.to_owned());
        }
        output
    }

    /// Runs `sqrl`, which must succeed, and returns its output.
    pub(crate) fn succeeds(&mut self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (stdout, stderr) = text(&output);
        assert!(output.status.success(), "{arguments:?}: {stdout}{stderr}");
        stdout
    }

    /// Runs `sqrl`, which must fail, and returns its error output.
    pub(crate) fn fails(&mut self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (stdout, stderr) = text(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stdout}{stderr}");
        stderr
    }
}

/// Returns the time of the last change of a file or of a file in a directory. The tests need it,
/// because cargo does not build another crate's program for them.
fn last_change(path: &Path) -> Option<SystemTime> {
    let file = path.metadata().ok().filter(Metadata::is_file);
    let own = file.and_then(|file| file.modified().ok());
    let within = std::fs::read_dir(path).into_iter().flatten();
    let within = within.filter_map(|entry| last_change(&entry.ok()?.path()));
    within.chain(own).max()
}

/// Returns standard output and standard error.
fn text(output: &Output) -> (String, String) {
    let decode = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (decode(&output.stdout), decode(&output.stderr))
}
