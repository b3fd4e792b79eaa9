//! Reads the sources and fails on an import between modules that is circular or against the rules.
//!
//! CONTRIBUTING.md gives the reasons for the rules.

#[path = "rooms/cycles.rs"]
mod cycles;
#[path = "rooms/paths.rs"]
mod paths;
#[path = "rooms/planted.rs"]
mod planted;
#[path = "rooms/planted_cycles.rs"]
mod planted_cycles;
#[path = "rooms/table.rs"]
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use table::RULES;

/// Everything in the source of the module at `place`, such as `engine/decide`, that breaks its rule.
fn breaches(place: &str, source: &str) -> Vec<String> {
    let applies = |rule: &&table::Rule| Path::new(place).starts_with(rule.module);
    let Some(rule) = RULES.iter().find(applies) else {
        return vec![format!("{place} has no rule in tests/rooms/table.rs")];
    };
    let place = place.strip_prefix("core/").unwrap_or(place);
    let own = rule.module.trim_start_matches("core/").split('/').next().unwrap_or_default();
    let breach = |found: &paths::Found| {
        let path = found.segments.join("::");
        if found.segments[0] == "crate" {
            let to = found.segments.get(1).map_or("*", String::as_str);
            if to != own && !rule.imports.contains(&to) {
                return Some(format!(
                    "{place}:{}: {} may not import {path}",
                    found.line, rule.module
                ));
            }
        }
        let banned = rule.never.iter().copied().flatten().find(|banned| found.reaches(banned))?;
        let test = found.test || place.ends_with("/tests");
        let line = found.line;
        (!test).then(|| format!("{place}:{line}: {} may not use {banned} ({path})", rule.module))
    };
    paths::read(source, place).paths.iter().filter_map(breach).collect()
}

/// All breaches in the sources under `directory`, the module at `place`.
fn breaches_under(directory: &Path, place: &str) -> Vec<String> {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .expect("sources")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    let examine = |path: std::path::PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name in UTF-8");
        let inner = format!("{place}/{stem}").trim_start_matches('/').to_owned();
        if path.is_dir() {
            return breaches_under(&path, &inner);
        }
        match (path.extension().is_some_and(|extension| extension == "rs"), stem) {
            (true, "lib") | (false, _) => Vec::new(),
            (true, "mod") => breaches(place, &fs::read_to_string(&path).expect("text")),
            (true, _) => breaches(&inner, &fs::read_to_string(&path).expect("text")),
        }
    };
    entries.into_iter().flat_map(examine).collect()
}

#[test]
fn every_module_keeps_its_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = breaches_under(&root.join("src"), "");
    found.extend(breaches_under(&root.join("core/src"), "core"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The root files of every target in the workspace: libraries, programs, tests and benches.
fn targets(root: &Path) -> Vec<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let targets = packages.flat_map(|package| package["targets"].as_array().expect("targets"));
    let mut files: Vec<_> = targets
        .map(|target| Path::new(target["src_path"].as_str().expect("a path")))
        .map(|file| file.strip_prefix(root).expect("a file of the workspace").to_owned())
        .collect();
    files.sort();
    files.dedup();
    files
}

#[test]
fn no_modules_import_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &Path| fs::read_to_string(root.join(file)).ok();
    let mut failures = Vec::new();
    for target in targets(root) {
        let cycles = cycles::cycles(&target, &read);
        if !cycles.is_empty() {
            let (name, count) = (target.display(), cycles.len());
            failures.push(format!("{name}: {count} cycles\n{}\n", cycles.join("\n")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
