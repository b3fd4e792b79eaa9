//! The nginx configuration that people copy.

use std::collections::HashSet;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cluster::configuration;
use http::{HeaderMap, HeaderValue, StatusCode};
use tempfile::TempDir;
use test_servers::{Nginx, free_port};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tower_sqrl_client::Http;
use tower_sqrl_client::wire::{Reply, Tif};

use crate::site::{Site, until};
use crate::visit::{Visit, server};

/// A request of SQRL takes no longer, nginx included.
const MAX_TIME: Duration = Duration::from_secs(3);

fn http() -> Http {
    Http::builder().timeout(MAX_TIME).build()
}

async fn post(nginx: &Nginx, body: &[u8]) -> Reply {
    let url = format!("{}/cli.sqrl?nut=secretnut", nginx.url());
    let answer = http().post_form(&url, HeaderMap::new(), body.to_vec()).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let reply = Reply::parse(std::str::from_utf8(answer.body()).expect("text")).expect("a reply");
    assert!(reply.deviations().is_empty(), "{:?}", reply.deviations());
    reply
}

/// Returns the access log when it has this many lines. nginx writes it after its responses.
async fn access_log(nginx: &Nginx, lines: usize) -> String {
    until("the log's lines", async || {
        let log = std::fs::read_to_string(nginx.directory().join("sqrl_access.log"));
        log.ok().filter(|log| log.lines().count() >= lines)
    })
    .await
}

/// A server that sends no response. It forwards requests to the channel, and keeps the connection
/// or closes it.
async fn silent_server(keep: bool, requests: mpsc::UnboundedSender<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 4096];
            let mut request = String::new();
            while !request.contains("body") {
                let Ok(length @ 1..) = stream.read(&mut buffer).await else { break };
                request += &String::from_utf8_lossy(&buffer[..length]);
            }
            let _ = requests.send(request);
            if keep {
                kept.push(stream);
            }
        }
    });
    port
}

#[test]
fn nginx_accepts_the_configuration() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().display().to_string();
    let text = configuration(&[8081, 8082]);
    let text = text.replace("{{port}}", &free_port().expect("a port").to_string());
    let file = directory.path().join("nginx.conf");
    std::fs::write(&file, text.replace("{{dir}}", &path)).expect("a file");
    let program = ["/usr/sbin/nginx", "nginx"]
        .into_iter()
        .find(|p| Command::new(p).arg("-v").output().is_ok());
    let output = Command::new(program.expect("nginx"))
        .args(["-t", "-e", "stderr", "-g", "pid nginx.pid;", "-p", &path, "-c"])
        .arg(&file)
        .output()
        .expect("nginx runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(!stderr.contains("[warn]"), "{stderr}");
}

#[tokio::test]
async fn without_servers_clients_get_complete_replies_and_logs_have_no_secrets() {
    let dead = [free_port().expect("a port"), free_port().expect("a port")];
    let nginx = Nginx::start(&configuration(&dead)).expect("nginx");
    assert_eq!(post(&nginx, b"client=a").await.tif, Tif(0x60));
    assert_eq!(post(&nginx, &vec![b'a'; 20_000]).await.tif, Tif(0xc0));
    for (path, status) in [("cps.sqrl?secretcps", 502), ("pag.sqrl?nut=secretnut", 502)] {
        let url = format!("{}/{path}", nginx.url());
        let mut headers = HeaderMap::new();
        headers.insert("referer", HeaderValue::from_static("http://a/cps.sqrl?secretreferrer"));
        let answer = http().get(&url, headers).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status);
    }
    let access = access_log(&nginx, 4).await;
    let errors = std::fs::read_to_string(nginx.directory().join("sqrl_error.log")).expect("a log");
    assert!(access.contains("\"POST /cli.sqrl\" 200 "), "{access}");
    assert!(access.contains("\"GET /cps.sqrl\" 502 "), "{access}");
    for log in [access, errors, nginx.log()] {
        assert!(!log.contains("secret"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_has_reached_a_server_is_not_repeated() {
    let (sender, mut requests) = mpsc::unbounded_channel();
    for keep in [false, true] {
        let ports =
            [silent_server(keep, sender.clone()).await, silent_server(keep, sender.clone()).await];
        let nginx = Nginx::start(&configuration(&ports)).expect("nginx");
        assert_eq!(post(&nginx, b"the body").await.tif, Tif(0x60));
        requests.recv().await.expect("the request");
        assert!(requests.try_recv().is_err(), "it was sent again");
    }
    // A server that does not listen has not been reached.
    let listening = silent_server(false, sender).await;
    let nginx =
        Nginx::start(&configuration(&[free_port().expect("a port"), listening])).expect("nginx");
    assert_eq!(post(&nginx, b"the body").await.tif, Tif(0x60));
    requests.recv().await.expect("the request");
    let log = access_log(&nginx, 1).await;
    assert!(log.contains(&format!(", 127.0.0.1:{listening} ")), "{log}");
}

/// A server that answers only `/slow`, after a notification.
async fn slow_server(respond: Arc<Notify>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let respond = Arc::clone(&respond);
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let length = stream.read(&mut head).await.unwrap_or_default();
                if !head[..length].starts_with(b"GET /slow ") {
                    return std::future::pending().await;
                }
                respond.notified().await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn sqrls_paths_have_a_time_limit_and_the_applications_pages_have_none() {
    let respond = Arc::new(Notify::new());
    let nginx = Nginx::start(&configuration(&[slow_server(Arc::clone(&respond)).await]));
    let nginx = nginx.expect("nginx");
    let ask = async |path: &str| {
        let url = format!("{}{path}", nginx.url());
        let http = Http::builder().timeout(Duration::from_secs(30)).build();
        http.get(&url, HeaderMap::new()).await.expect("an answer").status().as_u16()
    };
    // The page is requested first, so it waits longer than the limit.
    let limits = async {
        let reached = tokio::join!(ask("/pag.sqrl?nut=a"), ask("/auth/pag.sqrl?nut=a"));
        assert_eq!(reached, (504, 504));
        respond.notify_one();
    };
    assert_eq!(tokio::join!(ask("/slow"), limits).0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_replaces_forwarding_headers_of_the_client() {
    let (sender, mut requests) = mpsc::unbounded_channel();
    let nginx = Nginx::start(&configuration(&[silent_server(false, sender).await])).expect("nginx");
    let url = format!("{}/cli.sqrl?nut=a", nginx.url());
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_static("198.51.100.7"));
    headers.insert("x-forwarded-proto", HeaderValue::from_static("gopher"));
    http().post_form(&url, headers, &b"the body"[..]).await.expect("an answer");
    let request = requests.recv().await.expect("the request");
    assert!(request.contains("\r\nX-Forwarded-For: 127.0.0.1\r\n"), "{request}");
    assert!(request.contains("\r\nX-Forwarded-Proto: http\r\n"), "{request}");
    assert!(!request.contains("198.51.100.7") && !request.contains("gopher"), "{request}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_reach_all_servers_and_events_are_not_buffered() {
    let site = Site::shared();
    let mut servers = HashSet::new();
    let visit = Visit::begin(&site.url, Http::default()).await;
    for _ in 0..8 {
        let page = visit.browser.open(&format!("{}/", site.url)).await.expect("a page");
        servers.insert(server(&page.headers));
    }
    assert!(servers.len() > 1, "{servers:?}");

    let address = site.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let cookie = visit.browser.cookies().iter().next().expect("a cookie").clone();
    let nut = visit.sqrl_url.nut();
    let request = format!(
        "GET /evt.sqrl?nut={nut} HTTP/1.1\r\nhost: {address}\r\ncookie: {}={}\r\n\r\n",
        cookie.name, cookie.value
    );
    stream.write_all(request.as_bytes()).await.expect("a connection");
    let mut received = String::new();
    // The stream has not ended, so nginx has not buffered what arrived.
    while !received.contains("retry:") {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).await.expect("a connection");
        assert_ne!(length, 0, "{received}");
        received += &String::from_utf8_lossy(&buffer[..length]);
    }
    assert!(received.contains("text/event-stream"), "{received}");
}
