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
use crate::target::{Cookies, TargetArgs};

/// A headless SQRL client for tests and demonstrations. It is not a wallet: anyone who reads the
/// identity file can sign in as you.
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
    /// Create a new identity file and show its rescue code
    New,
    /// Sign in with sqrl's own browser
    ///
    /// It opens the page, signs in with its SQRL URL, polls, and opens the landing page. To sign
    /// in a tab of your browser, use `listen`. The command fails if the landing page is an
    /// error, asks for confirmation, or offers a SQRL sign-in again.
    Login(TargetArgs),
    /// Ask the site whether it knows the identity
    Query(TargetArgs),
    /// Disable sign-ins with the identity until it is enabled
    Disable(TargetArgs),
    /// Enable a disabled identity (needs the rescue code)
    Enable(TargetArgs),
    /// Remove the identity from the site (needs the rescue code)
    Remove(TargetArgs),
    /// Replace the identity by a new one (needs the rescue code)
    ///
    /// The new identity keeps the old one as a previous identity. If there is a target, the
    /// command signs in with the new identity.
    Rekey {
        /// A sign-in page, or a SQRL URL
        target: Option<String>,
        #[command(flatten)]
        cookies: Cookies,
    },
    /// Sign in tabs of your browser
    ///
    /// Press the SQRL button on a sign-in page: its tab opens <http://localhost:25519/>, where
    /// this command signs in.
    Listen {
        /// The port. Sign-in pages use the default only
        #[arg(long, default_value_t = PORT)]
        port: u16,
        /// Sign in without asking, whenever a page requests it. For tests, which have no
        /// terminal
        #[arg(long)]
        yes: bool,
    },
    /// Measure your own server with many sign-ins
    ///
    /// Uses no identity file.
    Load(LoadArgs),
    /// Attack your own server as other SQRL servers were attacked
    ///
    /// Exits with 0 if all attacks were refused, 1 if one succeeded, 2 if not all could be tried.
    Attack(AttackArgs),
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
#[command(next_help_heading = "Global options")]
pub(crate) struct Settings {
    /// The identity file. The first sign-in creates it
    #[arg(long, global = true, default_value = "sqrl-identity.json", value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Use an identity from 64 hexadecimal digits instead of a file. Repeat the option for
    /// previous identities, newest first
    #[arg(long, global = true, value_name = "HEX", value_parser = seed)]
    pub(crate) seed: Vec<SecretArg<Iuk>>,

    /// The rescue code. Other users of this machine can see a command line: prefer the environment
    /// variable `SQRL_RESCUE_CODE`, or the prompt
    #[arg(long, global = true, value_name = "CODE", value_parser = code)]
    pub(crate) rescue_code: Option<SecretArg<RescueCode>>,

    /// Use the identity of N rekeys ago
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    pub(crate) old: usize,

    /// Ask the site not to compare this client's address with the browser's
    #[arg(long, global = true)]
    pub(crate) noiptest: bool,

    /// Ask the site for a URL that signs the browser in (client provided session)
    #[arg(long, global = true)]
    pub(crate) cps: bool,

    /// Ask the site to reject other ways to sign in
    #[arg(long, global = true)]
    pub(crate) sqrlonly: bool,

    /// Ask the site to reject other ways to recover the account
    #[arg(long, global = true)]
    pub(crate) hardlock: bool,

    /// Answer a question of the site with this button. 0 is OK, for a question without buttons
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(crate) button: Option<u8>,

    /// Show every request and reply
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// A secret of the command line, parsed. `Debug` hides it.
///
/// clap repeats an invalid value in its message, and a code with one wrong digit is almost the
/// code. So a parse error is stored here, and [`Args::read`] reports it.
#[derive(Clone)]
pub(crate) struct SecretArg<T>(Result<T, &'static str>);

impl<T> std::fmt::Debug for SecretArg<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretArg(secret)")
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap requires it")]
fn seed(text: &str) -> Result<SecretArg<Iuk>, Infallible> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |c: &u8| char::from(*c).to_digit(16);
    let mut bytes = Zeroizing::new([0; 32]);
    let mut is_seed = pairs.len() == 32 && rest.is_empty();
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let value = digit(high).zip(digit(low)).map(|(high, low)| high << 4 | low);
        *byte = value.and_then(|value| u8::try_from(value).ok()).unwrap_or_default();
        is_seed &= value.is_some();
    }
    Ok(SecretArg(if is_seed {
        Ok(Iuk::from_bytes(*bytes))
    } else {
        Err("a seed is 64 hexadecimal digits")
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "clap requires it")]
fn code(text: &str) -> Result<SecretArg<RescueCode>, Infallible> {
    Ok(SecretArg(text.parse().map_err(|_| "a rescue code is 24 digits")))
}

impl Args {
    /// Parses the command line. Exits with 2 if it is wrong.
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
    /// Returns the cookies, and the page that they are for.
    fn cookies(&self) -> Option<(&Cookies, &str)> {
        match self {
            Self::Login(target)
            | Self::Query(target)
            | Self::Disable(target)
            | Self::Enable(target)
            | Self::Remove(target) => Some((&target.cookies, &target.target)),
            Self::Rekey { target, cookies } => {
                Some((cookies, target.as_deref().unwrap_or_default()))
            }
            Self::New | Self::Listen { .. } | Self::Load(_) | Self::Attack(_) => None,
        }
    }
}

impl Settings {
    /// Returns the unlock keys of the seeds, the current one first.
    pub(crate) fn seeds(&self) -> impl Iterator<Item = Iuk> {
        self.seed.iter().filter_map(|seed| seed.0.as_ref().ok()).cloned()
    }

    /// Returns the rescue code of the command line.
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
