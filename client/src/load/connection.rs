//! An HTTP/1.1 connection of a slot, and the requests on it.

use std::net::{IpAddr, SocketAddr};

use ::http::header::{CONNECTION, COOKIE, HOST};
use ::http::{HeaderValue, Method, Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;

use super::error::LoadError;

/// Returns a GET request for a path.
pub(super) fn get(
    path: &str,
    cookie: Option<&HeaderValue>,
) -> Result<Request<Full<Bytes>>, LoadError> {
    let mut request = request(Method::GET, path, Bytes::new())?;
    if let Some(cookie) = cookie {
        request.headers_mut().insert(COOKIE, cookie.clone());
    }
    Ok(request)
}

/// Returns a request for a path.
pub(super) fn request(
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, LoadError> {
    let request = Request::builder().method(method).uri(path).body(Full::new(body));
    request.map_err(|_| LoadError::InvalidUrl(path.to_owned()))
}

pub(super) struct Connection {
    to: SocketAddr,
    host: HeaderValue,
    /// The local address. `None`: the system chooses.
    from: Option<IpAddr>,
    /// Whether the connection is kept for the next request.
    keep: bool,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(super) fn new(to: SocketAddr, host: HeaderValue, from: Option<IpAddr>, keep: bool) -> Self {
        Self { to, host, from, keep, sender: None }
    }

    /// Sends a request and reads the complete response.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, LoadError> {
        request.headers_mut().insert(HOST, self.host.clone());
        if !self.keep {
            // The server closes the connection, so that this side does not run out of ports.
            request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        if self.keep {
            self.sender = Some(sender);
        }
        Ok(Response::from_parts(head, body))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, LoadError> {
        let socket = if self.to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_nodelay(true)?;
        if let Some(from) = self.from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        let stream = socket.connect(self.to).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // The next request reports an error of the connection.
        tokio::spawn(connection);
        Ok(sender)
    }
}
