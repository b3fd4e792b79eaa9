//! The listener, with requests of browsers and of scripts.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use http::StatusCode;
use support::Site;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower_sqrl_client::cps::{Event, Listener, Server};
use tower_sqrl_client::{Client, Error, Http, Identity, SqrlUrl, base64url};

async fn listener() -> Server {
    let listener = Listener::bind_port(0).await.unwrap();
    listener.sign_in_with(Client::new(Identity::from_seed([1; 32])))
}

/// Sends a GET request and reads until the connection closes.
async fn raw(server: &Server, path: &str, header: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap().unwrap();
    answer
}

async fn jump(server: &Server, sqrl_url: &SqrlUrl) -> http::Response<bytes::Bytes> {
    let url = server.url_for(sqrl_url);
    Http::default().get(&url, http::HeaderMap::new()).await.unwrap()
}

fn location(answer: &http::Response<bytes::Bytes>) -> Option<&str> {
    answer.headers().get("location")?.to_str().ok()
}

#[tokio::test]
async fn a_probe_receives_an_image() {
    let mut server = listener().await;
    assert!(server.address().ip().is_loopback());
    let answer = raw(&server, "/1234.gif", "Host: localhost\r\n").await;
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: image/gif"));
    assert!(head.contains("cache-control: no-store"));
    let gif = &answer[end..];
    assert_eq!((&gif[..6], &gif[6..10]), (&b"GIF89a"[..], &[1, 0, 1, 0][..]));
    assert_eq!((gif.len(), gif.last()), (43, Some(&b';')));
    assert_eq!(server.next().await, Some(Event::Probed));
}

#[tokio::test]
async fn requests_of_scripts_are_dropped() {
    let mut server = listener().await;
    let origin = "Host: localhost\r\nOrigin: https://example.com\r\n";
    for header in [origin, "Host: localhost\r\nOrigin: null\r\n", "Host: evil.example\r\n"] {
        assert_eq!(raw(&server, "/1.gif", header).await, b"", "{header}");
        assert_eq!(server.next().await, Some(Event::Dropped));
    }
}

#[tokio::test]
async fn paths_without_a_sqrl_url_are_not_found() {
    let server = listener().await;
    for path in ["/", "/favicon.ico", "/!", "/aHR0cHM6Ly9leGFtcGxlLmNvbS8"] {
        let answer = raw(&server, path, "Host: 127.0.0.1:1\r\n").await;
        assert!(answer.starts_with(b"HTTP/1.1 404"), "{path}");
    }
}

#[tokio::test]
async fn a_browser_is_redirected_to_its_session() {
    let site = Site::new(&["5", "5 url=https://example.com/cps?1"]).await;
    let mut server = listener().await;
    let answer = jump(&server, &site.sqrl_url()).await;
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(location(&answer), Some("https://example.com/cps?1"));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(site.received()[1].get("opt"), Some("cps~suk"));
    assert_eq!(server.next().await, Some(Event::Started(site.sqrl_url())));
    let signed_in = Event::SignedIn("https://example.com/cps?1".into());
    assert_eq!(server.next().await, Some(signed_in));
}

#[tokio::test]
async fn a_browser_returns_to_can_after_a_failure() {
    let server = listener().await;
    let site = Site::new(&["c0"]).await;
    let login = site.page("/login");
    let url = site.sqrl_url().with_can(&login).unwrap();
    let answer = jump(&server, &url).await;
    assert_eq!(location(&answer), Some(login.as_str()));

    // The `can` of the reply replaces it, as a path or as base64url.
    for can in ["/elsewhere", "L2Vsc2V3aGVyZQ"] {
        let site = Site::new(&[&format!("c0 can={can}")]).await;
        let url = site.sqrl_url().with_can(&site.page("/login")).unwrap();
        let answer = jump(&server, &url).await;
        let expected = site.page("/elsewhere");
        assert_eq!(location(&answer), Some(expected.as_str()));
    }

    let site = Site::new(&["c0"]).await;
    let answer = jump(&server, &site.sqrl_url()).await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::OK, None));
    assert!(String::from_utf8_lossy(answer.body()).contains("back button"));
}

#[tokio::test]
async fn can_of_another_site_is_ignored() {
    let server = listener().await;
    let elsewhere =
        ["https://evil.example/", "//evil.example/", "/\\evil.example/", "http://127.0.0.1:1/"];
    for can in elsewhere.into_iter().flat_map(|can| [can.to_owned(), base64url::encode(can)]) {
        let site = Site::new(&[&format!("c0 can={can}")]).await;
        let answer = jump(&server, &site.sqrl_url()).await;
        assert_eq!((answer.status(), location(&answer)), (StatusCode::OK, None), "{can}");
    }
    for can in elsewhere.map(base64url::encode) {
        let site = Site::new(&["c0"]).await;
        let url = base64url::encode(format!("{}&can={can}", site.sqrl_url()));
        let answer = raw(&server, &format!("/{url}"), "Host: localhost\r\n").await;
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        assert!(!answer.contains("\r\nlocation:"), "{answer}");
    }
}

/// Returns the headers of a browser: mode, destination, and others.
fn metadata(mode: &str, dest: &str, more: &str) -> String {
    format!(
        "Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: {mode}\r\n\
         Sec-Fetch-Dest: {dest}\r\n{more}"
    )
}

#[tokio::test]
async fn only_a_tab_starts_a_sign_in() {
    let site = Site::new(&["c0"]).await;
    let mut server = listener().await;
    let url = server.url_for(&site.sqrl_url());
    let path = &url[url.rfind('/').unwrap()..];
    for header in [
        metadata("no-cors", "image", ""),
        metadata("navigate", "iframe", ""),
        metadata("navigate", "object", ""),
        metadata("cors", "empty", ""),
        metadata("no-cors", "script", ""),
        metadata("navigate", "document", "Sec-Purpose: prefetch\r\n"),
        metadata("navigate", "document", "Sec-Purpose: prefetch;prerender\r\n"),
        "Host: localhost\r\nPurpose: prefetch\r\n".to_owned(),
        "Host: localhost\r\nSec-Fetch-Site: none\r\n".to_owned(),
        "Host: localhost\r\nSec-Fetch-Dest: document\r\n".to_owned(),
    ] {
        let answer = raw(&server, path, &header).await;
        assert!(answer.starts_with(b"HTTP/1.1 403"), "{header}");
        assert_eq!(server.next().await, Some(Event::NotNavigation(site.sqrl_url())), "{header}");
        // A probe is an image and is allowed.
        assert!(raw(&server, "/1.gif", &header).await.starts_with(b"HTTP/1.1 200"), "{header}");
        assert_eq!(server.next().await, Some(Event::Probed));
    }
    assert!(site.received().is_empty());

    raw(&server, path, &metadata("navigate", "document", "Sec-Fetch-User: ?1\r\n")).await;
    assert_eq!(server.next().await, Some(Event::Started(site.sqrl_url())));
    assert_eq!(site.received().len(), 1);
}

#[tokio::test]
async fn at_most_eight_sign_ins_wait() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    let calls = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let (counted, door) = (Arc::clone(&calls), Arc::clone(&gate));
    let handler = move |_| {
        counted.fetch_add(1, SeqCst);
        let door = Arc::clone(&door);
        async move {
            door.acquire().await.unwrap().forget();
            Err(Error::Cancelled)
        }
    };
    let mut server = Listener::bind_port(0).await.unwrap().serve(handler);
    let url: SqrlUrl = "sqrl://h/?nut=n".parse().unwrap();
    let path = server.url_for(&url);
    let path = &path[path.rfind('/').unwrap()..];
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let address = server.address();
    let ask = || async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    };
    let mut waiting = Vec::new();
    for _ in 0..8 {
        waiting.push(ask().await);
        assert_eq!(server.next().await, Some(Event::Started(url.clone())));
    }
    let refused = jump(&server, &url).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.next().await, Some(Event::TooMany(url.clone())));

    // A browser that disconnects before its turn makes room.
    drop(waiting.pop());
    let next = async {
        loop {
            waiting.push(ask().await);
            match server.next().await {
                Some(Event::Started(_)) => break,
                Some(Event::TooMany(_)) => drop(waiting.pop()),
                other => panic!("{other:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), next).await.unwrap();
    gate.add_permits(8);
    for mut stream in waiting {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(calls.load(SeqCst), 8, "a browser that has disconnected is not signed in");
}

#[tokio::test]
async fn connections_are_limited_in_number_and_time() {
    let server = listener().await;
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(TcpStream::connect(server.address()).await.unwrap());
    }
    // The connection may be closed or reset.
    let closed = async |mut stream: TcpStream| {
        let mut rest = Vec::new();
        let reading = stream.read_to_end(&mut rest);
        let _ = tokio::time::timeout(Duration::from_secs(20), reading).await.expect("closed");
    };
    let begun = Instant::now();
    closed(TcpStream::connect(server.address()).await.unwrap()).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "closed at once, not after a timeout");
    // Connections without a request are closed, and make room.
    for stream in open {
        closed(stream).await;
    }
    let answer = raw(&server, "/1.gif", "Host: localhost\r\n").await;
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn sign_ins_run_one_at_a_time_and_can_be_refused() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let (seen, door) = (Arc::clone(&most), Arc::clone(&gate));
    let handler = move |_| {
        let (busy, seen, door) = (Arc::clone(&busy), Arc::clone(&seen), Arc::clone(&door));
        async move {
            seen.fetch_max(busy.fetch_add(1, SeqCst) + 1, SeqCst);
            door.acquire().await.unwrap().forget();
            busy.fetch_sub(1, SeqCst);
            Err(Error::Cancelled)
        }
    };
    let mut server = Listener::bind_port(0).await.unwrap().serve(handler);
    let url: SqrlUrl = "sqrl://h/?nut=n&can=aHR0cHM6Ly9oL2xvZ2lu".parse().unwrap();
    let jumps: Vec<_> = (0..2)
        .map(|_| {
            let (jump, http) = (server.url_for(&url), Http::default());
            tokio::spawn(async move { http.get(&jump, http::HeaderMap::new()).await.unwrap() })
        })
        .collect();
    // Both browsers wait before either continues.
    for _ in 0..2 {
        assert_eq!(server.next().await, Some(Event::Started(url.clone())));
    }
    gate.add_permits(2);
    for jump in jumps {
        assert_eq!(location(&jump.await.unwrap()), Some("https://h/login"));
    }
    assert_eq!(most.load(SeqCst), 1);
}

#[tokio::test]
async fn the_listener_stops_when_dropped() {
    let server = listener().await;
    let address = server.address();
    drop(server);
    // The port may accept connections until the task has stopped.
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), refused).await.unwrap();
}
