//! Attack 7: `server` is what ties a request to what the server said before.

use super::scene::{Scene, Tried, refused, worked};
use crate::base64url;

/// 7a: a page in the middle shows the link altered, and the client signs what it saw.
pub(super) async fn first(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    for way in 0..5 {
        let visit = scene.visit().await?;
        let link = visit.link.as_str();
        let host = visit.link.origin();
        let (_, host) = host.split_once("://").unwrap_or_default();
        let other = scene.visit().await?.link;
        let (how, server) = match way {
            0 => ("another host", link.replace(host, "phishing.invalid")),
            1 => ("one more parameter", format!("{link}&evil=1")),
            2 => ("another link", other.to_string()),
            3 => ("a link cut short", link[..link.len() - 1].to_owned()),
            _ => ("nothing", String::new()),
        };
        let mut hand = visit.hand(&victim);
        hand.server = base64url::encode(server);
        let answer = hand.ident().await?;
        scene.note(&format!("ident that covers {how}"), &answer);
        let arrived = scene.arrival(&visit, answer.url()).await?.is_some();
        if arrived || answer.is_success() {
            return worked(format!("an ident that covers {how} instead of the link is accepted"));
        }
    }
    refused(format!("{}; the page goes on waiting", scene.answers()))
}

/// 7b: a later reply, altered on its way, or of somebody else's chain.
pub(super) async fn later(scene: &mut Scene<'_>) -> Tried {
    let victim = scene.known().await?;
    for way in 0..4 {
        let visit = scene.visit().await?;
        let mut hand = visit.hand(&victim);
        let link = hand.server.clone();
        hand.query().await?.honest("query")?;
        let mut other = scene.visit().await?.hand(&victim);
        other.query().await?.honest("query")?;
        let reply = base64url::decode(&hand.server).unwrap_or_default();
        let reply = String::from_utf8_lossy(&reply).replace("tif=", "tif=1");
        let honest = hand.signed(&hand.introducing("ident"));
        let (how, server) = match way {
            0 => ("the link", link),
            1 => ("the reply with other flags", base64url::encode(reply)),
            2 => ("another chain's reply", other.server),
            _ => ("another text than was signed", other.server),
        };
        let form = if way == 3 {
            honest.altered("server", &server)
        } else {
            hand.server = server;
            hand.signed(&hand.introducing("ident"))
        };
        let answer = hand.send(&form).await?;
        scene.note(&format!("ident with {how}"), &answer);
        let arrived = scene.arrival(&visit, answer.url()).await?.is_some();
        if arrived || answer.is_success() {
            return worked(format!("an ident with {how} for the last reply is accepted"));
        }
    }
    refused(format!("{}; the page goes on waiting", scene.answers()))
}
