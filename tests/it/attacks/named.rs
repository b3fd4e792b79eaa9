//! The tests that `sqrl attack` names exist.

use std::fs;
use std::path::Path;

use tower_sqrl_client::attack::NOT_OVER_HTTP;

#[test]
fn the_tests_that_the_client_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named: Vec<_> = NOT_OVER_HTTP.iter().flat_map(|attack| attack.tests).collect();
    assert!(named.len() >= 4, "{named:?}");
    for test in named {
        let (file, name) = test.split_once("::").expect("a file and a test");
        let source = fs::read_to_string(root.join(file)).expect(test);
        assert!(source.contains(&format!("fn {name}()")), "{test}");
    }
}
