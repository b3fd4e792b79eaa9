//! The same-device listener, spoken to as browsers and scripts do.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use http::StatusCode;
use support::Site;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower_sqrl_client::cps::{Event, Listener, Server};
use tower_sqrl_client::{Client, Error, Http, Identity, Link};

async fn listener() -> Server {
    let listener = Listener::bind_port(0).await.unwrap();
    listener.sign_in_with(Client::new(Identity::from_seed([1; 32])))
}

/// Sends a GET as it is and reads until the connection closes.
async fn raw(server: &Server, path: &str, header: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap().unwrap();
    answer
}

async fn jump(server: &Server, link: &Link) -> http::Response<bytes::Bytes> {
    let url = server.url_for(link);
    Http::default().get(&url, http::HeaderMap::new()).await.unwrap()
}

fn location(answer: &http::Response<bytes::Bytes>) -> Option<&str> {
    answer.headers().get("location")?.to_str().ok()
}

#[tokio::test]
async fn a_picture_for_the_probe() {
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
async fn scripts_get_nothing() {
    let mut server = listener().await;
    let origin = "Host: localhost\r\nOrigin: https://example.com\r\n";
    for header in [origin, "Host: localhost\r\nOrigin: null\r\n", "Host: evil.example\r\n"] {
        assert_eq!(raw(&server, "/1.gif", header).await, b"", "{header}");
        assert_eq!(server.next().await, Some(Event::Dropped));
    }
}

#[tokio::test]
async fn what_is_no_link() {
    let server = listener().await;
    for path in ["/", "/favicon.ico", "/!", "/aHR0cHM6Ly9leGFtcGxlLmNvbS8"] {
        let answer = raw(&server, path, "Host: 127.0.0.1:1\r\n").await;
        assert!(answer.starts_with(b"HTTP/1.1 404"), "{path}");
    }
}

#[tokio::test]
async fn a_browser_goes_on_to_its_session() {
    let site = Site::new(&["5", "5 url=https://example.com/cps?1"]).await;
    let mut server = listener().await;
    let answer = jump(&server, &site.link()).await;
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(location(&answer), Some("https://example.com/cps?1"));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(site.received()[1].get("opt"), Some("cps~suk"));
    assert_eq!(server.next().await, Some(Event::Began(site.link())));
    let signed_in = Event::SignedIn("https://example.com/cps?1".into());
    assert_eq!(server.next().await, Some(signed_in));
}

#[tokio::test]
async fn a_browser_goes_back_when_it_fails() {
    let server = listener().await;
    let site = Site::new(&["c0"]).await;
    let link = site.link().with_can("https://example.com/login").unwrap();
    let answer = jump(&server, &link).await;
    assert_eq!(location(&answer), Some("https://example.com/login"));

    // The site's last word on where to go, in either form.
    for can in ["/elsewhere", "L2Vsc2V3aGVyZQ"] {
        let site = Site::new(&[&format!("c0 can={can}")]).await;
        let link = site.link().with_can("https://example.com/login").unwrap();
        let answer = jump(&server, &link).await;
        let expected = site.page("/elsewhere");
        assert_eq!(location(&answer), Some(expected.as_str()));
    }

    let site = Site::new(&["c0"]).await;
    let answer = jump(&server, &site.link()).await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::OK, None));
    assert!(String::from_utf8_lossy(answer.body()).contains("back button"));
}

#[tokio::test]
async fn one_link_at_a_time_and_the_person_may_refuse() {
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
    let link: Link = "sqrl://h/?nut=n&can=aHR0cHM6Ly9oL2xvZ2lu".parse().unwrap();
    let jumps: Vec<_> = (0..2)
        .map(|_| {
            let (url, http) = (server.url_for(&link), Http::default());
            tokio::spawn(async move { http.get(&url, http::HeaderMap::new()).await.unwrap() })
        })
        .collect();
    // Both browsers are waiting before either may go on.
    for _ in 0..2 {
        assert_eq!(server.next().await, Some(Event::Began(link.clone())));
    }
    gate.add_permits(2);
    for jump in jumps {
        assert_eq!(location(&jump.await.unwrap()), Some("https://h/login"));
    }
    assert_eq!(most.load(SeqCst), 1);
}

#[tokio::test]
async fn it_stops_when_dropped() {
    let server = listener().await;
    let address = server.address();
    drop(server);
    // The task ends at its next turn; until then the port may still take a connection.
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), refused).await.unwrap();
}
