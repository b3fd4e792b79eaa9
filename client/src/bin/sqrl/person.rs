//! Who signs in: from seeds or from the file; and what only a person can say.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use tower_sqrl_client::{Identity, RescueCode};

use crate::Failure;
use crate::args::Settings;

/// Where a rescue code can be without being seen on a command line. Only what needs the code
/// looks there: an old one must not be in the way of anything else.
const VARIABLE: &str = "SQRL_RESCUE_CODE";

/// The identity of the seeds, or of the file.
pub(crate) fn identity(settings: &Settings) -> Result<Identity, Failure> {
    rewound(&current(settings)?, settings.old)
}

/// The same; the file is made if it is not there.
pub(crate) fn identity_or_new(settings: &Settings) -> Result<Identity, Failure> {
    make_if_missing(settings)?;
    identity(settings)
}

fn make_if_missing(settings: &Settings) -> Result<(), Failure> {
    if settings.seed.is_empty() && !settings.file.try_exists()? {
        return create(settings);
    }
    Ok(())
}

/// The same with its unlock keys, asking for the rescue code where nobody gave it.
pub(crate) fn unlocked(settings: &Settings) -> Result<Identity, Failure> {
    let mut identity = current(settings)?;
    if !identity.is_unlocked() {
        match given_code(settings)? {
            Some((code, from)) => unlock(&mut identity, &code, from)?,
            None => identity.unlock(&ask_for_code()?)?,
        }
    }
    rewound(&identity, settings.old)
}

/// The identity, made if it is not there, for a sign-in that has one try: with its unlock keys
/// where a site may know a previous identity and there is a rescue code at hand. A wrong one
/// is said, and may turn out not to be needed.
pub(crate) fn unlocked_if_it_helps(settings: &Settings) -> Result<Identity, Failure> {
    make_if_missing(settings)?;
    let mut identity = current(settings)?;
    if !identity.is_unlocked() && identity.previous_count() > 0 {
        let unlocked = given_code(settings).and_then(|code| match code {
            Some((code, from)) => unlock(&mut identity, &code, from),
            None => Ok(()),
        });
        if let Err(why) = unlocked {
            eprintln!("sqrl: {why}; trying without it");
        }
    }
    rewound(&identity, settings.old)
}

/// The rescue code of the command line or of the environment, and which of them it was.
fn given_code(settings: &Settings) -> Result<Option<(RescueCode, &'static str)>, Failure> {
    if let Some(code) = settings.rescue_code() {
        return Ok(Some((code.clone(), "--rescue-code")));
    }
    let Some(text) = std::env::var_os(VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let code = text.to_str().and_then(|text| text.parse().ok());
    match code {
        Some(code) => Ok(Some((code, VARIABLE))),
        None => Err(format!("{VARIABLE}: a rescue code is 24 digits").into()),
    }
}

fn unlock(identity: &mut Identity, code: &RescueCode, from: &str) -> Result<(), Failure> {
    Ok(identity.unlock(code).map_err(|error| format!("{from}: {error}"))?)
}

fn rewound(identity: &Identity, old: usize) -> Result<Identity, Failure> {
    let count = identity.previous_count();
    let missing = || format!("--old {old}: this identity has {count} previous ones");
    Ok(identity.rewind(old).ok_or_else(missing)?)
}

fn current(settings: &Settings) -> Result<Identity, Failure> {
    let mut seeds = settings.seeds();
    if let Some(first) = seeds.next() {
        return Ok(Identity::from_iuk(first).with_previous(seeds));
    }
    let path = settings.file.display();
    if !settings.file.try_exists()? {
        return Err(format!(
            "there is no identity in {path}: the first `sqrl login` makes one, and `sqrl new` \
             makes one without signing in"
        )
        .into());
    }
    Ok(Identity::load(&settings.file).map_err(|error| format!("{path}: {error}"))?)
}

/// Makes a new identity file and shows its rescue code.
pub(crate) fn create(settings: &Settings) -> Result<(), Failure> {
    let code = RescueCode::generate();
    let mut identity = Identity::generate();
    identity.seal(&code)?;
    let path = settings.file.display();
    identity.create(&settings.file).map_err(|error| format!("{path}: {error}"))?;
    println!("New identity in {path}; for trying out, not a wallet.");
    show_code(&code);
    Ok(())
}

/// Shows a new rescue code.
pub(crate) fn show_code(code: &RescueCode) {
    println!("Its rescue code, shown only now: {}", *code.reveal());
    println!("It is needed for enable, remove and rekey, and nobody can restore it.");
}

fn ask_for_code() -> Result<RescueCode, Failure> {
    if !io::stdin().is_terminal() {
        return Err(format!("this needs the rescue code: --rescue-code or {VARIABLE}").into());
    }
    Ok(prompt("Rescue code: ")?.parse()?)
}

/// Asks and reads one line.
pub(crate) fn prompt(question: &str) -> io::Result<String> {
    print!("{question}");
    io::stdout().flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
