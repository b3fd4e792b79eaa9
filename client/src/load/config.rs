//! What a load does, and its progress.

use std::time::Duration;

/// The configuration of a load.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option of the command")]
pub struct Load {
    /// The sign-in page, such as `http://127.0.0.1:8080/login`. All requests go to its host
    /// and port, even if the page's SQRL URL names another host.
    pub url: String,
    /// The numbers of concurrent sign-ins. Each number is one stage. Default: 8.
    pub in_flight: Vec<usize>,
    /// When a stage ends. Default: after 10 s.
    pub stop: Stop,
    /// Sign-ins to start per second, if a slot is free. Latency counts from the planned start.
    /// Default: `None`, a slot starts its next sign-in when the last one is done.
    pub rate: Option<f64>,
    /// The identities that sign in. Default: 1000 that the server knows.
    pub sign_in_as: SignInAs,
    /// Whether every request uses a new connection. Default: `false`.
    pub new_connections: bool,
    /// Whether the client asks for a URL for the browser (`cps`). Default: `false`, the page
    /// polls.
    pub cps: bool,
    /// Whether the browser polls once and follows the redirect to the landing page. Default:
    /// `true`. With `false`, a sign-in ends with `ident`, and the application's own work is not
    /// measured.
    pub collect: bool,
    /// Whether to request the whole sign-in page, as a browser does. Default: `false`, only a
    /// SQRL URL from `nut.sqrl`.
    pub page: bool,
    /// Whether to request the image of the QR code too. Default: `false`.
    pub qr: bool,
    /// Whether the client uses another address than the browser (127.0.0.2) and sets
    /// `noiptest`. Default: `false`.
    pub noiptest: bool,
    /// Number of threads that sign and send. Each has its share of the slots. Default: 1.
    pub threads: usize,
    /// The processes of the server, to measure their processor time and memory. Default: none.
    pub server_pids: Vec<u32>,
    /// Confirms that the server is yours, if it is on another machine. Default: `false`, only
    /// loopback addresses are allowed.
    pub this_server_is_mine: bool,
}

/// When a stage ends. Sign-ins in progress are completed and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// After this time.
    After(Duration),
    /// After this number of sign-ins.
    Logins(u64),
}

/// The identities that sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInAs {
    /// This many identities, which are registered before the measurement.
    Known(usize),
    /// A new identity for every sign-in.
    New,
    /// The identity of the last sign-in under a new key: `ident` with `pids` and `urs`.
    Rekeyed,
}

/// The progress of a stage.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Number of concurrent sign-ins.
    pub in_flight: usize,
    /// Time since the stage started.
    pub elapsed: Duration,
    /// Number of completed sign-ins.
    pub logins: u64,
    /// Number of failed sign-ins.
    pub failures: u64,
    /// The completed part of the stage, from 0 to 1.
    pub done: f64,
}

impl Load {
    /// Returns the default configuration for a sign-in page.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            in_flight: vec![8],
            stop: Stop::After(Duration::from_secs(10)),
            rate: None,
            sign_in_as: SignInAs::Known(1000),
            new_connections: false,
            cps: false,
            collect: true,
            page: false,
            qr: false,
            noiptest: false,
            threads: 1,
            server_pids: Vec::new(),
            this_server_is_mine: false,
        }
    }
}
