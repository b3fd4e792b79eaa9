//! The command line.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use tempfile::TempDir;
use tower_sqrl_client::Http;
use tower_sqrl_client::browser::Browser;

use crate::person::{Person, new_sqrl_url};
use crate::process::{Demo, command};

/// Starts the demo, which must fail with this exit code, and returns its error output.
fn start_error(arguments: &[&str], code: i32) -> String {
    let mut command = command();
    if !arguments.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the demo runs");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("its output");
    BufReader::new(stdout).read_line(&mut line).expect("a line or the end");
    if !line.is_empty() {
        child.kill().expect("it runs");
    }
    let output = child.wait_with_output().expect("its end");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(line, "", "{arguments:?}: {message}");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    message
}

#[test]
fn a_wrong_command_line_is_explained() {
    for (arguments, words) in [
        (["--nuts", "redis://:secret@localhost:port"], "--nuts: invalid Redis URL"),
        (["--nuts", "redis-sentinel://:secret@localhost"], "--nuts: "),
        (["--nuts", "postgres://u:secret@localhost:port"], "--nuts: invalid Postgres URL"),
        (["--identities", "redis://:secret@localhost"], "Redis does not store identities"),
        (
            ["--identities", "postgresql://u:secret@localhost:port"],
            "--identities: invalid Postgres URL",
        ),
        (["--server-name", "a b"], "write a name of letters, digits"),
        (["--nuts", "mysql://localhost"], "write memory, sqlite:FILE"),
        (["--nuts", "sqlite:"], "sqlite: needs a file"),
        (["--public-url", "example.com"], "--public-url"),
        (["--public-url", "https://example.com/app"], "write --public-url https://example.com"),
        (["--listen", "0.0.0.0:0"], "give the one that browsers open with --public-url"),
        (["--trusted-proxy", "10.0.0.0/33"], "`10.0.0.0/33` is not a network"),
        (["--url-scheme", "https"], "write sqrl or qrl"),
        (["--prefix", "auth"], "`prefix` must be an absolute path"),
        (["--failures-per-minute", "many"], "write a number, or off"),
        (["--url-lifetime", "0"], "use at least one second"),
    ] {
        let memory = ["--identities", "memory"];
        let replaced = |flag: &&[&str]| flag[0] != arguments[0];
        let others: Vec<_> = memory.chunks(2).filter(replaced).flatten().copied().collect();
        let message = start_error(&[&arguments, others.as_slice()].concat(), 2);
        assert!(message.contains(words), "{arguments:?}: {message}");
        assert!(!message.contains("secret"), "{arguments:?}: {message}");
    }
}

#[test]
fn a_server_or_file_that_cannot_be_used_is_named() {
    let directory = TempDir::new().expect("a directory");
    let missing = directory.path().join("missing/demo.sqlite");
    let message = start_error(&["--identities", &format!("sqlite:{}", missing.display())], 1);
    assert!(
        message.contains("missing/demo.sqlite cannot be a database: its directory does not"),
        "{message}"
    );
    // Nothing listens on port 1, and this listener accepts no connection.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = listener.local_addr().expect("its address");
    let key = directory.path().join("nut.key");
    let key = key.to_str().expect("text");
    let message = start_error(&["--identities", "memory", "--nut-key", key], 1);
    assert!(message.contains(&format!("--nut-key {key}: ")), "{message}");
    std::fs::write(key, [7; 31]).expect("a file");
    let message = start_error(&["--identities", "memory", "--nut-key", key], 2);
    assert!(message.contains("the file has 31 bytes; it must have 32"), "{message}");
    for (flag, scheme, what) in [
        ("--nuts", "redis", "Redis"),
        ("--nuts", "postgres", "Postgres"),
        ("--identities", "postgres", "Postgres"),
    ] {
        for address in ["127.0.0.1:1", &silent.to_string()] {
            let url = format!("{scheme}://u:secret@{address}/");
            let others: &[&str] =
                if flag == "--nuts" { &["--identities", "memory"] } else { &["--nuts", "memory"] };
            let message = start_error(&[&[flag, &url], others].concat(), 1);
            assert!(message.starts_with(&format!("demo: {what}: ")), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }
    let demo = Demo::in_memory(&[]);
    let message = start_error(&["--identities", "memory", "--listen", &demo.address], 1);
    assert!(message.contains(&format!("cannot listen on {}", demo.address)), "{message}");
}

#[tokio::test]
async fn sqrl_urls_follow_the_flags() {
    let demo = Demo::in_memory(&["--prefix", "/auth", "--url-scheme", "sqrl"]);
    let sqrl_url = new_sqrl_url(&demo).await;
    let begin = format!("sqrl://{}/auth/cli.sqrl?nut=", demo.address);
    assert!(sqrl_url.as_str().starts_with(&begin), "{}", sqrl_url.as_str());

    let demo = Demo::in_memory(&["--prefix", "/auth"]);
    let ada = Person::new();
    ada.sign_in(&demo).await;
    let sqrl_url = new_sqrl_url(&demo).await;
    assert!(sqrl_url.as_str().starts_with("qrl://"), "{}", sqrl_url.as_str());
}

#[tokio::test]
async fn rust_log_selects_what_is_logged() {
    for (filter, client, demo_itself) in [
        (None, false, true),
        (Some("tower_sqrl=debug"), true, false),
        (Some("info,tower_sqrl=debug"), true, true),
        (Some("tower_sqrl=loud"), false, true),
    ] {
        let mut command = command();
        command.envs(filter.map(|filter| ("RUST_LOG", filter)));
        let demo = Demo::in_memory_by(command, &[]);
        Person::new().sign_in(&demo).await;
        let log = demo.log();
        assert_eq!(log.contains(": answered command=Ident"), client, "{filter:?}: {log}");
        assert_eq!(log.contains("new account"), demo_itself, "{filter:?}: {log}");
        assert_eq!(log.contains("demo: RUST_LOG: "), filter == Some("tower_sqrl=loud"), "{log}");
    }
}

#[tokio::test]
async fn two_demos_share_a_sqlite_file() {
    let directory = TempDir::new().expect("a directory");
    let file = format!("sqlite:{}", directory.path().join("demo.sqlite").display());
    let site = "http://demo.example";
    let arguments = ["--public-url", site, "--nuts", &file];
    let demos = [(); 2].map(|()| Demo::start(directory.path(), &arguments));
    let [browser, client] = demos.each_ref().map(|demo| {
        assert_eq!(demo.public_url, site);
        Http::builder().route(site, &format!("http://{}", demo.address)).build()
    });
    let ada = Person::new();
    let ada = Person { browser: Browser::new(browser), client: ada.client.with_http(client) };
    ada.sign_in(&demos[0]).await;
    ada.sign_in(&demos[0]).await;
    let log = demos[0].log();
    assert_eq!(log.matches("new account").count(), 1, "{log}");
}
