use std::net::SocketAddr;

/// Why a load does not run, or a sign-in of it failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Not something to aim at.
    #[error("{0} is not an http address; for https, aim at the server behind its proxy")]
    Address(String),
    /// Somebody else's server, as far as anybody can tell.
    #[error(
        "{0} is not on this machine: load only a server of your own, and say so with \
         `this-server-is-mine`"
    )]
    NotLoopback(SocketAddr),
    /// No connection, or it broke.
    #[error("no connection: {0}")]
    Connection(#[from] std::io::Error),
    /// The connection broke in the middle.
    #[error("the connection broke: {0}")]
    Http(#[from] hyper::Error),
    /// An answer with another status than the step takes.
    #[error("{step}: HTTP {status}")]
    Status {
        /// The step.
        step: &'static str,
        /// The status.
        status: u16,
    },
    /// An answer that the step cannot go on with.
    #[error("{step}: {reason}")]
    Answer {
        /// The step.
        step: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The processor time cannot be read.
    #[error("process {pid}: {source}")]
    Process {
        /// The process.
        pid: u32,
        /// What went wrong.
        source: std::io::Error,
    },
}
