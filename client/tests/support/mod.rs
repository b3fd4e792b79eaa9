//! A site with scripted replies that records requests. It tests the client alone; the tests of
//! tower-sqrl use this client with real servers.
#![allow(clippy::unwrap_used, dead_code)]

#[cfg(feature = "cli")]
pub(crate) mod command;
mod pages;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ed25519_dalek::{Signature, VerifyingKey};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower_sqrl_client::SqrlUrl;
use tower_sqrl_client::base64url::{decode, decode_array, encode};
use tower_sqrl_client::wire::{Form, List};

use pages::{page, respond};

/// A request that the site received.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) target: String,
    pub(crate) form: Form,
    pub(crate) client: List,
}

impl Received {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.client.get(name)
    }

    /// Returns whether a signature verifies with a public key in base64url.
    pub(crate) fn verifies(&self, name: &str, key: &str) -> bool {
        let message =
            format!("{}{}", self.form.get("client").unwrap(), self.form.get("server").unwrap());
        let Some(signature) = self.form.get(name) else {
            return false;
        };
        let signature = Signature::from_bytes(&decode_array(signature).unwrap());
        VerifyingKey::from_bytes(&decode_array(key).unwrap())
            .unwrap()
            .verify_strict(message.as_bytes(), &signature)
            .is_ok()
    }

    pub(crate) fn server(&self) -> String {
        String::from_utf8(decode(self.form.get("server").unwrap()).unwrap()).unwrap()
    }
}

/// The scripted site.
pub(crate) struct Site {
    /// `127.0.0.1:port`.
    pub(crate) host: String,
    received: Arc<Mutex<Vec<Received>>>,
    cookies: Arc<Mutex<Vec<(String, String)>>>,
}

impl Site {
    /// Starts a site that sends these replies in turn. A reply is a `tif`, and further lines such as
    /// `suk=…`, separated by spaces; nut and `qry` are added. After the last one, the site returns
    /// status 500 and no reply.
    pub(crate) async fn new(script: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let received = Arc::new(Mutex::new(Vec::new()));
        let script: VecDeque<_> = script.iter().map(|line| (*line).to_owned()).collect();
        let script = Arc::new(Mutex::new(script));
        let cookies = Arc::default();
        let (to, jar) = (Arc::clone(&received), Arc::clone(&cookies));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, to) = (Arc::clone(&script), Arc::clone(&to));
                let jar = Arc::clone(&jar);
                let service = service_fn(move |request| {
                    note_cookies(&request, &jar);
                    answer(request, Arc::clone(&script), Arc::clone(&to))
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { host, received, cookies }
    }

    pub(crate) fn sqrl_url(&self) -> SqrlUrl {
        format!("qrl://{}/cli.sqrl?nut=first", self.host).parse().unwrap()
    }

    pub(crate) fn page(&self, target: &str) -> String {
        format!("http://{}{target}", self.host)
    }

    /// Returns the path and the `Cookie` header of every request with cookies, in order.
    pub(crate) fn cookies(&self) -> Vec<(String, String)> {
        self.cookies.lock().unwrap().clone()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn note_cookies(request: &Request<Incoming>, jar: &Mutex<Vec<(String, String)>>) {
    for cookie in request.headers().get_all("cookie") {
        let path = request.uri().path().to_owned();
        jar.lock().unwrap().push((path, cookie.to_str().unwrap().to_owned()));
    }
}

/// Returns the text of the n-th reply (from 1) of a script.
pub(crate) fn reply_text(n: usize, line: &str) -> String {
    let mut parts = line.split(' ');
    let tif = parts.next().unwrap();
    let mut text = format!("ver=1\r\nnut=n{n}\r\ntif={tif}\r\nqry=/next?nut=n{n}\r\n");
    for more in parts {
        text.push_str(more);
        text.push_str("\r\n");
    }
    text
}

async fn answer(
    request: Request<Incoming>,
    script: Arc<Mutex<VecDeque<String>>>,
    received: Arc<Mutex<Vec<Received>>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let target = request.uri().path_and_query().unwrap().to_string();
    if request.method() == Method::GET {
        let done = script.lock().unwrap().is_empty();
        return Ok(page(&request, &target, done));
    }
    let host = request.headers()["host"].to_str().unwrap().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let form = Form::decode(std::str::from_utf8(&body).unwrap());
    let client = List::decode(form.get("client").unwrap()).unwrap();
    let n = {
        let mut received = received.lock().unwrap();
        received.push(Received { target, form, client });
        received.len()
    };
    if received.lock().unwrap().last().is_some_and(|last| last.target.starts_with("/page")) {
        return Ok(respond(200, &[], "<p>Not found".into()));
    }
    let line = script.lock().unwrap().pop_front();
    let line = line
        .map(|line| line.replace("URL", &format!("http://{host}/cps?1")).replace("HOST", &host));
    Ok(match line {
        // The status has no meaning in SQRL.
        Some(line) => respond(404, &[], encode(reply_text(n, &line))),
        None => respond(500, &[], String::new()),
    })
}
