//! The attacks that have worked on other SQRL servers, tried over HTTP on one's own.
//!
//! Every attack begins with people of its own, made up on the spot, and ends by looking at
//! what the attacker has won: where his browser gets in, how the victim stands by her own
//! query, whether her sign-in goes on. Before all of them an honest sign-in has to work,
//! for the refusals of a server that refuses everybody say nothing.
//!
//! | | Attack |
//! |---|---|
//! | 1 | commands that their owner never signed |
//! | 2 | a rekey of somebody else's identity, or what takes its rescue code, without that |
//! | 3 | a rekey of a disabled identity, or from a superseded one |
//! | 4 | collecting, destroying or burning somebody's sign-in with what the QR code shows |
//! | 5 | replay |
//! | 6 | made-up and spent nuts |
//! | 7 | another `server` than what was sent |
//! | 10 | `can` of another site |
//! | 11 | a body of 2 MB |
//! | 12 | keys for which anybody can sign |
//! | 13 | signing somebody into the attacker's account |
//! | 14 | a stranger's identity linked with the victim's account, by her code |
//! | 15 | another site's page that uses up what its visitor's address may do |
//! | 16 | one address whose requests are other people's trouble |
//!
//! 8, 9, 17 and parts of 10, 11 and 16 take clocks, several servers, or a look inside;
//! [`Report::elsewhere`] names the tests of tower-sqrl that do them.
//!
//! Any server will do whose sign-in page has a link in it, whose waiting page asks
//! `pag.sqrl` beside that link's path, and whose pages show who is signed in. What a server
//! has not is reported as [`Verdict::CouldNotTry`].
//!
//! **What it leaves behind**: some dozens of accounts of made-up identities, if the site
//! makes an account of every sign-in, and up to 1,300 superseded keys (16b). The identities
//! themselves are removed at the end, with their rescue codes' keys; [`Report::left_behind`]
//! counts those for which that failed.
//!
//! **What it slows down**: each attack comes from a loopback address of its own on Linux over IPv4,
//! such as `127.0.0.7`. With one address alone (IPv6, or another machine), the attacks 15a and 16
//! can leave it slowed down for a minute: they come last, and the run waits.
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

mod cps;
mod elsewhere;
mod error;
mod eyes;
mod flood;
mod hand;
mod impersonation;
mod in_place;
mod linking;
mod nuts;
mod other_site;
mod photograph;
mod place;
mod rekey;
mod replay;
mod report;
mod run;
mod scene;
mod server_field;
mod weak_keys;

pub use elsewhere::ELSEWHERE;
pub use error::AttackError;
pub use report::{Elsewhere, Finding, Report, Verdict};
pub use run::Attack;
