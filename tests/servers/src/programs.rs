//! Finds programs on `PATH` and in the directories that Debian leaves out of a user's `PATH`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Finds `name`. The error names the Debian `package` to install.
pub(crate) fn find(name: &str, package: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
        .ok_or_else(|| missing(name, package))
}

/// Finds a program of Postgres: in Debian's directory of the newest version, or else on `PATH`.
pub(crate) fn find_postgres(name: &str) -> Result<PathBuf> {
    newest_version(Path::new("/usr/lib/postgresql"))
        .map(|version| version.join("bin").join(name))
        .filter(|program| program.is_file())
        .map_or_else(|| find(name, "postgresql"), Ok)
}

fn newest_version(directory: &Path) -> Option<PathBuf> {
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    fs::read_dir(directory)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("bin/postgres").is_file())
        .max_by_key(number)
}

fn missing(name: &str, package: &str) -> Error {
    Error::new(format!(
        "{name} is not installed: apt-get install {package} (Debian), or run ./test"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_its_package() {
        let error = find("no-such-program", "some-package").expect_err("no such program");
        assert!(error.to_string().contains("apt-get install some-package"), "{error}");
    }

    #[test]
    fn the_newest_postgres_has_the_highest_number() {
        let directory = tempfile::tempdir().expect("a directory");
        for version in ["9", "15", "notes"] {
            let bin = directory.path().join(version).join("bin");
            fs::create_dir_all(&bin).expect("a directory");
            fs::write(bin.join("postgres"), "").expect("a file");
        }
        fs::create_dir(directory.path().join("17")).expect("a version without a server");
        let newest = newest_version(directory.path());
        assert_eq!(newest, Some(directory.path().join("15")));
    }
}
