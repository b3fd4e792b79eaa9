//! The attacks of `sqrl attack`, on the demo.

use tempfile::TempDir;
use tower_sqrl_client::attack::Attack;

use crate::process::Demo;

#[tokio::test]
async fn all_are_refused() {
    let directory = TempDir::new().expect("a directory");
    let nuts = format!("sqlite:{}", directory.path().join("nuts.sqlite").display());
    for demo in [
        // Short, because some attacks wait until a URL expires.
        Demo::in_memory(&["--url-lifetime", "9"]),
        Demo::start(directory.path(), &["--nuts", &nuts]),
        // The public URL is not the address that the demo listens on.
        Demo::in_memory(&["--public-url", "https://demo.invalid"]),
    ] {
        let page = format!("http://{}/login", demo.address);
        let report = Attack::new(page).run(|_| {}).await.expect("a report");
        assert!(report.all_refused(), "{}", report.to_json());
        assert_eq!(report.left_behind, 0);
        demo.stop();
    }
}
