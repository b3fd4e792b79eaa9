//! SIGTERM.

use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::person::{Person, TIMEOUT};
use crate::process::Demo;

async fn connect(demo: &Demo) -> TcpStream {
    TcpStream::connect(&demo.address).await.expect("a connection")
}

/// Reads to the end of the header.
async fn header(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await.expect("a header"));
    }
    String::from_utf8(read).expect("text")
}

#[tokio::test]
async fn event_streams_end_and_requests_in_progress_finish() {
    let mut demo = Demo::in_memory(&[]);
    let ada = Person::new();
    ada.sign_in(&demo).await;

    // A page that waits for events.
    let login = ada.browser.open(&demo.url("/login")).await.expect("a page");
    let sqrl_url = login.sqrl_url().expect("a SQRL URL");
    let cookies = ada.browser.cookies();
    let cookies: Vec<_> = cookies.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
    let cookies = cookies.join("; ");
    let mut events = connect(&demo).await;
    let host = &demo.address;
    let ask = format!(
        "GET /evt.sqrl?nut={} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\r\n",
        sqrl_url.nut()
    );
    events.write_all(ask.as_bytes()).await.expect("sent");
    let answer = header(&mut events).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("text/event-stream"), "{answer}");

    // A request whose header the demo has read, as its answer to `Expect` shows.
    let mut form = connect(&demo).await;
    let body = "name=Ada";
    let head = format!(
        "POST /account/name HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\
         Origin: http://{host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    form.write_all(head.as_bytes()).await.expect("sent");
    assert!(header(&mut form).await.starts_with("HTTP/1.1 100 Continue\r\n"));

    demo.terminate();
    let mut rest = Vec::new();
    timeout(TIMEOUT, events.read_to_end(&mut rest)).await.expect("in time").expect("the end");
    let rest = String::from_utf8(rest).expect("text");
    assert!(rest.ends_with("0\r\n\r\n"), "a proper end: {rest:?}");
    assert!(!rest.contains("outcome"), "{rest:?}");

    // The rest of the form is sent while the demo stops.
    form.write_all(body.as_bytes()).await.expect("sent");
    let mut rest = String::new();
    timeout(TIMEOUT, form.read_to_string(&mut rest)).await.expect("in time").expect("the end");
    assert!(rest.starts_with("HTTP/1.1 303 See Other\r\n"), "{rest}");
    assert!(rest.contains("location: /account\r\n"), "{rest}");
    let (status, _) = demo.ended();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_stopped_demo_accepts_no_connections() {
    let demo = Demo::in_memory(&[]);
    let page = Person::new().browser.open(&demo.url("/")).await.expect("a page");
    assert_eq!(page.status, StatusCode::OK);
    let address = demo.address.clone();
    demo.stop();
    assert!(TcpStream::connect(&address).await.is_err());
}
