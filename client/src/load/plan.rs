use std::time::Duration;

use super::error::LoadError;
use super::report::Report;
use super::worker;

/// What to send, to whom, for how long.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option of the command")]
pub struct Load {
    /// The sign-in page: `http://127.0.0.1:8080/login`. The endpoints beside the link on
    /// it are the ones that are used, at this address whatever host the link names.
    pub url: String,
    /// So many sign-ins under way at a time; one stage of the run for each. Default: 8.
    pub in_flight: Vec<usize>,
    /// When a stage ends. Default: after 10 s.
    pub stop: Stop,
    /// Begin so many sign-ins a second, as long as there are slots; the latency counts from
    /// when one was due. Default: a slot begins the next when the last is done.
    pub rate: Option<f64>,
    /// Who signs in. Default: 1000 identities that the server knows.
    pub who: Who,
    /// A new connection for every request. Default: every slot keeps one.
    pub new_connections: bool,
    /// The client hands the session to the browser (`cps`). Default: the page waits.
    pub cps: bool,
    /// The browser collects the sign-in: it asks once whether somebody has signed in, and
    /// follows the address in the answer. Default: `true`. With `false` a sign-in ends with
    /// `ident`, which leaves out what the application does on its own route.
    pub collect: bool,
    /// Fetch the whole sign-in page, as a browser does. Default: only its link, from
    /// `nut.sqrl`.
    pub page: bool,
    /// Fetch the picture of the QR code, too.
    pub qr: bool,
    /// The client has another address than the browser (127.0.0.2) and says `noiptest`.
    pub noiptest: bool,
    /// Threads of this process that sign and send, each with its share of the slots.
    /// Default: 1.
    pub threads: usize,
    /// The processes of the server, for its processor time and memory. Default: none.
    pub server_pids: Vec<u32>,
    /// The server may be on another machine. Default: only this machine's own addresses
    /// are aimed at.
    pub this_server_is_mine: bool,
}

/// When a stage ends. Sign-ins under way are completed and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// After this time.
    After(Duration),
    /// After so many sign-ins.
    Logins(u64),
}

/// Who signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// So many identities that are made known before the measuring begins.
    Known(usize),
    /// Another one every time.
    New,
    /// Every time the identity of the last time, under a new key: `ident` with `pids` and
    /// `urs`.
    Rekeyed,
}

/// What is known while a stage runs.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Sign-ins under way at a time.
    pub in_flight: usize,
    /// Since the stage began.
    pub elapsed: Duration,
    /// Sign-ins done.
    pub logins: u64,
    /// Sign-ins that failed.
    pub failures: u64,
    /// What of the stage is done, 0 to 1.
    pub done: f64,
}

impl Load {
    /// The defaults, aimed at this sign-in page.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            in_flight: vec![8],
            stop: Stop::After(Duration::from_secs(10)),
            rate: None,
            who: Who::Known(1000),
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

    /// Runs all stages, on threads of its own; `watch` hears how it goes a few times a
    /// second.
    ///
    /// # Errors
    /// The address cannot be used, or the very first sign-in fails. What fails later is
    /// counted.
    pub fn run(&self, watch: impl FnMut(Progress)) -> Result<Report, LoadError> {
        worker::run(self, watch)
    }
}
