//! Every kind of load, on both servers: a few sign-ins, none of which fails.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tower_sqrl_client::load::{Load, Report, SignInAs, Stop, latency_chart};

/// The process of `bench serve`, and the URL of its sign-in page. Dropping it stops the process.
struct Server(Child, String);

impl Server {
    fn start(kind: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bench"))
            .args(["serve", kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut address = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut address).expect("its address");
        Self(child, format!("http://{}/login", address.trim()))
    }

    fn load(&self) -> Load {
        let mut load = Load::new(&self.1);
        load.in_flight = vec![3];
        load.stop = Stop::Logins(12);
        load.sign_in_as = SignInAs::Known(4);
        load.server_pids = vec![self.0.id()];
        load
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().expect("its end");
    }
}

fn steps(load: &Load) -> Vec<&'static str> {
    let report = load.run(|_| {}).expect("a run");
    let stage = &report.stages[0];
    assert!(stage.failures.is_empty(), "{load:?}\n{report}");
    assert_eq!(stage.logins, 12, "{load:?}");
    assert!(stage.server_cpu_ms.is_some_and(|cpu| cpu > 0.0), "{load:?}");
    assert!(stage.login.p50 > 0.0 && stage.login.max >= stage.login.p99, "{load:?}");
    stage.steps.keys().copied().collect()
}

#[test]
fn every_kind_of_load() {
    let server = Server::start("sqrl");
    let load = server.load();
    let all_steps = ["ident", "landing", "query", "url", "wait"];
    assert_eq!(steps(&load), all_steps);
    for sign_in_as in [SignInAs::New, SignInAs::Rekeyed] {
        assert_eq!(steps(&Load { sign_in_as, ..load.clone() }), all_steps, "{sign_in_as:?}");
    }
    assert_eq!(steps(&Load { new_connections: true, ..load.clone() }), all_steps);
    assert_eq!(steps(&Load { noiptest: true, ..load.clone() }), all_steps);
    assert_eq!(steps(&Load { threads: 2, rate: Some(500.0), ..load.clone() }), all_steps);
    let page = Load { page: true, qr: true, ..load.clone() };
    assert_eq!(steps(&page), ["ident", "landing", "page", "qr", "query", "wait"]);
    let cps = Load { cps: true, ..load };
    assert_eq!(steps(&cps), ["cps", "ident", "landing", "query", "url"]);
}

#[test]
fn the_floor_accepts_the_same_requests() {
    let server = Server::start("floor");
    let load = server.load();
    let all_steps = ["ident", "landing", "query", "url", "wait"];
    assert_eq!(steps(&load), all_steps);
    assert_eq!(steps(&Load { new_connections: true, ..load.clone() }), all_steps);
    assert_eq!(steps(&Load { page: true, ..load })[2], "page");
}

#[test]
fn a_load_has_stages_and_a_picture() {
    let server = Server::start("floor");
    let mut watched = 0;
    let load = Load { in_flight: vec![1, 2], ..server.load() };
    let report: Report = load.run(|_| watched += 1).expect("a run");
    assert!(watched >= 2, "{watched}");
    let svg = latency_chart(&[("a < b", &report)]);
    assert_eq!(svg.matches("<circle").count(), 6, "{svg}");
    assert!(svg.contains("a &lt; b"), "{svg}");
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).expect("JSON");
    assert_eq!(json["stages"][1]["in_flight"], 2);
}

#[test]
fn failures_are_reported_and_counted() {
    let server = Server::start("floor");
    // The floor has no CPS, so the first sign-in fails.
    let refused = Load { cps: true, ..server.load() }.run(|_| {});
    assert_eq!(refused.expect_err("no url").to_string(), "ident: no url= for cps");
    let load = server.load();
    drop(server);
    assert!(load.run(|_| {}).is_err());
}

#[test]
fn a_sign_in_on_every_store() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["sign-in-by-store", "--only", "new", "--rounds", "1", "--logins", "12"])
        .output()
        .expect("a process");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    for stores in ["memory", "sqlite", "redis-postgres", "postgres"] {
        assert!(stdout.contains(&format!("\nnow {stores} ")), "{stdout}");
    }
}
