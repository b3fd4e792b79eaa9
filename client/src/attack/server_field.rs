//! Attack 7: `server` ties a request to what the server sent before.

use super::trial::{AttackResult, Trial, refused, worked};
use crate::base64url;

/// 7a: a page between server and client alters the SQRL URL, and the client signs it.
pub(super) async fn first(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    for way in 0..5 {
        let visit = trial.visit().await?;
        let url = visit.sqrl_url.as_str();
        let host = visit.sqrl_url.origin();
        let (_, host) = host.split_once("://").unwrap_or_default();
        let other = trial.visit().await?.sqrl_url;
        let (how, server) = match way {
            0 => ("another host", url.replace(host, "phishing.invalid")),
            1 => ("one more parameter", format!("{url}&evil=1")),
            2 => ("another SQRL URL", other.to_string()),
            3 => ("a shorter SQRL URL", url[..url.len() - 1].to_owned()),
            _ => ("an empty server=", String::new()),
        };
        let mut client = visit.client(&victim);
        client.server = base64url::encode(server);
        let answer = client.ident().await?;
        trial.record_answer(&format!("ident with {how}"), &answer);
        let arrived = trial.landing_page(&visit, answer.url()).await?.is_some();
        if arrived || answer.is_success() {
            return worked(format!("an ident with {how} is accepted"));
        }
    }
    refused(format!("{}; the page still waits", trial.answers()))
}

/// 7b: an altered reply, or a reply of another chain.
pub(super) async fn later(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    for way in 0..4 {
        let visit = trial.visit().await?;
        let mut client = visit.client(&victim);
        let first = client.server.clone();
        client.query().await?.expect_success("query")?;
        let mut other = trial.visit().await?.client(&victim);
        other.query().await?.expect_success("query")?;
        let reply = base64url::decode(&client.server).unwrap_or_default();
        let reply = String::from_utf8_lossy(&reply).replace("tif=", "tif=1");
        let honest = client.signed(&client.introducing("ident"));
        let (how, server) = match way {
            0 => ("the SQRL URL", first),
            1 => ("other flags in the reply", base64url::encode(reply)),
            2 => ("another chain's reply", other.server),
            _ => ("another server= than was signed", other.server),
        };
        let form = if way == 3 {
            honest.altered("server", &server)
        } else {
            client.server = server;
            client.signed(&client.introducing("ident"))
        };
        let answer = client.send(&form).await?;
        trial.record_answer(&format!("ident with {how}"), &answer);
        let arrived = trial.landing_page(&visit, answer.url()).await?.is_some();
        if arrived || answer.is_success() {
            return worked(format!("an ident with {how} is accepted"));
        }
    }
    refused(format!("{}; the page still waits", trial.answers()))
}
