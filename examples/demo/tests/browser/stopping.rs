//! SIGTERM while pages wait.

use std::time::{Duration, Instant};

use crate::chromium::Chromium;
use crate::demo;

/// A third of what requests under way are given.
const AT_ONCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_demo_stops_at_once_though_a_page_waits() {
    let (demo, _directory) = demo(&[]);
    let mut browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.listens().await;

    demo.terminate();
    let terminated = Instant::now();
    let (status, _) = demo.ended();
    let lasted = terminated.elapsed();
    assert!(status.success(), "{status}");
    assert!(lasted < AT_ONCE, "{lasted:?}");
    assert_eq!(browser.state("offline").await, "The connection is interrupted. Trying again …");
    browser.close().await;
}
