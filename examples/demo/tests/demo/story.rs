//! An identity's life, as a person at a terminal lives it.

use tempfile::TempDir;

use crate::process::{Demo, Sqrl};

#[test]
fn from_the_first_sign_in_to_the_last() {
    let directory = TempDir::new().expect("a directory");
    let mut demo = Demo::start(directory.path(), &[]);
    let mut sqrl = Sqrl::new(directory.path());
    let login = demo.url("/login");

    let said = sqrl.succeeds(&["login", &login]);
    assert!(said.contains("127.0.0.1 did not know this identity; now it does."), "{said}");
    let led = format!("the browser is at {} (200)", demo.url("/account"));
    assert!(said.contains(&led), "{said}");
    let account = signed_in(&demo);
    assert_eq!(demo.log().matches("new account").count(), 1);

    let said = sqrl.succeeds(&["login", &login]);
    assert!(said.contains("127.0.0.1 knows this identity."), "{said}");
    assert_eq!(signed_in(&demo), account);
    assert_eq!(demo.log().matches("new account").count(), 1);

    // A restart forgets sessions, and nothing else. The domain is the host without its port.
    demo.stop();
    demo = Demo::start(directory.path(), &[]);
    let login = demo.url("/login");
    let said = sqrl.succeeds(&["login", &login]);
    assert!(said.contains("127.0.0.1 knows this identity."), "{said}");
    assert_eq!(signed_in(&demo), account);

    let said = sqrl.succeeds(&["disable", &login]);
    assert!(said.contains("SQRL is disabled for this account"), "{said}");
    let why = sqrl.fails(&["login", &login]);
    assert!(why.contains("enable it with the rescue code, then sign in"), "{why}");

    let said = sqrl.succeeds(&["enable", &login]);
    assert!(said.contains("SQRL is enabled for this account"), "{said}");
    sqrl.succeeds(&["login", &login]);
    assert_eq!(signed_in(&demo), account);

    let said = sqrl.succeeds(&["rekey", &login]);
    assert!(said.contains("has replaced it by the current one"), "{said}");
    assert_eq!(signed_in(&demo), account, "the account stays");
    let why = sqrl.fails(&["login", &login, "--old", "1"]);
    assert!(why.contains("superseded by a newer one"), "{why}");

    let said = sqrl.succeeds(&["remove", &login]);
    assert!(said.contains("has removed this identity"), "{said}");
    let said = sqrl.succeeds(&["query", &login]);
    assert!(said.contains("does not know this identity"), "{said}");
    let why = sqrl.fails(&["login", &login, "--old", "1"]);
    assert!(why.contains("superseded by a newer one"), "for ever: {why}");

    sqrl.succeeds(&["login", &login]);
    assert_ne!(signed_in(&demo), account, "a new person");
    demo.stop();
}

/// The account that the log says signed in last.
fn signed_in(demo: &Demo) -> String {
    let log = demo.log();
    let last = log.lines().rfind(|line| line.contains("signed in")).expect("a sign-in");
    last.split("account=").nth(1).expect("an account").to_owned()
}
