//! The identity of the command line: from seeds or from a file. Prompts for the rescue code.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use tower_sqrl_client::{Identity, RescueCode};

use crate::args::Settings;
use crate::failure::Failure;

/// The environment variable for the rescue code, which hides it from other users of the
/// machine. Only commands that need the code read it, so that a stale code breaks no other.
const VARIABLE: &str = "SQRL_RESCUE_CODE";

/// Returns the identity of the seeds or of the file.
pub(crate) fn load(settings: &Settings) -> Result<Identity, Failure> {
    rewind(&load_current(settings)?, settings.old)
}

/// Returns the identity. Creates the file if it does not exist.
pub(crate) fn load_or_create(settings: &Settings) -> Result<Identity, Failure> {
    create_if_missing(settings)?;
    load(settings)
}

fn create_if_missing(settings: &Settings) -> Result<(), Failure> {
    if settings.seed.is_empty() && !settings.file.try_exists()? {
        return create(settings);
    }
    Ok(())
}

/// Returns the unlocked identity. Prompts for the rescue code if it is not given.
pub(crate) fn load_unlocked(settings: &Settings) -> Result<Identity, Failure> {
    let mut identity = load_current(settings)?;
    if !identity.is_unlocked() {
        match given_code(settings)? {
            Some((code, source)) => unlock(&mut identity, &code, source)?,
            None => identity.unlock(&prompt_for_code()?)?,
        }
    }
    rewind(&identity, settings.old)
}

/// Returns the identity for a sign-in that cannot be retried. Creates the file if it does not
/// exist.
///
/// Unlocks the identity if it has previous ones and the rescue code is given. A wrong code is
/// only a warning, because the site may not know a previous identity.
pub(crate) fn load_for_one_attempt(settings: &Settings) -> Result<Identity, Failure> {
    create_if_missing(settings)?;
    let mut identity = load_current(settings)?;
    if !identity.is_unlocked() && identity.previous_count() > 0 {
        let unlocked = given_code(settings).and_then(|code| match code {
            Some((code, source)) => unlock(&mut identity, &code, source),
            None => Ok(()),
        });
        if let Err(error) = unlocked {
            eprintln!("sqrl: {error}; trying without it");
        }
    }
    rewind(&identity, settings.old)
}

/// Returns the rescue code of the command line or of the environment, and its source.
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

fn unlock(identity: &mut Identity, code: &RescueCode, source: &str) -> Result<(), Failure> {
    Ok(identity.unlock(code).map_err(|error| format!("{source}: {error}"))?)
}

fn rewind(identity: &Identity, old: usize) -> Result<Identity, Failure> {
    let count = identity.previous_count();
    let missing = || format!("--old {old}: this identity has {count} previous identities");
    Ok(identity.rewind(old).ok_or_else(missing)?)
}

fn load_current(settings: &Settings) -> Result<Identity, Failure> {
    let mut seeds = settings.seeds();
    if let Some(first) = seeds.next() {
        return Ok(Identity::from_iuk(first).with_previous(seeds));
    }
    let path = settings.file.display();
    if !settings.file.try_exists()? {
        return Err(format!(
            "no identity file at {path}; create one with `sqrl new`, or sign in with `sqrl login`"
        )
        .into());
    }
    Ok(Identity::load(&settings.file).map_err(|error| format!("{path}: {error}"))?)
}

/// Creates a new identity file and shows its rescue code.
pub(crate) fn create(settings: &Settings) -> Result<(), Failure> {
    let code = RescueCode::generate();
    let mut identity = Identity::generate();
    identity.seal(&code)?;
    let path = settings.file.display();
    identity.create(&settings.file).map_err(|error| format!("{path}: {error}"))?;
    println!("Created a new identity in {path}. It is for tests and demonstrations, not a wallet.");
    show_code(&code);
    Ok(())
}

/// Shows a new rescue code.
pub(crate) fn show_code(code: &RescueCode) {
    println!("Its rescue code, shown only once: {}", *code.reveal());
    println!("You need it for enable, remove and rekey. It cannot be recovered.");
}

fn prompt_for_code() -> Result<RescueCode, Failure> {
    if !io::stdin().is_terminal() {
        let message = format!("the rescue code is needed; set --rescue-code or {VARIABLE}");
        return Err(message.into());
    }
    Ok(prompt("Rescue code: ")?.parse()?)
}

/// Shows a prompt and reads one line.
pub(crate) fn prompt(text: &str) -> io::Result<String> {
    print!("{text}");
    io::stdout().flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
