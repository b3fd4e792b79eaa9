//! What an application takes along: the crates that the default features build, and how many.

use std::collections::BTreeSet;
use std::process::Command;

/// Crates with their versions, the root crate among them, for this platform.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "tower-sqrl", "--edges", "normal"])
        .args(["--prefix", "none", "--no-dedupe"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("names");
    let name_and_version = |line: &str| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
    lines.lines().map(name_and_version).collect()
}

#[test]
fn the_default_features_build_fewer_than_80_crates() {
    let crates = tree(&[]);
    assert!(crates.iter().any(|name| name.starts_with("axum v")), "the tree was read");
    assert!(crates.len() < 80, "{} crates: {crates:?}", crates.len());
}

#[test]
fn nothing_heavy_comes_without_a_feature() {
    let crates = tree(&["--no-default-features"]);
    for heavy in
        ["axum", "chacha20poly1305", "hyper", "idna", "png", "qrcodegen", "rusqlite", "url"]
    {
        let named = format!("{heavy} v");
        assert!(!crates.iter().any(|name| name.starts_with(&named)), "{heavy}");
    }
    assert!(crates.len() < 55, "{} crates: {crates:?}", crates.len());
}
