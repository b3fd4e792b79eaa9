//! Who signs in: from seeds or from the file; and what only a person can say.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use tower_sqrl_client::{Identity, RescueCode};

use crate::Failure;
use crate::args::Settings;

/// The identity of the seeds, or of the file.
pub(crate) fn identity(settings: &Settings) -> Result<Identity, Failure> {
    rewound(&current(settings)?, settings.old)
}

/// The same; the file is made if it is not there.
pub(crate) fn identity_or_new(settings: &Settings) -> Result<Identity, Failure> {
    if settings.seed.is_empty() && !settings.file.try_exists()? {
        create(settings)?;
    }
    identity(settings)
}

/// The same with its unlock keys, asking for the rescue code where nobody gave it.
pub(crate) fn unlocked(settings: &Settings) -> Result<Identity, Failure> {
    let mut identity = current(settings)?;
    if !identity.is_unlocked() {
        identity.unlock(&ask_for_code()?)?;
    }
    rewound(&identity, settings.old)
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
        return Err(format!("there is no identity in {path}; `sqrl new` makes one").into());
    }
    let mut identity =
        Identity::load(&settings.file).map_err(|error| format!("{path}: {error}"))?;
    if let Some(code) = settings.rescue_code() {
        identity.unlock(code)?;
    }
    Ok(identity)
}

/// Makes a new identity file and shows its rescue code.
pub(crate) fn create(settings: &Settings) -> Result<Identity, Failure> {
    let code = RescueCode::generate();
    let mut identity = Identity::generate();
    identity.seal(&code)?;
    let path = settings.file.display();
    identity.create(&settings.file).map_err(|error| format!("{path}: {error}"))?;
    println!("New identity in {path}; for trying out, not a wallet.");
    show_code(&code);
    Ok(identity)
}

/// Shows a new rescue code.
pub(crate) fn show_code(code: &RescueCode) {
    println!("Its rescue code, shown only now: {}", *code.reveal());
    println!("It is needed for enable, remove and rekey, and nobody can restore it.");
}

fn ask_for_code() -> Result<RescueCode, Failure> {
    if !io::stdin().is_terminal() {
        return Err("this needs the rescue code: --rescue-code or SQRL_RESCUE_CODE".into());
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
