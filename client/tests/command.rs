//! The command `sqrl`.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Output;

use support::Site;
use support::command::{sqrl, text};

/// Returns the rescue code that the command shows.
fn code(output: &Output) -> String {
    let shown = text(&output.stdout);
    let line = shown.lines().find(|line| line.contains("rescue code, shown")).unwrap();
    line.rsplit(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn from_the_first_sign_in_to_a_new_identity() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();

    let site = Site::new(&["4", "5"]).await;
    let page = site.page("/login");
    let first = sqrl(at, "", &["login", &page]).await;
    let shown = text(&first.stdout);
    assert!(first.status.success(), "{first:?}");
    assert!(shown.contains("did not know this identity; now it does"), "{shown}");
    let landing = format!("the browser is at http://{}/home?a=b (200)", site.host);
    assert!(shown.contains(&landing), "{shown}");
    // An open tab is not signed in.
    assert!(shown.contains("sqrl's own browser"), "{shown}");
    assert!(shown.contains("run `sqrl listen` and press the button"), "{shown}");
    let idk = site.received()[0].get("idk").unwrap().to_owned();

    // A command that needs the rescue code fails before it sends anything.
    let site = Site::new(&[]).await;
    let refused = sqrl(at, "", &["enable", site.sqrl_url().as_str()]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("rescue code"), "{refused:?}");
    assert!(site.received().is_empty());

    let rekeyed = sqrl(at, &code(&first), &["rekey"]).await;
    assert!(rekeyed.status.success(), "{rekeyed:?}");
    assert_ne!(code(&rekeyed), code(&first));

    // The old rescue code is wrong now. The old identity is still available.
    let site = Site::new(&["204"]).await;
    let old = sqrl(at, &code(&rekeyed), &["login", "--old", "1", site.sqrl_url().as_str()]).await;
    assert_eq!(old.status.code(), Some(1));
    assert!(text(&old.stderr).contains("a newer identity has replaced this one"), "{old:?}");
    assert_eq!(site.received()[0].get("idk"), Some(idk.as_str()));
    let site = Site::new(&[]).await;
    let wrong = sqrl(at, &code(&first), &["enable", site.sqrl_url().as_str()]).await;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        text(&wrong.stderr).contains("SQRL_RESCUE_CODE: the rescue code is wrong"),
        "{wrong:?}"
    );
    assert!(site.received().is_empty());

    // A stale code does not break commands that do not need it.
    for stale in [code(&first).as_str(), "no code at all"] {
        for command in ["query", "login"] {
            let site = Site::new(&["5", "5"]).await;
            let page = site.page("/login");
            let fine = sqrl(at, stale, &[command, &page]).await;
            assert!(fine.status.success() && fine.stderr.is_empty(), "{fine:?}");
        }
        let site = Site::new(&["5", "5"]).await;
        let fine = sqrl(at, stale, &["login", site.sqrl_url().as_str()]).await;
        assert!(fine.status.success(), "{fine:?}");
        assert!(text(&fine.stderr).starts_with("sqrl: SQRL_RESCUE_CODE: "), "{fine:?}");
        assert!(!text(&fine.stderr).contains(stale), "{fine:?}");
    }

    let site = Site::new(&["4"]).await;
    let query = sqrl(at, "", &["query", "-v", site.sqrl_url().as_str()]).await;
    assert!(text(&query.stdout).contains("does not know this identity"), "{query:?}");
    assert!(text(&query.stderr).contains("tif 4: same address"), "{query:?}");
    assert_eq!(site.received()[0].get("pidk"), Some(idk.as_str()));
}

#[tokio::test]
async fn a_client_provided_session() {
    let directory = tempfile::tempdir().unwrap();
    let seed = "07".repeat(32);
    let site = Site::new(&["5"]).await;
    let page = site.page("/login");
    let arguments = ["login", &page, "--cps", "--noiptest", "--seed", &seed];
    let failed = sqrl(directory.path(), "", &arguments).await;
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");

    let site = Site::new(&["5", "5 url=URL"]).await;
    let page = site.page("/login");
    let arguments = ["login", &page, "--cps", "--noiptest", "--seed", &seed];
    let output = sqrl(directory.path(), "", &arguments).await;
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("/home?a=b"), "{output:?}");
    let ident = &site.received()[1];
    assert_eq!(ident.get("opt"), Some("cps~suk~noiptest"));
    let can = tower_sqrl_client::base64url::encode(&page);
    assert!(site.received()[0].server().ends_with(&format!("&can={can}")));
    assert!(!directory.path().join("sqrl-identity.json").exists());
}

#[tokio::test]
async fn wrong_usage_exits_with_2() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [&["login"][..], &["query", "x", "--button", "3"], &["fly"]] {
        let output = sqrl(directory.path(), "", arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let output = sqrl(directory.path(), "", &["enable", "http://127.0.0.1:1/"]).await;
    let said = text(&output.stderr);
    assert!(said.contains("create one with `sqrl new`"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

/// A rescue code with a wrong digit, or a seed with an extra one, is almost the secret.
#[tokio::test]
async fn error_messages_contain_no_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let (code, seed) = ("1198-8748-7132-2838-8318-757O", "0123456789abcdef".repeat(4) + "0");
    let enable = ["enable", "http://127.0.0.1:1/"];
    sqrl(directory.path(), "", &["new"]).await;
    for (arguments, environment, secret, status) in [
        (&["--rescue-code", code][..], "", code, 2),
        (&[], code, code, 1),
        (&["--seed", &seed], "", &*seed, 2),
    ] {
        let arguments = [&enable, arguments].concat();
        let output = sqrl(directory.path(), environment, &arguments).await;
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(
            said.contains("a rescue code is 24 digits") || said.contains("a seed is 64"),
            "{said}"
        );
        assert!(!said.contains(&secret[..10]) && !said.contains(&secret[10..]), "{said}");
    }
}

#[tokio::test]
async fn load_rejects_other_machines() {
    let directory = tempfile::tempdir().unwrap();
    let refused = sqrl(directory.path(), "", &["load", "http://192.0.2.1/login"]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(text(&refused.stderr).contains("192.0.2.1:80 is not on this machine"), "{refused:?}");

    // Fails at once if sign-ins cannot work. Creates no identity file.
    let site = Site::new(&[]).await;
    let page = site.page("/circle");
    let failed = sqrl(directory.path(), "", &["load", &page, "--logins", "3"]).await;
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    assert!(text(&failed.stderr).contains("no SQRL URL"), "{failed:?}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// If the site knows a previous identity, a page is opened again with the rescue code. A SQRL URL
/// works once, so the code is used at once.
#[tokio::test]
async fn a_sign_in_reads_the_rescue_code_if_it_needs_it() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let old = code(&sqrl(at, "", &["new"]).await);
    let new = code(&sqrl(at, &old, &["rekey"]).await);
    let mut suk = [0; 32];
    suk[0] = 9; // the base point
    let knows = format!("6 suk={}", tower_sqrl_client::base64url::encode(suk));

    let site = Site::new(&[&knows, &knows, "5"]).await;
    let moved = sqrl(at, &new, &["login", &site.page("/login")]).await;
    assert!(moved.status.success(), "{moved:?}");
    assert!(text(&moved.stdout).contains("has replaced it by the current one"), "{moved:?}");
    let site = Site::new(&[&knows, "5"]).await;
    let moved = sqrl(at, &new, &["login", site.sqrl_url().as_str()]).await;
    assert!(moved.status.success() && moved.stderr.is_empty(), "{moved:?}");

    let site = Site::new(&[&knows, &knows, "5"]).await;
    let refused = sqrl(at, &old, &["login", &site.page("/login")]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        text(&refused.stderr).contains("SQRL_RESCUE_CODE: the rescue code is wrong"),
        "{refused:?}"
    );
    assert_eq!(site.received().len(), 1);
}
