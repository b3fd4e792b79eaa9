//! The command `sqrl`, run as people run it.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Output;

use support::Site;
use support::command::{sqrl, text};

/// The rescue code that the command showed.
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
    let led = format!("the browser was led to http://{}/home?a=b (200)", site.host);
    assert!(shown.contains(&led), "{shown}");
    // A tab that shows the page elsewhere is not that browser.
    assert!(shown.contains("sqrl's own browser"), "{shown}");
    assert!(shown.contains("run `sqrl listen` and press the button"), "{shown}");
    let idk = site.received()[0].get("idk").unwrap().to_owned();

    // Locked: what needs the code says so before anything is sent.
    let site = Site::new(&[]).await;
    let refused = sqrl(at, "", &["enable", site.link().as_str()]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("rescue code"), "{refused:?}");
    assert!(site.received().is_empty());

    let rekeyed = sqrl(at, &code(&first), &["rekey"]).await;
    assert!(rekeyed.status.success(), "{rekeyed:?}");
    assert_ne!(code(&rekeyed), code(&first));

    // The old code opens nothing any more; the old identity is still at hand.
    let site = Site::new(&["204"]).await;
    let old = sqrl(at, &code(&rekeyed), &["login", "--old", "1", site.link().as_str()]).await;
    assert_eq!(old.status.code(), Some(1));
    assert!(text(&old.stderr).contains("superseded by a newer one"), "{old:?}");
    assert_eq!(site.received()[0].get("idk"), Some(idk.as_str()));
    let site = Site::new(&[]).await;
    let wrong = sqrl(at, &code(&first), &["enable", site.link().as_str()]).await;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        text(&wrong.stderr).contains("SQRL_RESCUE_CODE: this is not the rescue code"),
        "{wrong:?}"
    );
    assert!(site.received().is_empty());

    // It is not in the way of what does not need it.
    for stale in [code(&first).as_str(), "no code at all"] {
        for command in ["query", "login"] {
            let site = Site::new(&["5", "5"]).await;
            let page = site.page("/login");
            let fine = sqrl(at, stale, &[command, &page]).await;
            assert!(fine.status.success() && fine.stderr.is_empty(), "{fine:?}");
        }
        let site = Site::new(&["5", "5"]).await;
        let fine = sqrl(at, stale, &["login", site.link().as_str()]).await;
        assert!(fine.status.success(), "{fine:?}");
        assert!(text(&fine.stderr).starts_with("sqrl: SQRL_RESCUE_CODE: "), "{fine:?}");
        assert!(!text(&fine.stderr).contains(stale), "{fine:?}");
    }

    let site = Site::new(&["4"]).await;
    let query = sqrl(at, "", &["query", "-v", site.link().as_str()]).await;
    assert!(text(&query.stdout).contains("does not know this identity"), "{query:?}");
    assert!(text(&query.stderr).contains("tif 4 means: same address"), "{query:?}");
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
async fn wrong_usage_is_2() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [&["login"][..], &["query", "x", "--button", "3"], &["fly"]] {
        let output = sqrl(directory.path(), "", arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let output = sqrl(directory.path(), "", &["enable", "http://127.0.0.1:1/"]).await;
    let said = text(&output.stderr);
    assert!(said.contains("`sqrl login` makes one, and `sqrl new`"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

/// A code with a wrong digit, or a seed with one too many, is nearly the right one.
#[tokio::test]
async fn no_complaint_repeats_a_secret() {
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
async fn load_aims_at_servers_of_ones_own_only() {
    let directory = tempfile::tempdir().unwrap();
    let refused = sqrl(directory.path(), "", &["load", "http://192.0.2.1/login"]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(text(&refused.stderr).contains("192.0.2.1:80 is not on this machine"), "{refused:?}");

    // A site that signs nobody in: said at once, and no identity file is made.
    let site = Site::new(&[]).await;
    let page = site.page("/circle");
    let failed = sqrl(directory.path(), "", &["load", &page, "--logins", "3"]).await;
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    assert!(text(&failed.stderr).contains("no SQRL link"), "{failed:?}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// The site knows a previous identity: the page is opened again with the code of the environment,
/// or a link, which is good for one attempt, is answered with it at once.
#[tokio::test]
async fn a_rescue_code_is_read_where_a_sign_in_needs_it() {
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
    let moved = sqrl(at, &new, &["login", site.link().as_str()]).await;
    assert!(moved.status.success() && moved.stderr.is_empty(), "{moved:?}");

    let site = Site::new(&[&knows, &knows, "5"]).await;
    let refused = sqrl(at, &old, &["login", &site.page("/login")]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(text(&refused.stderr).contains("SQRL_RESCUE_CODE: this is not"), "{refused:?}");
    assert_eq!(site.received().len(), 1);
}
