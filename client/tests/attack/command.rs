//! The command `sqrl attack`.
#![cfg(feature = "cli")]

use std::process::Output;

use tokio::process::Command;

use crate::vulnerable_server::Vulnerability::{NoCps, SkipsServer};
use crate::vulnerable_site;

async fn sqrl(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sqrl"));
    command.arg("attack").args(arguments).output().await.expect("sqrl runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[tokio::test]
async fn the_exit_code_is_the_result() {
    let page = vulnerable_site::start(&[]).await;
    let output = sqrl(&[&page, "--steps"]).await;
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("\n4b   refused    consuming another user's nut: "), "{text}");
    assert!(
        text.contains("a wrongly signed request before the victim's query: tif c0\n"),
        "{text}"
    );
    assert!(text.contains("tests/it/attacks/nuts.rs::attack_08_"), "{text}");

    let page = vulnerable_site::start(&[SkipsServer, NoCps]).await;
    let output = sqrl(&[&page, "--json"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let finding = |number: &str| {
        let findings = report["findings"].as_array().expect("findings");
        let found = findings.iter().find(|finding| finding["number"] == number);
        found.expect("a finding").clone()
    };
    assert_eq!(finding("7a")["verdict"], "worked");
    assert_eq!(finding("13a")["verdict"], "could_not_try");
    assert_eq!(finding("13a")["why"], "the site returns no CPS URL");
    assert_eq!(finding("1b")["verdict"], "refused");

    let page = vulnerable_site::start(&[NoCps]).await;
    let output = sqrl(&[&page]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        stdout(&output).contains("5d   not tried  a CPS URL used twice: the site"),
        "{output:?}"
    );
}

#[tokio::test]
async fn other_machines_are_rejected() {
    let output = sqrl(&["http://192.0.2.1/login"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("192.0.2.1:80 is not on this machine"), "{message}");
    assert!(output.stdout.is_empty());
}
