//! Errors of a load and of its sign-ins.

use std::net::SocketAddr;

/// Reasons why a load cannot run, or why one of its sign-ins failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The URL is not an http URL.
    #[error("{0} is not an http URL; to load an https site, use the address behind its proxy")]
    InvalidUrl(String),
    /// The server is on another machine.
    #[error(
        "{0} is not on this machine; load only your own servers, and confirm that this is one \
         with `this-server-is-mine`"
    )]
    NotLoopback(SocketAddr),
    /// The connection cannot be established.
    #[error("cannot connect: {0}")]
    Connection(#[from] std::io::Error),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Http(#[from] hyper::Error),
    /// The status of a response is unexpected.
    #[error("{step}: HTTP {status}")]
    Status {
        /// The step of the sign-in.
        step: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// A response is unusable.
    #[error("{step}: {reason}")]
    Response {
        /// The step of the sign-in.
        step: &'static str,
        /// What is wrong with the response.
        reason: String,
    },
    /// The processor time and the memory of a process cannot be read.
    #[error("cannot read the processor time of process {pid}: {source}")]
    Process {
        /// The process.
        pid: u32,
        /// The error of the system.
        source: std::io::Error,
    },
}
