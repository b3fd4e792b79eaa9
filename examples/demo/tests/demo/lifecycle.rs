//! All commands of an identity, from a terminal.

use tempfile::TempDir;

use crate::process::{Demo, Sqrl};

#[test]
fn an_identity_signs_up_changes_and_is_removed() {
    let directory = TempDir::new().expect("a directory");
    let mut demo = Demo::start(directory.path(), &[]);
    let mut sqrl = Sqrl::new(directory.path());
    let login = demo.url("/login");

    let output = sqrl.succeeds(&["login", &login]);
    assert!(output.contains("127.0.0.1 did not know this identity; now it does."), "{output}");
    let led = format!("the browser is at {} (200)", demo.url("/account"));
    assert!(output.contains(&led), "{output}");
    let account = signed_in(&demo);
    assert_eq!(demo.log().matches("new account").count(), 1);

    let output = sqrl.succeeds(&["login", &login]);
    assert!(output.contains("127.0.0.1 knows this identity."), "{output}");
    assert_eq!(signed_in(&demo), account);
    assert_eq!(demo.log().matches("new account").count(), 1);

    // A restart forgets sessions only. The new port does not matter, because keys belong to the host.
    demo.stop();
    demo = Demo::start(directory.path(), &[]);
    let login = demo.url("/login");
    let output = sqrl.succeeds(&["login", &login]);
    assert!(output.contains("127.0.0.1 knows this identity."), "{output}");
    assert_eq!(signed_in(&demo), account);

    let output = sqrl.succeeds(&["disable", &login]);
    assert!(output.contains("has disabled this identity"), "{output}");
    let error = sqrl.fails(&["login", &login]);
    assert!(error.contains("enable it with the rescue code, then sign in"), "{error}");

    let output = sqrl.succeeds(&["enable", &login]);
    assert!(output.contains("has enabled this identity"), "{output}");
    sqrl.succeeds(&["login", &login]);
    assert_eq!(signed_in(&demo), account);

    let output = sqrl.succeeds(&["rekey", &login]);
    assert!(output.contains("has replaced it by the current one"), "{output}");
    assert_eq!(signed_in(&demo), account, "the same account");
    let error = sqrl.fails(&["login", &login, "--old", "1"]);
    assert!(error.contains("a newer identity has replaced this one"), "{error}");

    let output = sqrl.succeeds(&["remove", &login]);
    assert!(output.contains("has removed this identity"), "{output}");
    let output = sqrl.succeeds(&["query", &login]);
    assert!(output.contains("does not know this identity"), "{output}");
    let error = sqrl.fails(&["login", &login, "--old", "1"]);
    assert!(error.contains("a newer identity has replaced this one"), "permanently: {error}");

    sqrl.succeeds(&["login", &login]);
    assert_ne!(signed_in(&demo), account, "a new account");
    demo.stop();
}

/// Returns the account of the last sign-in in the log.
fn signed_in(demo: &Demo) -> String {
    let log = demo.log();
    let last = log.lines().rfind(|line| line.contains("signed in")).expect("a sign-in");
    last.split("account=").nth(1).expect("an account").to_owned()
}
