//! Requests that two servers could read in two ways. Reading them is hyper's: what it does is
//! written down here, so that a change of it is seen.

use crate::common::{Site, alice};

/// The statuses of all answers on one connection.
fn statuses(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect()
}

const CHUNKED: &str = "transfer-encoding: chunked\r\n";

#[tokio::test]
async fn a_body_has_one_length() {
    let site = Site::new().await;
    let chain = site.visit().await.chain(&alice());
    let body = chain.signed(&chain.params("query")).encode();
    let length = body.len();
    // Behind the body stands what somebody would like to be read as a request of its own.
    let second = "GET /signed-in HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let chunks = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    for (what, headers, sent, expected) in [
        ("one length", format!("content-length: {length}\r\n"), &body, &["200", "401"][..]),
        ("chunks", CHUNKED.to_owned(), &chunks, &["200", "401"]),
        // The chunks count, and nothing behind them is read.
        ("chunks and a length", format!("{CHUNKED}content-length: 3\r\n"), &chunks, &["200"]),
        (
            "two lengths",
            format!("content-length: {length}\r\ncontent-length: 5\r\n"),
            &body,
            &["400"],
        ),
        ("a list of lengths", format!("content-length: {length}, 5\r\n"), &body, &["400"]),
        ("a signed length", format!("content-length: +{length}\r\n"), &body, &["400"]),
        ("another coding", "transfer-encoding: gzip\r\n".to_owned(), &chunks, &["400"]),
        ("chunks not last", "transfer-encoding: chunked, gzip\r\n".to_owned(), &chunks, &["400"]),
        (
            "a space before the colon",
            format!("transfer-encoding : chunked\r\ncontent-length: {length}\r\n"),
            &body,
            &["400"],
        ),
        (
            "a folded line",
            format!("x: a\r\n content-length: 5\r\ncontent-length: {length}\r\n"),
            &body,
            &["400"],
        ),
    ] {
        let answers = site
            .raw(&format!(
                "POST /cli.sqrl?nut=x HTTP/1.1\r\nhost: a\r\n{headers}\r\n{sent}{second}"
            ))
            .await;
        assert_eq!(statuses(&answers), expected, "{what}: {answers}");
    }
}

/// Nothing of ours looks at `Host`, so a request without one, or with two, is as any other.
#[tokio::test]
async fn host_may_be_missing() {
    let site = Site::new().await;
    for host in ["", "host: a\r\nhost: b\r\n", "host: \r\n"] {
        let answer =
            site.raw(&format!("GET /nut.sqrl HTTP/1.1\r\n{host}connection: close\r\n\r\n")).await;
        assert_eq!(statuses(&answer), ["200"], "{host:?}: {answer}");
    }
}
