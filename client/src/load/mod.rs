//! Complete sign-ins by the thousands, over real connections, to measure a server with:
//! page or link, `query`, `ident`, the wait, the landing.
//!
//! A closed loop: every slot begins its next sign-in when the last is done, so latency is
//! to be read beside the load at which it was measured. On a machine that others share,
//! the processor time that the server took for a sign-in is the figure to trust.
//!
//! Keys are derived before the measuring begins, and no secret ever enters them: they are
//! worth nothing anywhere else.
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
//! println!("{}", report.to_text());
//! # Ok(())
//! # }
//! ```

mod connection;
mod error;
mod keys;
mod login;
mod measure;
mod picture;
mod plan;
mod process;
mod report;
mod target;
mod text;
mod worker;

pub use error::LoadError;
pub use picture::picture;
pub use plan::{Load, Progress, Stop, Who};
pub use process::ProcessTimes;
pub use report::{Latency, Memory, Report, Setting, StageReport};
