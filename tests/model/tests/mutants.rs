//! The patches in `mutants` apply to the engine.

use std::path::Path;
use std::process::Command;

#[test]
fn every_mutant_applies() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in here.join("mutants").read_dir().expect("mutants") {
        let patch = entry.expect("an entry").path();
        if patch.extension().is_none_or(|extension| extension != "patch") {
            continue;
        }
        let root = here.parent().and_then(Path::parent).expect("the workspace");
        let output = Command::new("patch")
            .args(["--dry-run", "--batch", "--fuzz=0", "-p1", "-i"])
            .arg(&patch)
            .current_dir(root)
            .output()
            .expect("`patch`, of the package of that name");
        let says = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}: {says}", patch.display());
        count += 1;
    }
    assert!(count >= 10, "{count} mutants");
}
