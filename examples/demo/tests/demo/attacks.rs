//! The attacks that anybody can try, on the demo.

use tempfile::TempDir;
use tower_sqrl_client::attack::{Attack, Verdict};

use crate::process::Demo;

/// What still works: the demo does not limit its linking page yet.
const OPEN: [&str; 1] = ["14a"];

#[tokio::test]
async fn all_are_refused() {
    let directory = TempDir::new().expect("a directory");
    let nuts = format!("sqlite:{}", directory.path().join("nuts.sqlite").display());
    for demo in [
        Demo::in_memory(&[]),
        Demo::start(directory.path(), &["--nuts", &nuts]),
        // What the world calls it is not where it listens.
        Demo::in_memory(&["--public-url", "https://demo.invalid"]),
    ] {
        let page = format!("http://{}/login", demo.address);
        let report = Attack::new(page).run(|_| {}).await.expect("a report");
        for finding in &report.findings {
            let is_refused = matches!(finding.verdict, Verdict::Refused { .. });
            assert!(is_refused || OPEN.contains(&finding.number), "{}", report.to_json());
        }
        assert_eq!(report.left_behind, 0);
        demo.stop();
    }
}
