//! The page is opened at another host than that of the public URL.

use crate::chromium::Chromium;
use crate::new_app;
use crate::process::Demo;

#[tokio::test]
async fn a_page_at_another_host_says_so_and_does_not_leave_it() {
    let demo = Demo::in_memory(&[]);
    let other = demo.url("/login").replace("127.0.0.1", "localhost");
    let browser = Chromium::start().await;
    browser.open(&other).await;
    browser.mark().await;
    browser.state("waiting").await;
    let at_once = browser.complaints().await;
    assert_eq!(at_once.len(), 1, "{at_once:?}");
    assert!(
        at_once[0].contains(&format!("the public URL is at {}.", demo.public_url)),
        "{at_once:?}"
    );

    new_app().sign_in(&browser.scan().await).await.expect("a sign-in");
    assert_eq!(browser.state("failed").await, "Something went wrong. Please try again.");
    assert!(browser.is_marked().await);
    let in_the_end = browser.complaints().await;
    assert_eq!(in_the_end.len(), 1, "{in_the_end:?}");
    assert!(in_the_end[0].contains("Open the page there"), "{in_the_end:?}");
    browser.close().await;
}
