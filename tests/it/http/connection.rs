//! Requests that two servers could parse differently. hyper parses them. These tests record what it
//! does, so that a change is noticed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower_sqrl_client::wire::Reply;

use crate::common::{Site, alice};

/// The statuses of all responses on one connection.
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
    // After the body follows text that an attacker wants to be parsed as a second request.
    let second = "GET /signed-in HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let chunks = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    for (what, headers, sent, expected) in [
        ("one length", format!("content-length: {length}\r\n"), &body, &["200", "401"][..]),
        ("chunks", CHUNKED.to_owned(), &chunks, &["200", "401"]),
        // The chunks count, and nothing after them is read.
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

/// The layer ignores `Host`, so a request without one or with two is like any other.
#[tokio::test]
async fn host_may_be_missing() {
    let site = Site::new().await;
    for host in ["", "host: a\r\nhost: b\r\n", "host: \r\n"] {
        let answer =
            site.raw(&format!("GET /nut.sqrl HTTP/1.1\r\n{host}connection: close\r\n\r\n")).await;
        assert_eq!(statuses(&answer), ["200"], "{host:?}: {answer}");
    }
}

/// The head of a request to the client's endpoint with a body of this length.
fn long_post(octets: usize) -> String {
    format!("POST /cli.sqrl?nut=x HTTP/1.1\r\nhost: a\r\ncontent-length: {octets}\r\n\r\n")
}

/// Asserts that the reply is complete, that it is C0, and that the connection ends with it.
fn assert_complete(answer: &[u8], what: &str) {
    let answer = std::str::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect(what);
    assert!(head.starts_with("HTTP/1.1 200"), "{what}: {head}");
    assert!(head.contains("connection: close"), "{what}: {head}");
    let length = format!("content-length: {}", body.len());
    assert!(head.contains(&length), "{what}: {head}");
    assert_eq!(Reply::parse(body).expect(what).tif.to_string(), "c0", "{what}");
}

/// Many clients write their whole request before they read. A connection that the server closes
/// over unread octets is reset while they write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_writes_too_much_reads_the_reply() {
    let site = Site::new().await;
    let address = site.socket_url["http://".len()..].to_owned();
    let blocking = tokio::task::spawn_blocking(move || {
        for octets in [9_000, 100_000, 1_000_000, 1_000_000, 1_000_000] {
            let mut stream = TcpStream::connect(&address).expect("a connection");
            stream.write_all(long_post(octets).as_bytes()).expect("a connection");
            stream.write_all(&vec![b'a'; octets]).expect("it reads on");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).expect("no reset");
            assert_complete(&answer, &format!("{octets} octets"));
        }
    });
    blocking.await.expect("all replies");
    // Beyond the bound, a client receives the reply if it reads while it writes.
    for octets in [2_000_000, 100_000_000] {
        let (mut read, mut write) = site.connect().await.into_split();
        let writing = tokio::spawn(async move {
            write.write_all(long_post(octets).as_bytes()).await.expect("a connection");
            // The server stops reading at some point.
            let _ = write.write_all(&vec![b'a'; octets]).await;
        });
        let (mut answer, mut piece) = (Vec::new(), [0; 1024]);
        while !answer.windows(4).any(|four| four == b"\r\n\r\n") || !is_whole(&answer) {
            let octets = read.read(&mut piece).await.expect("no reset");
            assert_ne!(octets, 0, "a reply");
            answer.extend_from_slice(&piece[..octets]);
        }
        assert_complete(&answer, &format!("{octets} octets"));
        writing.abort();
    }
}

/// Returns whether the whole announced body has arrived.
fn is_whole(answer: &[u8]) -> bool {
    let answer = String::from_utf8_lossy(answer);
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next());
    length.is_some_and(|length| length == body.len().to_string())
}
