//! Unpacks the corpus files for libFuzzer, and packs what libFuzzer leaves.
//!
//! `corpus unpack DIRECTORY` writes each input of a target to a file in `DIRECTORY/TARGET`.
//! `corpus pack DIRECTORY` replaces the corpus file of each target that `DIRECTORY` has.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;

use fuzz::{TARGETS, corpus};

const USAGE: &str = "usage: corpus unpack|pack DIRECTORY";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, directory] = &arguments[..] else { return Err(USAGE.into()) };
    for (target, _) in TARGETS {
        let inputs = Path::new(directory).join(target);
        match command.as_str() {
            "unpack" => unpack(target, &inputs)?,
            "pack" if inputs.exists() => pack(target, &inputs)?,
            "pack" => {}
            _ => return Err(USAGE.into()),
        }
    }
    Ok(())
}

fn unpack(target: &str, directory: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let inputs = corpus::parse(&fs::read_to_string(corpus::file(target))?)?;
    for (number, input) in (1..).zip(inputs) {
        fs::write(directory.join(format!("line-{number}")), input)?;
    }
    Ok(())
}

fn pack(target: &str, directory: &Path) -> Result<(), Box<dyn Error>> {
    let mut inputs = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        inputs.insert(fs::read(entry?.path())?);
    }
    Ok(fs::write(corpus::file(target), corpus::format(&inputs))?)
}
