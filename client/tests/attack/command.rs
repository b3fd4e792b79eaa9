//! The command `sqrl attack`.
#![cfg(feature = "cli")]

use std::process::Output;

use tokio::process::Command;

use crate::naive::Hole::{HasNoCps, SkipsServer};
use crate::naive_site;

async fn sqrl(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sqrl"));
    command.arg("attack").args(arguments).output().await.expect("sqrl runs")
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[tokio::test]
async fn it_ends_with_what_has_come_of_it() {
    let page = naive_site::start(&[]).await;
    let output = sqrl(&[&page, "--steps"]).await;
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("\n4b   refused    burning somebody's nut: "), "{text}");
    assert!(text.contains("a wrongly signed request before her query: tif c0\n"), "{text}");
    assert!(text.contains("tests/it/attacks/nuts.rs::attack_08_"), "{text}");

    let page = naive_site::start(&[SkipsServer, HasNoCps]).await;
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
    assert_eq!(finding("13a")["why"], "the site hands out no CPS URL");
    assert_eq!(finding("1b")["verdict"], "refused");

    let page = naive_site::start(&[HasNoCps]).await;
    let output = sqrl(&[&page]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(said(&output).contains("5d   not tried  a CPS URL used twice: the site"), "{output:?}");
}

#[tokio::test]
async fn it_aims_at_servers_of_ones_own_only() {
    let output = sqrl(&["http://192.0.2.1/login"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("192.0.2.1:80 is not on this machine"), "{complaint}");
    assert!(output.stdout.is_empty());
}
