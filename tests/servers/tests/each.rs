//! Each server starts, answers, restarts where it can, and is removed in the end.
#![allow(missing_docs)]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use test_servers::{
    Chromedriver, Nginx, Pgbouncer, Postgres, Proxy, Redis, RedisCluster, RedisOptions,
    RedisSentinel,
};

/// A zombie is not alive.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn kill(pid: u32) {
    let kill = Command::new("sh").args(["-c", "kill -KILL $0", &pid.to_string()]).status();
    assert!(kill.expect("a shell").success());
}

fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Sends one HTTP request. Returns the status and the body, whose length must be in a header.
fn http(port: u16, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}");
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).expect("a request");

    let mut response = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        response.read_line(&mut line).expect("a line");
        line.trim_end().to_ascii_lowercase()
    };
    let status = line().split(' ').nth(1).expect("a status").parse().expect("a number");
    let mut length = 0;
    for header in std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty())) {
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    response.read_exact(&mut body).expect("a body");
    (status, String::from_utf8(body).expect("text"))
}

#[test]
fn redis_loses_its_data_in_a_restart_and_is_removed_when_dropped() {
    let mut redis = Redis::start().expect("Redis");
    let (port, pid) = (redis.port(), redis.pid().expect("it runs"));
    assert_eq!(redis.command(&["SET", "a", "1"]).expect("a reply"), "OK");
    assert!(redis.command(&["SET", "a"]).is_err());

    redis.stop().expect("a stop");
    assert!(!listens(port) && !is_alive(pid) && redis.pid().is_none());
    redis.restart().expect("a restart");
    assert_eq!(redis.port(), port);
    assert_eq!(redis.command(&["GET", "a"]).expect("a reply"), "");

    let pid = redis.pid().expect("it runs");
    drop(redis);
    assert!(!listens(port) && !is_alive(pid));
}

#[test]
fn redis_with_an_append_only_file_keeps_its_data_when_killed() {
    let options = RedisOptions { appendonly: true, ..RedisOptions::default() };
    let mut redis = Redis::start_with(&options).expect("Redis");
    let pid = redis.pid().expect("it runs");
    redis.command(&["SET", "a", "1"]).expect("a reply");
    redis.kill().expect("a kill");
    assert!(!listens(redis.port()) && !is_alive(pid));
    redis.restart().expect("a restart");
    assert_eq!(redis.command(&["GET", "a"]).expect("a reply"), "1");
}

#[test]
fn redis_can_be_paused() {
    let mut redis = Redis::start().expect("Redis");
    redis.pause().expect("a pause");
    // The command times out.
    let waiting = redis.command(&["PING"]);
    assert!(waiting.is_err(), "{waiting:?}");
    redis.resume().expect("an end of the pause");
    assert_eq!(redis.command(&["PING"]).expect("a reply"), "PONG");
}

#[test]
fn an_error_shows_the_log_of_a_port_in_use_and_a_broken_configuration() {
    let first = Redis::start().expect("Redis");
    let options = RedisOptions { port: Some(first.port()), ..RedisOptions::default() };
    let error = Redis::start_with(&options).expect_err("the port is in use").to_string();
    assert!(error.contains("Address already in use"), "{error}");

    let options = RedisOptions { config: vec!["nonsense 1".into()], ..RedisOptions::default() };
    let error = Redis::start_with(&options).expect_err("an unknown directive").to_string();
    assert!(error.contains("nonsense"), "{error}");
}

#[test]
fn sentinels_fail_over_to_the_replica() {
    let mut redis = RedisSentinel::start().expect("Redis with sentinels");
    let old = redis.primary_port().expect("a primary");
    let new = redis.kill_primary().expect("a switch");
    assert_ne!(old, new);
    assert_eq!(redis.primary_port().expect("a primary"), new);
    let node = redis.nodes().iter().find(|node| node.port() == new).expect("a node");
    assert_eq!(node.command(&["SET", "a", "1"]).expect("a reply"), "OK");

    let sentinels = redis.sentinel_ports();
    assert_eq!(sentinels.len(), 3);
    drop(redis);
    assert!(!listens(new) && !sentinels.into_iter().any(listens));
}

#[test]
fn a_cluster_fails_over_to_a_replica() {
    let mut cluster = RedisCluster::start().expect("a Redis Cluster");
    let old = cluster.master_of("key").expect("a master");
    let set = |cluster: &mut RedisCluster, port| {
        let node = cluster.nodes().iter().find(|node| node.port() == port).expect("a node");
        node.command(&["SET", "key", "1"]).expect("a reply")
    };
    assert_eq!(set(&mut cluster, old), "OK");
    let new = cluster.kill_master_of("key").expect("a take-over");
    assert_ne!(old, new);
    assert_eq!(set(&mut cluster, new), "OK");

    let ports = cluster.ports();
    assert_eq!((ports.len(), cluster.urls().len()), (6, 6));
    drop(cluster);
    assert!(!ports.into_iter().any(listens));
}

#[test]
fn postgres_keeps_what_it_confirmed_when_killed() {
    let mut postgres = Postgres::start_with(&["max_connections=30"]).expect("Postgres");
    let port = postgres.port();
    assert_eq!(postgres.query("show max_connections").expect("a row"), "30");
    postgres.query("create table t as select 1 as a").expect("a table");

    let pid = postgres.pid().expect("it runs");
    // The server process of a busy client must end too, or no restart works.
    let busy = thread::scope(|scope| {
        let busy = scope.spawn(|| postgres.query("select pg_sleep(60)"));
        let seen = "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'";
        while postgres.query(seen).expect("a row") != "1" {
            assert!(!busy.is_finished(), "the client is done already");
        }
        kill(pid);
        busy.join().expect("no panic")
    });
    assert!(busy.is_err(), "{busy:?}");
    postgres.kill().expect("a kill");
    assert!(!listens(port) && !is_alive(pid));
    postgres.restart().expect("a restart after a kill");
    assert_eq!(postgres.query("select a from t").expect("a row"), "1");
    postgres.restart().expect("an orderly restart");
    assert_eq!(postgres.query("select a from t").expect("a row"), "1");
    assert_eq!(postgres.port(), port);

    assert!(postgres.query("nonsense").is_err());
    drop(postgres);
    assert!(!listens(port));
}

#[test]
fn a_standby_reads_what_its_primary_wrote_and_is_promoted() {
    let primary = Postgres::start().expect("Postgres");
    primary.query("create table t as select 1 as a").expect("a table");
    let standby = primary.standby().expect("a standby");
    assert_eq!(standby.query("select a from t").expect("a row"), "1");
    let error = standby.query("update t set a = 2").expect_err("a standby").to_string();
    assert!(error.contains("read-only transaction"), "{error}");
    primary.query("update t set a = 3").expect("a primary");
    while standby.query("select a from t").expect("a row") != "3" {
        thread::yield_now();
    }
    assert_eq!(standby.query("select pg_promote()").expect("a row"), "t");
    standby.query("update t set a = 4").expect("a primary");
}

#[test]
fn pgbouncer_assigns_a_connection_per_transaction() {
    let postgres = Postgres::start().expect("Postgres");
    postgres.query("create role modest login").expect("a role");
    let pooler = Pgbouncer::start(&postgres, &["modest"], &["default_pool_size = 1"]);
    let pooler = pooler.expect("PgBouncer");
    let (port, pid) = (pooler.port(), pooler.pid().expect("it runs"));
    let process = |url: &str| postgres.query_through(url, "select pg_backend_pid()");
    let first = process(&pooler.url()).expect("a row");
    assert_eq!(process(&pooler.url()).expect("a row"), first, "one connection for all clients");
    assert_ne!(process(&pooler.url().replace("postgres@", "modest@")).expect("a row"), first);
    drop(pooler);
    assert!(!listens(port) && !is_alive(pid));
}

#[test]
fn nginx_serves_its_configuration() {
    let configuration = "events {}\nhttp { access_log off; server { listen 127.0.0.1:{{port}}; \
                         location / { return 200 \"in {{dir}}\"; } } }";
    let mut nginx = Nginx::start(configuration).expect("nginx");
    let port = nginx.port();
    assert!(http(port, "GET", "/", "").1.starts_with("in /"));
    nginx.kill().expect("a kill");
    assert!(!listens(port));
    nginx.restart().expect("a restart");
    assert_eq!(nginx.url(), format!("http://127.0.0.1:{port}"));
    assert_eq!(http(port, "GET", "/", "").0, 200);
    let pid = nginx.pid().expect("it runs");
    drop(nginx);
    assert!(!listens(port) && !is_alive(pid));

    let error = Nginx::start("nonsense;").expect_err("an unknown directive").to_string();
    assert!(error.contains("unknown directive \"nonsense\""), "{error}");
}

#[test]
fn chromium_opens_a_page() {
    let mut driver = Chromedriver::start().expect("a WebDriver");
    let port: u16 = driver.url().rsplit(':').next().expect("a port").parse().expect("a number");
    let ask = |method: &str, path: &str, body: &Value| -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (_, body) = http(port, method, path, &body);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        body["value"].clone()
    };
    let wanted = json!({ "capabilities": { "alwaysMatch": driver.capabilities() } });
    let session = ask("POST", "/session", &wanted);
    let browser = session["capabilities"]["goog:processID"].as_u64().expect("a browser");
    let browser = u32::try_from(browser).expect("a process id");
    let session = format!("/session/{}", session["sessionId"].as_str().expect("a session"));
    ask("POST", &format!("{session}/url"), &json!({ "url": "data:text/html,<title>Hi</title>" }));
    assert_eq!(ask("GET", &format!("{session}/title"), &Value::Null), "Hi");
    assert!(is_alive(browser));
    // The session stays open, as after a failed test.
    driver.stop().expect("a stop");
    assert!(!listens(port) && !is_alive(browser));
}

/// Sends a byte and waits for it to come back.
fn echoes(mut stream: &TcpStream, patience: Duration) -> std::io::Result<()> {
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(b"x")?;
    stream.read_exact(&mut [0])
}

/// Starts a server that echoes what it receives. Returns its port.
fn start_echo_server() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    port
}

#[test]
fn a_proxy_blackholes_pauses_closes_and_redirects() {
    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(100);
    let proxy = Proxy::start(start_echo_server()).expect("a proxy");
    let connect = || TcpStream::connect(proxy.address()).expect("a connection");
    let old = connect();
    echoes(&old, LONG).expect("it flows");

    assert_eq!((proxy.blackhole_connections(), proxy.blackhole_connections()), (1, 0));
    let error = echoes(&old, SHORT).expect_err("blackholed, not closed");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let new = connect();
    echoes(&new, LONG).expect("it flows");
    assert_eq!((proxy.accepted(), proxy.connections()), (2, 1));

    proxy.pause();
    assert_eq!(echoes(&new, SHORT).expect_err("paused").kind(), ErrorKind::WouldBlock);
    proxy.resume();
    new.set_read_timeout(Some(LONG)).expect("a time limit");
    (&new).read_exact(&mut [0]).expect("delivered after the pause");

    proxy.redirect_to(test_servers::free_port().expect("a port"));
    echoes(&connect(), LONG).expect_err("nothing listens on the port");
    echoes(&new, LONG).expect("connected before");

    proxy.close_connections();
    echoes(&new, LONG).expect_err("closed");
    proxy.redirect_to(start_echo_server());
    let last = connect();
    echoes(&last, LONG).expect("it flows");
    let port = proxy.port();
    drop(proxy);
    echoes(&last, LONG).expect_err("closed");
    // The listening thread ends soon after.
    while listens(port) {
        thread::yield_now();
    }
}
