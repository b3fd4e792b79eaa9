//! Attacks that have worked on other SQRL servers, to try over HTTP on your own server.
//!
//! Every attack creates its own users. Afterwards it checks what the attacker has gained: where
//! the attacker's browser is signed in, what state the victim's identity is in, and whether the
//! victim's sign-in succeeds. An honest sign-in must succeed first, because a server that
//! refuses everybody would refuse attacks too.
//!
//! | | Attack |
//! |---|---|
//! | 1 | commands for an identity without its key |
//! | 2 | rekey, enable and remove without the rescue code |
//! | 3 | a rekey of a disabled identity, or with a superseded one |
//! | 4 | collecting, destroying or ending a sign-in with its QR code |
//! | 5 | replays |
//! | 6 | invented and used nuts |
//! | 7 | another `server` than the server has sent |
//! | 10 | a `can` of another site |
//! | 11 | a body of 2 MB |
//! | 12 | keys for which anybody can sign |
//! | 13 | signing a user in to the attacker's account |
//! | 14 | linking the attacker's identity to the victim's account |
//! | 15 | a page of another site that uses up the limits of its visitor |
//! | 16 | one address that harms other users |
//!
//! 8, 9, 17 and parts of 10, 11 and 16 need clocks, several servers, or access to the server.
//! [`Report::not_over_http`] names the tests of tower-sqrl that try them.
//!
//! The site must have a sign-in page with a SQRL URL, answer polls at `pag.sqrl` beside the path
//! of that URL, and show on its pages who is signed in. An attack that needs something else
//! which the site lacks is reported as [`Verdict::CouldNotTry`].
//!
//! **After a run**, the site has some dozens of accounts, if it creates one for each sign-in,
//! and up to 1,300 superseded keys (16b). The attacks remove their identities from the site.
//! [`Report::left_behind`] is the number of those that could not be removed.
//!
//! **Rate limits**: on Linux over IPv4, each attack uses its own loopback address, such as
//! `127.0.0.7`. With a single address (IPv6, or another machine), attacks 15a and 16 can leave
//! it limited for a minute. They run last, and the run waits.
//!
//! ```no_run
//! use tower_sqrl_client::attack::Attack;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let report = Attack::new("http://127.0.0.1:8080/login").run(|_| {}).await?;
//! assert!(report.all_refused(), "{}", report.to_json());
//! # Ok(())
//! # }
//! ```

mod baseline;
mod cps;
mod error;
mod flood;
mod impersonation;
mod linking;
mod not_over_http;
mod nuts;
mod other_site;
mod qr_code;
mod raw_client;
mod replay;
mod report;
mod rescue_code;
mod run;
mod server_field;
mod site;
mod trial;
mod weak_keys;

pub use error::AttackError;
pub use not_over_http::NOT_OVER_HTTP;
pub use report::{Finding, NotOverHttp, Report, Verdict};
pub use run::Attack;
