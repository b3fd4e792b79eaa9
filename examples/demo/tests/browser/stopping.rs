//! SIGTERM while pages wait.

use crate::chromium::Chromium;
use crate::process::Demo;

#[tokio::test]
async fn the_demo_stops_by_itself_though_a_page_waits() {
    let mut demo = Demo::in_memory(&[]);
    let mut browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.listens().await;

    demo.terminate();
    let (status, _) = demo.ended();
    assert!(status.success(), "{status}");
    assert!(!demo.log().contains("some requests did not end in time"), "{}", demo.log());
    assert_eq!(browser.state("offline").await, "The connection is interrupted. Trying again …");
    browser.close().await;
}
