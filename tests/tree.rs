//! The dependencies: how many crates an application builds, and which Rust version they need.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Returns the crates of a build of `package` on this platform, with their versions.
fn tree(package: &str, features: &[&str]) -> BTreeSet<String> {
    let mut tree = vec!["tree", "--locked", "--offline", "--package", package];
    tree.extend(["--edges", "normal", "--prefix", "none", "--no-dedupe"]);
    tree.extend(features);
    let lines = run(env!("CARGO"), &tree);
    let name_and_version = |line: &str| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
    lines.lines().map(name_and_version).collect()
}

#[test]
fn the_default_features_build_fewer_than_80_crates() {
    let crates = tree("tower-sqrl", &[]);
    assert!(crates.iter().any(|name| name.starts_with("axum v")), "the tree was read");
    assert!(crates.len() < 80, "{} crates: {crates:?}", crates.len());
}

#[test]
fn nothing_heavy_comes_without_a_feature() {
    let crates = tree("tower-sqrl", &["--no-default-features"]);
    for heavy in
        ["axum", "chacha20poly1305", "hyper", "idna", "png", "qrcodegen", "rusqlite", "url"]
    {
        let named = format!("{heavy} v");
        assert!(!crates.iter().any(|name| name.starts_with(&named)), "{heavy}");
    }
    assert!(crates.len() < 55, "{} crates: {crates:?}", crates.len());
}

/// Cargo only warns about such a dependency, and the tests run with a newer Rust.
#[test]
fn no_dependency_needs_a_newer_rust_than_this_workspace_declares() {
    let version = run("rustc", &["--version", "--verbose"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a platform");
    let metadata =
        ["metadata", "--locked", "--all-features", "--format-version=1", "--filter-platform", host];
    let metadata: Value = serde_json::from_str(&run(env!("CARGO"), &metadata)).expect("JSON");
    let declared = rust_version(env!("CARGO_PKG_RUST_VERSION"));
    let packages = metadata["packages"].as_array().expect("packages");
    let newer: Vec<_> = packages
        .iter()
        .filter(|package| package["rust_version"].as_str().map(rust_version) > Some(declared))
        .map(|package| format!("{} needs Rust {}", package["id"], package["rust_version"]))
        .collect();
    assert!(packages.len() > 200, "the packages were read");
    assert!(newer.is_empty(), "raise rust-version, or lock older versions: {newer:#?}");
}

/// Returns major, minor and patch version.
fn rust_version(text: &str) -> [u32; 3] {
    let mut numbers = text.split('.').map(|number| number.parse().expect("a number"));
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

/// A release of axum, hyper or tower does not concern the stores.
#[test]
fn the_stores_build_no_http() {
    for store in ["tower-sqrl-redis", "tower-sqrl-postgres", "tower-sqrl-sqlite"] {
        let crates = tree(store, &["--all-features"]);
        assert!(
            crates.iter().any(|name| name.starts_with("tower-sqrl-core v")),
            "the tree was read"
        );
        for name in &crates {
            let name = name.split(' ').next().unwrap_or_default();
            let http = ["axum", "http", "hyper", "tower", "tower-sqrl"].contains(&name)
                || ["axum-", "http-", "hyper-", "tower-http", "tower-layer", "tower-service"]
                    .iter()
                    .any(|family| name.starts_with(family));
            assert!(!http, "{store} builds {name}");
        }
    }
}
