//! SIGTERM while pages wait.

use crate::chromium::Chromium;
use crate::demo;

#[tokio::test]
async fn a_page_that_waits_is_let_go_when_the_demo_stops() {
    let (mut demo, _directory) = demo(&[]);
    let mut browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.listens().await;

    demo.terminate();
    let (status, _) = demo.ended();
    assert!(status.success(), "{status}");
    let log = demo.log();
    assert!(!log.contains("did not end in time"), "its grace was over first: {log}");
    assert_eq!(browser.state("offline").await, "The connection is interrupted. Trying again …");
    browser.close().await;
}
