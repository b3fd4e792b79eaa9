//! Many complete sign-ins over real connections, to measure a server.
//!
//! A sign-in requests the page or a SQRL URL, sends `query` and `ident`, polls, and follows
//! the redirect to the landing page.
//!
//! A load is a closed loop: a slot starts its next sign-in when the last one is done. Read a
//! latency together with the rate at which it was measured. On a machine with other work, the
//! server's processor time per sign-in is the more reliable figure.
//!
//! Keys are derived before a measurement starts. They are random and belong to no real
//! identity.
//!
//! ```no_run
//! use std::time::Duration;
//! use tower_sqrl_client::load::{Load, Stop};
//!
//! # fn main() -> Result<(), tower_sqrl_client::load::LoadError> {
//! let mut load = Load::new("http://127.0.0.1:8080/login");
//! load.in_flight = vec![1, 8, 64];
//! load.stop = Stop::After(Duration::from_secs(5));
//! let report = load.run(|_| {})?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```

mod config;
mod connection;
mod error;
mod key_pool;
mod latency_chart;
mod login;
mod measurements;
mod process;
mod report;
mod run;
mod target;

pub use config::{Load, Progress, SignInAs, Stop};
pub use error::LoadError;
pub use latency_chart::latency_chart;
pub use process::ProcessUsage;
pub use report::{Latency, Memory, Report, Settings, StageReport};
