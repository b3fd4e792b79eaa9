//! CI runs every piece of `./test`, and its last job requires all other jobs.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).expect("a file of the repository")
}

/// Returns the words of the lines that begin with `prefix`, without their indentation.
fn words<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.trim_start().strip_prefix(prefix)).flat_map(split).collect()
}

fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| !c.is_ascii_alphanumeric() && !"-._".contains(c)).filter(|w| !w.is_empty())
}

#[test]
fn ci_runs_each_piece_once() {
    let (script, workflow) = (read("test"), read(".github/workflows/ci.yml"));
    let mut pieces = [words(&script, "everything="), words(&script, "by_name_only=")].concat();
    let mut in_ci = words(&workflow, "- pieces: ");
    pieces.sort_unstable();
    in_ci.sort_unstable();
    assert!(pieces.len() > 10, "{pieces:?}");
    assert_eq!(in_ci, pieces);
}

#[test]
fn the_last_job_requires_all_others() {
    let workflow = read(".github/workflows/ci.yml");
    let (_, jobs) = workflow.split_once("\njobs:\n").expect("jobs");
    let mut names: Vec<_> = jobs
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
        .filter(|name| !name.starts_with([' ', '#']))
        .collect();
    assert_eq!(names.pop(), Some("all"));
    let (_, all) = jobs.split_once("\n  all:\n").expect("the last job");
    assert_eq!(words(all, "needs: "), names);
    assert!(all.contains("    if: always()\n"), "it runs when another job fails");
}

#[test]
fn the_minimum_rust_version_is_the_declared_one() {
    let workflow = read(".github/workflows/ci.yml");
    let (_, piece) = workflow.split_once("- pieces: minimum-rust\n").expect("the piece");
    assert_eq!(words(piece, "toolchain: ")[0], env!("CARGO_PKG_RUST_VERSION"));
}
