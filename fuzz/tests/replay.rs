//! Every input of the corpus, once more, with the usual toolchain.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz::TARGETS;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn entries(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    entries
}

fn stems(path: &str) -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    entries(&here(path)).into_iter().map(stem).collect()
}

#[test]
fn every_target_has_a_corpus_and_a_binary() {
    let names: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len());
    assert_eq!(stems("corpus"), names);
    assert_eq!(stems("fuzz_targets"), names);
    let manifest = fs::read_to_string(here("Cargo.toml")).expect("a manifest");
    for name in &names {
        let run = format!("fuzz::target!(fuzz::{name}::run);");
        let source = here(&format!("fuzz_targets/{name}.rs"));
        assert!(fs::read_to_string(source).expect("a source").contains(&run), "{name}");
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "{name}");
    }
}

#[test]
fn what_was_found_stays_mended() {
    for (name, run) in TARGETS {
        let inputs = entries(&here(&format!("corpus/{name}")));
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for input in inputs {
            let data = fs::read(&input).expect("an input");
            let result = std::panic::catch_unwind(|| run(&data));
            assert!(result.is_ok(), "{name} fails with {}", input.display());
        }
    }
}
