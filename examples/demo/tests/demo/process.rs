//! The real demo, and the real command `sqrl`.

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
    /// Kept open, since the demo writes to it.
    stdout: BufReader<ChildStdout>,
    log: PathBuf,
    /// The log's, unless the test has one for it.
    directory: Option<TempDir>,
    /// Where it listens: `127.0.0.1:port`.
    pub(crate) address: String,
    /// What it tells people to open.
    pub(crate) public_url: String,
}

impl Demo {
    /// With its identities in the directory, on a free port, and whatever else is wanted.
    pub(crate) fn start(directory: &Path, arguments: &[&str]) -> Self {
        let file = format!("sqlite:{}", directory.join("demo.sqlite").display());
        Self::start_with(
            "127.0.0.1:0",
            command(),
            directory,
            &[&["--identities", &file], arguments].concat(),
        )
    }

    /// With nothing that outlives it.
    pub(crate) fn in_memory(arguments: &[&str]) -> Self {
        Self::in_memory_by(command(), arguments)
    }

    /// The same by a command of one's own.
    pub(crate) fn in_memory_by(command: Command, arguments: &[&str]) -> Self {
        Self::in_memory_at("127.0.0.1:0", command, arguments)
    }

    /// The same at an address of one's own.
    pub(crate) fn in_memory_at(listen: &str, command: Command, arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("a directory");
        let arguments = [&["--identities", "memory"], arguments].concat();
        let mut demo = Self::start_with(listen, command, directory.path(), &arguments);
        demo.directory = Some(directory);
        demo
    }

    /// With its identities, accounts and sessions in a Postgres.
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
        let mut said = |what: &str| {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("a line");
            let said = line.trim_end().strip_prefix(what).map(str::to_owned);
            said.unwrap_or_else(|| {
                panic!("{line:?}; {}", std::fs::read_to_string(&log).expect("a log"))
            })
        };
        let address = said("listening on ");
        let public_url = said("open ").trim_end_matches('/').to_owned();
        Self { child, stdout, log, directory: None, address, public_url }
    }

    /// A page's address, by the public URL.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// The same, parsed.
    pub(crate) fn page(&self, path: &str) -> Url {
        self.url(path).parse().expect("an address")
    }

    /// Asks it to stop, as an init system does.
    pub(crate) fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        let killed = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
        assert!(killed.success(), "{kill}");
    }

    /// Waits until it has stopped, and returns what else it wrote to its output.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("its output");
        (self.child.wait().expect("its status"), rest)
    }

    /// Stops and waits until it has.
    pub(crate) fn stop(mut self) {
        self.terminate();
        let (status, rest) = self.ended();
        assert!(status.success(), "{status}");
        assert_eq!(rest, "");
    }

    /// Its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("a log")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The demo's command line.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.env_remove("RUST_LOG");
    command
}

/// The command `sqrl` with an identity file, and what it said.
pub(crate) struct Sqrl {
    file: PathBuf,
    /// The rescue code that it showed last.
    code: Option<String>,
}

impl Sqrl {
    pub(crate) fn new(directory: &Path) -> Self {
        Self { file: directory.join("identity.json"), code: None }
    }

    /// Runs it; gives it the rescue code that it has shown.
    pub(crate) fn run(&mut self, arguments: &[&str]) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_demo")).with_file_name("sqrl");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../client/src");
        let built = changed(&program) > changed(&source);
        assert!(built, "build it first: cargo build -p tower-sqrl-client");
        let mut command = Command::new(program);
        command.args(arguments).arg("--file").arg(&self.file).stdin(Stdio::null());
        command.env_remove("SQRL_RESCUE_CODE");
        if let Some(code) = &self.code {
            command.env("SQRL_RESCUE_CODE", code);
        }
        let output = command.output().expect("sqrl runs");
        let shown = "Its rescue code, shown only once: ";
        let said = String::from_utf8_lossy(&output.stdout);
        if let Some(code) = said.lines().find_map(|line| line.strip_prefix(shown)) {
            self.code = Some(code.to_owned());
        }
        output
    }

    /// Runs it, and returns what it says of its success.
    pub(crate) fn succeeds(&mut self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (said, complained) = words(&output);
        assert!(output.status.success(), "{arguments:?}: {said}{complained}");
        said
    }

    /// Runs it, and returns what it complains about.
    pub(crate) fn fails(&mut self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (said, complained) = words(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}{complained}");
        complained
    }
}

/// When a file, or the last of those in a directory, has changed; `None` where there is none. Cargo does
/// not build another crate's program for a test.
fn changed(path: &Path) -> Option<SystemTime> {
    let file = path.metadata().ok().filter(Metadata::is_file);
    let own = file.and_then(|file| file.modified().ok());
    let within = std::fs::read_dir(path).into_iter().flatten();
    let within = within.filter_map(|entry| changed(&entry.ok()?.path()));
    within.chain(own).max()
}

fn words(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
