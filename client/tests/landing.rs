//! The landing page of `sqrl login`, and what the command reports about it.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod support;

use support::Site;
use support::command::{sqrl, text};

/// Runs `sqrl login`. Returns its exit code, output and errors.
async fn login(arguments: &[&str]) -> (Option<i32>, String, String) {
    let directory = tempfile::tempdir().unwrap();
    let seed = "07".repeat(32);
    let arguments = [&["login", "--seed", &seed], arguments].concat();
    let output = sqrl(directory.path(), "", &arguments).await;
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn a_page_with_another_host_than_its_sqrl_url() {
    let site = Site::new(&["5", "5"]).await;
    let (status, out, err) = login(&[&site.page("/login?localhost")]).await;
    assert_eq!(status, Some(1), "{out}{err}");
    let port = site.host.rsplit(':').next().unwrap();
    assert!(err.contains("the site accepted the identity, but"), "{err}");
    assert!(
        err.contains(&format!("has no cookie for the landing page http://localhost:{port}/enter")),
        "{err}"
    );
    let hint = format!(
        "opened at http://127.0.0.1:{port}, but its SQRL URL is for http://localhost:{port}"
    );
    assert!(err.contains(&hint), "{err}");

    // The page cannot be `can` either. Nothing is sent.
    let site = Site::new(&["5", "5"]).await;
    let (status, out, err) = login(&["--cps", &site.page("/login?localhost")]).await;
    assert_eq!(status, Some(1), "{out}{err}");
    assert!(err.contains("its SQRL URL have different origins"), "{err}");
    assert!(err.contains("open the page there"), "{err}");
    assert!(site.received().is_empty());
}

#[tokio::test]
async fn a_page_that_asks_for_confirmation() {
    let script = ["5", "5 url=http://HOST/cps.sqrl?1"];
    let site = Site::new(&script).await;
    let (status, out, err) = login(&["--cps", &site.page("/login?no-cookie")]).await;
    assert_eq!(status, Some(1), "{out}{err}");
    let question = format!("the site asks for confirmation at {}", site.page("/cps.sqrl"));
    assert!(err.contains(&question), "{err}");
    assert!(!err.contains("opened at"), "{err}");

    let site = Site::new(&script).await;
    let (status, out, err) = login(&["--cps", &site.page("/login")]).await;
    assert_eq!(status, Some(0), "{out}{err}");
}

#[tokio::test]
async fn a_page_that_offers_a_sign_in_again() {
    let site = Site::new(&["5", "5"]).await;
    let (status, out, err) = login(&[&site.page("/login?again")]).await;
    assert_eq!(status, Some(1), "{out}{err}");
    let said = format!("landing page {} offers a SQRL sign-in again", site.page("/login"));
    assert!(err.contains(&said), "{err}");
}

#[tokio::test]
async fn an_error_page_and_no_secret_of_its_url() {
    let site = Site::new(&["5", "5"]).await;
    let (status, out, err) = login(&[&site.page("/login?forbidden")]).await;
    assert_eq!(status, Some(1), "{out}{err}");
    assert!(err.contains("/nowhere?… returned HTTP 403 Forbidden"), "{err}");
    assert!(!(out + &err).contains("a-key"));
}

#[tokio::test]
async fn a_page_that_redirects_to_the_sign_in_page() {
    let site = Site::new(&["5", "5"]).await;
    let (status, out, err) = login(&[&site.page("/private")]).await;
    assert_eq!(status, Some(0), "{out}{err}");
    let (asked, shown) = (site.page("/private"), site.page("/login"));
    assert!(err.contains(&format!("{asked} redirected to {shown}")), "{err}");
}

#[tokio::test]
async fn a_given_cookie_is_sent_to_the_origin_of_the_page_only() {
    const COOKIE: &str = "app=of-the-application";
    let site = Site::new(&["5", "5"]).await;
    let (status, out, err) =
        login(&["--cookie", "b=1", "--cookie", COOKIE, "-v", &site.page("/private")]).await;
    assert_eq!(status, Some(0), "{out}{err}");
    assert!(!err.contains("redirected") && !(out + &err).contains("of-the-application"));
    let seen = site.cookies();
    assert_eq!(seen[0], ("/private".to_owned(), format!("b=1; {COOKIE}")));
    assert!(seen.iter().any(|(path, cookie)| path == "/home" && cookie.contains(COOKIE)));
    // The client sends no cookies.
    assert!(!seen.iter().any(|(path, _)| path == "/cli.sqrl" || path == "/next"), "{seen:?}");

    // Another port is another origin.
    let other = Site::new(&["5"]).await;
    let page = site.page(&format!("/to?{}", other.page("/login")));
    let directory = tempfile::tempdir().unwrap();
    let seed = "07".repeat(32);
    let arguments = ["query", "--seed", &seed, "--cookie", COOKIE, &page];
    let output = sqrl(directory.path(), "", &arguments).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(site.cookies().last().unwrap(), &("/to".to_owned(), COOKIE.to_owned()));
    assert_eq!(other.received().len(), 1);
    assert_eq!(other.cookies(), []);
}

#[tokio::test]
async fn a_cookie_that_cannot_be_sent_is_wrong_usage() {
    let page = "http://127.0.0.1:1/";
    for (arguments, why) in [
        (["--cookie", "the-secret", page], "NAME=VALUE"),
        (["--cookie", "a=the-secret b", page], "a cookie needs a name"),
        (["--cookie", "a=the-secret", "qrl://127.0.0.1:1/?nut=n"], "the target is a SQRL URL"),
        (["--cookie", "a=the-secret", "nothing"], "the target is not a URL"),
    ] {
        let (status, out, err) = login(&arguments).await;
        assert_eq!(status, Some(2), "{err}");
        assert!(err.contains(why) && !(out + &err).contains("the-secret"), "{err}");
    }
    // Other commands reject the option without repeating its value.
    let directory = tempfile::tempdir().unwrap();
    for arguments in
        [&["listen", "--cookie=a=the-secret"][..], &["rekey", "--cookie", "a=the-secret"]]
    {
        let output = sqrl(directory.path(), "", arguments).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(!text(&output.stderr).contains("the-secret"), "{output:?}");
    }
}
