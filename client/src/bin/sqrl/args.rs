//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tower_sqrl_client::RescueCode;
use tower_sqrl_client::cps::PORT;
use tower_sqrl_client::wire::Options;

use crate::attack::AttackArgs;
use crate::load::LoadArgs;

/// A headless SQRL client: signs in without a phone. For tests and trying out, not a
/// wallet: whoever reads the identity file can sign in as you.
#[derive(Debug, Parser)]
#[command(name = "sqrl", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) action: Action,

    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// TARGET is a page with a SQRL link in it (<http://127.0.0.1:8080/login>), or the link.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Make a new identity file and show its rescue code, once
    New,
    /// Sign in: open the page, authenticate its link, wait, go where the page goes
    Login { target: String },
    /// Ask what the site knows about the identity; changes nothing
    Query { target: String },
    /// Let nobody sign in with this identity until it is enabled
    Disable { target: String },
    /// Undo `disable`; needs the rescue code
    Enable { target: String },
    /// Make the site forget the identity; needs the rescue code
    Remove { target: String },
    /// Replace the identity by a new one, which keeps the old one as its previous one,
    /// and sign in with it where a target is given; needs the rescue code
    Rekey { target: Option<String> },
    /// Serve browsers on this machine, which jump to <http://localhost:25519/>
    Listen {
        /// The port; browsers know only the default one
        #[arg(long, default_value_t = PORT)]
        port: u16,
        /// Sign in wherever a page wants it, without asking: for tests only
        #[arg(long)]
        yes: bool,
    },
    /// Measure a server of your own with many sign-ins; its page is the TARGET. No
    /// identity file is read or written
    Load(LoadArgs),
    /// Try on a server of your own the attacks that have worked on others. It ends with 0
    /// when all were refused, 1 when one has worked, 2 when not all could be tried
    Attack(AttackArgs),
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Settings {
    /// The identity file; the first sign-in makes it
    #[arg(long, global = true, default_value = "sqrl-identity.json", value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// An identity from 64 hexadecimal digits instead of a file; given again: its
    /// previous identities, the newest first
    #[arg(long, global = true, value_name = "HEX", value_parser = seed)]
    pub(crate) seed: Vec<Seed>,

    /// The rescue code; other users of this machine can see a command line, so better
    /// in the environment, or asked for
    #[arg(
        long,
        global = true,
        value_name = "CODE",
        env = "SQRL_RESCUE_CODE",
        hide_env_values = true
    )]
    pub(crate) rescue_code: Option<RescueCode>,

    /// Act as the identity of N rekeyings ago
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    pub(crate) old: usize,

    /// Do not let the site compare this client's address with the browser's
    #[arg(long, global = true)]
    pub(crate) noiptest: bool,

    /// Take the signed-in session to the browser (client provided session)
    #[arg(long, global = true)]
    pub(crate) cps: bool,

    /// Ask the site to allow no other way of signing in
    #[arg(long, global = true)]
    pub(crate) sqrlonly: bool,

    /// Ask the site to allow no other way of recovery
    #[arg(long, global = true)]
    pub(crate) hardlock: bool,

    /// Answer the site's question with this button: 0 is OK
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(crate) button: Option<u8>,

    /// Show every request and reply
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// A seed, which `Debug` does not show.
#[derive(Clone)]
pub(crate) struct Seed(pub(crate) [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(secret)")
    }
}

fn seed(text: &str) -> Result<Seed, &'static str> {
    const WRONG: &str = "a seed is 64 hexadecimal digits";
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return Err(WRONG);
    }
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |c: &u8| char::from(*c).to_digit(16).ok_or(WRONG);
        let value = digit(high)? << 4 | digit(low)?;
        *byte = u8::try_from(value).map_err(|_| WRONG)?;
    }
    Ok(Seed(bytes))
}

impl Settings {
    pub(crate) fn options(&self) -> Options {
        Options {
            cps: self.cps,
            suk: true,
            noiptest: self.noiptest,
            sqrlonly: self.sqrlonly,
            hardlock: self.hardlock,
        }
    }
}
