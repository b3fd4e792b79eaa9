//! Runs every input of the corpus, with the stable toolchain.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz::{TARGETS, corpus};

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
fn no_input_of_the_corpus_breaks_its_target() {
    for (name, run) in TARGETS {
        let file = corpus::file(name);
        let text = fs::read_to_string(&file).expect("a corpus file");
        let inputs = corpus::parse(&text).expect("a corpus file");
        assert!(!inputs.is_empty(), "{name} has no corpus");
        assert!(corpus::format(&inputs.iter().cloned().collect()) == text, "{name}: pack it again");
        for (line, input) in (1..).zip(inputs) {
            let result = std::panic::catch_unwind(|| run(&input));
            assert!(result.is_ok(), "{name} fails with {}:{line}", file.display());
        }
    }
}
