//! The command line.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use tower_sqrl_client::RescueCode;
use tower_sqrl_client::cps::PORT;
use tower_sqrl_client::keys::Iuk;
use tower_sqrl_client::wire::Options;
use zeroize::Zeroizing;

use crate::attack::AttackArgs;
use crate::load::LoadArgs;
use crate::target::{Aim, Cookies};

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

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Make a new identity file and show its rescue code, once
    New,
    /// Sign in with a browser of its own: open the page, authenticate its link, wait, go where
    /// the page goes. A tab that you have open is not signed in: use `listen` for that. It
    /// fails where the browser ends at an error, at a question, or at a sign-in page again
    Login(Aim),
    /// Ask what the site knows about the identity; changes nothing
    Query(Aim),
    /// Let nobody sign in with this identity until it is enabled
    Disable(Aim),
    /// Undo `disable`; needs the rescue code
    Enable(Aim),
    /// Make the site forget the identity; needs the rescue code
    Remove(Aim),
    /// Replace the identity by a new one, which keeps the old one as its previous one,
    /// and sign in with it where a target is given; needs the rescue code
    Rekey {
        target: Option<String>,
        #[command(flatten)]
        cookies: Cookies,
    },
    /// Sign in the browsers of this machine: press the button on a sign-in page, and its tab
    /// comes to <http://localhost:25519/>
    Listen {
        /// The port; browsers know only the default one
        #[arg(long, default_value_t = PORT)]
        port: u16,
        /// Sign in wherever a page wants it, without asking: for tests only, and needed
        /// where there is no terminal to ask at
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
    pub(crate) seed: Vec<Given<Iuk>>,

    /// The rescue code, where it is needed; other users of this machine can see a command
    /// line, so better in the environment (`SQRL_RESCUE_CODE`), or asked for
    #[arg(long, global = true, value_name = "CODE", value_parser = code)]
    pub(crate) rescue_code: Option<Given<RescueCode>>,

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

/// A secret as it was given on the command line, read or not. What clap finds wrong it
/// repeats, and a code with one wrong digit is nearly the code: so it never does, and
/// [`Args::read`] complains instead. `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Given<T>(Result<T, &'static str>);

impl<T> std::fmt::Debug for Given<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given(secret)")
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants it")]
fn seed(text: &str) -> Result<Given<Iuk>, Infallible> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |c: &u8| char::from(*c).to_digit(16);
    let mut bytes = Zeroizing::new([0; 32]);
    let mut is_seed = pairs.len() == 32 && rest.is_empty();
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let value = digit(high).zip(digit(low)).map(|(high, low)| high << 4 | low);
        *byte = value.and_then(|value| u8::try_from(value).ok()).unwrap_or_default();
        is_seed &= value.is_some();
    }
    Ok(Given(if is_seed {
        Ok(Iuk::from_bytes(*bytes))
    } else {
        Err("a seed is 64 hexadecimal digits")
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants it")]
fn code(text: &str) -> Result<Given<RescueCode>, Infallible> {
    Ok(Given(text.parse().map_err(|_| "a rescue code is 24 digits")))
}

impl Args {
    /// The command line; where it is wrong the process ends with 2.
    pub(crate) fn read() -> Self {
        let args = Self::parse();
        let settings = &args.settings;
        let seeds = settings.seed.iter().filter_map(|seed| seed.0.as_ref().err());
        let code = settings.rescue_code.iter().filter_map(|code| code.0.as_ref().err());
        let cookies = args.action.cookies().and_then(|(cookies, page)| cookies.jar(page).err());
        let wrong = seeds.chain(code).map(|why| (*why).to_owned()).chain(cookies).next();
        if let Some(why) = wrong {
            Self::command().error(ErrorKind::ValueValidation, why).exit();
        }
        args
    }
}

impl Action {
    /// The given cookies, and the page that they are for.
    fn cookies(&self) -> Option<(&Cookies, &str)> {
        match self {
            Self::Login(aim)
            | Self::Query(aim)
            | Self::Disable(aim)
            | Self::Enable(aim)
            | Self::Remove(aim) => Some((&aim.cookies, &aim.target)),
            Self::Rekey { target, cookies } => {
                Some((cookies, target.as_deref().unwrap_or_default()))
            }
            Self::New | Self::Listen { .. } | Self::Load(_) | Self::Attack(_) => None,
        }
    }
}

impl Settings {
    /// The identities of the seeds, the current one first.
    pub(crate) fn seeds(&self) -> impl Iterator<Item = Iuk> {
        self.seed.iter().filter_map(|seed| seed.0.as_ref().ok()).cloned()
    }

    /// The rescue code, if it was given on the command line.
    pub(crate) fn rescue_code(&self) -> Option<&RescueCode> {
        self.rescue_code.as_ref()?.0.as_ref().ok()
    }

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
