//! The layer answers exactly its own paths, as they are in the request line.

use crate::common::{Setup, Site, alice};

/// Other spellings of `/auth/cli.sqrl`. A proxy may have treated them as other paths.
const OTHER_NAMES: [&str; 18] = [
    "//auth/cli.sqrl",
    "/auth//cli.sqrl",
    "/auth/cli.sqrl/",
    "/auth/./cli.sqrl",
    "/auth/../auth/cli.sqrl",
    "/x/../auth/cli.sqrl",
    "/auth/%63li.sqrl",
    "/auth/cli%2Esqrl",
    "/auth%2Fcli.sqrl",
    "/%61uth/cli.sqrl",
    "/auth/cli.sqrl%00",
    "/auth/cli.sqrl%20",
    "/auth/cli.sqrl;x=1",
    "/auth/cli.sqrl&x=1",
    "/auth/CLI.SQRL",
    "/AUTH/cli.sqrl",
    "/authcli.sqrl",
    "/cli.sqrl",
];

async fn status(site: &Site, target: &str, body: &str) -> (String, String) {
    let length = body.len();
    let answer = site
        .raw(&format!(
            "POST {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await;
    let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    (status, body.unwrap_or_default())
}

#[tokio::test]
async fn only_exact_paths_belong_to_the_layer() {
    let site = Site::with(|builder| builder.prefix("/auth")).await;
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let body = chain.signed(&chain.params("query")).encode();
    let query = format!("?nut={}", visit.sqrl_url.nut());
    site.tap.calls();
    for path in OTHER_NAMES {
        let (status, _) = status(&site, &format!("{path}{query}"), &body).await;
        assert_eq!(status, "404", "the application's: {path}");
    }
    // hyper refuses invalid request lines.
    for path in ["/auth/cli.sqrl\u{0}", "auth/cli.sqrl", "/auth/ cli.sqrl"] {
        let (status, _) = status(&site, &format!("{path}{query}"), &body).await;
        assert_eq!(status, "400", "{path:?}");
    }
    assert!(site.tap.calls().is_empty(), "none of it reached a store");
    // A request line with a whole URL has a path too. Its host is ignored.
    let (answered, _) =
        status(&site, &format!("http://evil.example/auth/cli.sqrl{query}"), &body).await;
    assert_eq!(answered, "200");
}

#[tokio::test]
async fn under_a_mount_the_layer_sees_the_rest_of_the_path() {
    let setup = Setup { mount: "/app", ..Setup::default() };
    let site = Site::with_setup(setup, |builder| builder).await;
    for path in
        ["/cli.sqrl", "/app/app/cli.sqrl", "/app%2Fcli.sqrl", "/appcli.sqrl", "/app/../cli.sqrl"]
    {
        assert_eq!(status(&site, path, "").await.0, "404", "{path}");
    }
    assert_eq!(status(&site, "/app/cli.sqrl", "").await.0, "200");
}

/// A parameter that occurs twice is ignored.
#[tokio::test]
async fn a_repeated_parameter_is_ignored() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let nut = visit.sqrl_url.nut();
    let twice = format!("nut={nut}&nut={nut}");
    assert_eq!(visit.get(&format!("pag.sqrl?{twice}")).await.status(), 410);
    assert_eq!(visit.get(&format!("evt.sqrl?{twice}")).await.status(), 410);
    assert_eq!(visit.get(&format!("svg.sqrl?{twice}")).await.status(), 400);
    assert_eq!(visit.get(&format!("nut.sqrl?renew={nut}&renew={nut}")).await.status(), 200);
    assert_eq!(visit.get(&format!("signed-in?{twice}")).await.status(), 401);
    // Percent-encoding does not make it another parameter.
    assert_eq!(visit.get(&format!("svg.sqrl?%6eut={nut}")).await.status(), 200);
    assert_eq!(visit.get(&format!("svg.sqrl?%6eut={nut}&nut={nut}")).await.status(), 400);
}
