//! One HTTP/1.1 connection of a slot, kept or made anew for every request.

use std::net::{IpAddr, SocketAddr};

use ::http::header::{CONNECTION, HOST};
use ::http::{HeaderValue, Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;

use super::error::LoadError;

pub(super) struct Connection {
    pub(super) to: SocketAddr,
    pub(super) host: HeaderValue,
    /// The address to come from; the system's choice, if none.
    pub(super) from: Option<IpAddr>,
    /// Whether the connection is kept for the next request.
    pub(super) keep: bool,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(super) fn new(to: SocketAddr, host: HeaderValue, from: Option<IpAddr>, keep: bool) -> Self {
        Self { to, host, from, keep, sender: None }
    }

    /// Sends a request whose URI is a path, and reads the whole answer.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, LoadError> {
        request.headers_mut().insert(HOST, self.host.clone());
        if !self.keep {
            // The server closes, as it does for a browser that does not come back; so it
            // is not this side that runs out of ports.
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
        // Its end is seen where the next request is sent.
        tokio::spawn(connection);
        Ok(sender)
    }
}
