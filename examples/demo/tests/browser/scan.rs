//! Another device scans the code that the page shows.

use serde_json::Value;

use crate::chromium::Chromium;
use crate::traffic::{answers, asks};
use crate::{demo, somebody};

fn is_outcome(event: &Value) -> bool {
    event["method"] == "Network.eventSourceMessageReceived"
        && event["params"]["eventName"] == "outcome"
}

#[tokio::test]
async fn events_sign_the_page_in() {
    // The event makes the page look; the end of the stream, which follows, would after a
    // second. A machine that is busy for so long gets another chance.
    let mut pauses = Vec::new();
    while pauses.len() < 3 && pauses.last().is_none_or(|&pause| pause >= 0.9) {
        pauses.push(pause_between_event_and_look().await);
    }
    assert!(pauses.last() < Some(&0.9), "{pauses:?} s from the event to the look");
}

/// Signs in by events; the seconds from the event to the look.
async fn pause_between_event_and_look() -> f64 {
    let (demo, _directory) = demo(&[]);
    let mut browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    assert_eq!(browser.state("waiting").await, "Waiting for your SQRL app.");
    let link = browser.scan().await;
    assert_eq!(link.can(), None, "another device has nowhere to return to");
    browser.listens().await;

    somebody().sign_in(&link).await.expect("a sign-in");
    let account = browser.arrives_at_account(&demo).await;
    assert!(account.starts_with("account-"), "{account}");

    let traffic = browser.traffic().await;
    let told = traffic.iter().position(is_outcome).expect("an event");
    let look = traffic[told..].iter().find(|event| asks(event, "/pag.sqrl")).expect("a look");
    let seconds = |event: &Value| event["params"]["timestamp"].as_f64().expect("a time");
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
    seconds(look) - seconds(&traffic[told])
}

#[tokio::test]
async fn polling_signs_the_page_in_where_events_are_blocked() {
    let (demo, _directory) = demo(&[]);
    let mut browser = Chromium::start().await;
    browser.block("*/evt.sqrl*").await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    somebody().sign_in(&browser.scan().await).await.expect("a sign-in");
    browser.arrives_at_account(&demo).await;

    let traffic = browser.traffic().await;
    assert!(traffic.iter().any(|event| asks(event, "/evt.sqrl")), "it tried");
    assert!(!traffic.iter().any(|event| answers(event, "/evt.sqrl", 200)), "in vain");
    assert!(traffic.iter().any(|event| answers(event, "/pag.sqrl", 200)));
    browser.close().await;
}

#[tokio::test]
async fn two_tabs_with_two_links_do_not_disturb_each_other() {
    let (demo, _directory) = demo(&[]);
    let browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    let first = browser.scan().await;
    browser.open_in_new_tab(&demo.url("/login")).await;
    let second = browser.scan().await;
    assert_ne!(first.nut(), second.nut());

    somebody().sign_in(&second).await.expect("a sign-in");
    let account = browser.arrives_at_account(&demo).await;
    browser.go_to_tab(0).await;
    assert_eq!(browser.url().await, demo.url("/login"));
    browser.state("waiting").await;

    // Somebody else by the other link, in the same browser: who comes last is signed in.
    somebody().sign_in(&first).await.expect("a sign-in");
    assert_ne!(browser.arrives_at_account(&demo).await, account);
    browser.close().await;
}
