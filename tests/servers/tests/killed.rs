//! A test process that is killed leaves no process and no file behind.
#![allow(missing_docs)]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use test_servers::{Chromedriver, Nginx, Postgres, Redis};

const HOLDER: &str = "TEST_SERVERS_HOLDER";

/// The process that the other test kills. Does nothing without the variable.
#[test]
fn hold_servers_until_killed() {
    if env::var_os(HOLDER).is_none() {
        return;
    }
    let redis = Redis::start().expect("Redis");
    let postgres = Postgres::start().expect("Postgres");
    let nginx = "events {} http { server { listen 127.0.0.1:{{port}}; } }";
    let nginx = Nginx::start(nginx).expect("nginx");
    let driver = Chromedriver::start().expect("a WebDriver");
    for pid in [redis.pid(), postgres.pid(), nginx.pid(), driver.pid()] {
        println!("pid {}", pid.expect("it runs"));
    }
    println!("ready");
    thread::park();
}

#[test]
fn nothing_survives_a_killed_test() {
    let mut holder = Command::new(env::current_exe().expect("a path"))
        .args(["--exact", "hold_servers_until_killed", "--nocapture"])
        .env(HOLDER, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .expect("another test process");
    let output = BufReader::new(holder.stdout.take().expect("a pipe"));
    let pids: Vec<u32> = output
        .lines()
        .map(|line| line.expect("a line"))
        .take_while(|line| line != "ready")
        .filter_map(|line| line.strip_prefix("pid ")?.parse().ok())
        .collect();
    assert_eq!(pids.len(), 4);
    // Each server works in the subdirectory `data` of its directory.
    let directories: Vec<PathBuf> = pids.iter().map(|pid| directory_of(*pid)).collect();
    assert!(directories.iter().all(|directory| directory.is_dir()));
    assert!(directories.iter().all(|directory| mentions(directory) > 0));

    // SIGKILL: no destructor runs.
    holder.kill().expect("a kill");
    holder.wait().expect("its end");

    let start = Instant::now();
    let left = || -> usize {
        directories.iter().map(|dir| mentions(dir) + usize::from(dir.exists())).sum()
    };
    while left() > 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "{} of {directories:?} left", left());
        thread::sleep(Duration::from_millis(10));
    }
}

fn directory_of(pid: u32) -> PathBuf {
    let data = fs::read_link(format!("/proc/{pid}/cwd")).expect("a working directory");
    data.parent().expect("a parent").to_owned()
}

/// The number of processes that work in the directory or have it in their command line.
fn mentions(directory: &Path) -> usize {
    let name = directory.as_os_str().as_encoded_bytes();
    fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|process| Some(process.ok()?.path()))
        .filter(|process| {
            let works_there =
                fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(directory));
            let line = fs::read(process.join("cmdline")).unwrap_or_default();
            works_there || line.windows(name.len()).any(|part| part == name)
        })
        .count()
}
