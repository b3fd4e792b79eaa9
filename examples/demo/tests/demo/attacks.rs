//! The attacks that anybody can try, on the demo.

use tempfile::TempDir;
use tower_sqrl_client::attack::Attack;

use crate::process::Demo;

#[tokio::test]
async fn all_are_refused() {
    let directory = TempDir::new().expect("a directory");
    let nuts = format!("sqlite:{}", directory.path().join("nuts.sqlite").display());
    for demo in [
        // Codes grow old while the attacks wait for it.
        Demo::in_memory(&["--link-lifetime", "9"]),
        Demo::start(directory.path(), &["--nuts", &nuts]),
        // What the world calls it is not where it listens.
        Demo::in_memory(&["--public-url", "https://demo.invalid"]),
    ] {
        let page = format!("http://{}/login", demo.address);
        let report = Attack::new(page).run(|_| {}).await.expect("a report");
        assert!(report.all_refused(), "{}", report.to_json());
        assert_eq!(report.left_behind, 0);
        demo.stop();
    }
}
