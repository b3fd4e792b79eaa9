//! The README's sign-in is the example's, so that both are compiled and neither drifts.

use std::fs;
use std::path::Path;

#[test]
fn the_sign_in_of_the_readme_is_the_minimal_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("a file of the repository");
    let (readme, example) = (read("README.md"), read("examples/minimal/src/main.rs"));
    let (_, code) = example.split_once("\n\n").expect("documentation, then code");
    assert!(readme.contains(&format!("```rust,no_run\n{code}```\n")), "copy it into the README");
}
