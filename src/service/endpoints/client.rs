//! `cli.sqrl`: the client. Whatever it sends, and whatever becomes of it, the reply is 200
//! with a complete list, for clients parse the body whatever the status says.

use http::StatusCode;
use http::request::Parts;
use http_body::Body;

use super::{parameter, read};
use crate::protocol::Tif;
use crate::service::other_site::is_from_another_sites_page;
use crate::service::respond::{self, Own};
use crate::service::to_its_end::to_its_end;
use crate::service::{BoxError, ChallengeError, Sqrl};

pub(super) async fn answer(
    sqrl: &Sqrl,
    parts: &Parts,
    body: impl Body<Error: Into<BoxError>>,
) -> Own {
    let engine = sqrl.engine();
    if is_from_another_sites_page(&parts.headers) {
        // Not counted against the address, which is its visitor's.
        tracing::debug!("refused: a page of another site sends it");
        return reply(engine.dead_end(Tif::REFUSED));
    }
    let body = read(body, sqrl.settings().body_limit).await;
    let peer = sqrl.client_address(&parts.headers, &parts.extensions);
    let answered = match (body, peer) {
        (Some(body), Some(peer)) => {
            // A client that hangs up leaves no step half done: what has begun ends. Nor does a
            // mistake of ours leave a client without a reply.
            let (sqrl, nut) = (sqrl.clone(), parameter(parts, "nut"));
            let answer = async move { sqrl.engine().answer(nut.as_deref(), &body, peer).await };
            to_its_end(answer).await.unwrap_or_else(|| engine.dead_end(Tif::TRY_AGAIN))
        }
        (None, _) => {
            tracing::debug!("refused: the body is too long, cut off or late");
            engine.dead_end(Tif::REFUSED)
        }
        (_, None) => {
            tracing::error!("{}", ChallengeError::NoClientAddress);
            engine.dead_end(Tif::TRY_AGAIN)
        }
    };
    reply(answered)
}

fn reply(body: String) -> Own {
    respond::whole(StatusCode::OK, "application/x-www-form-urlencoded", body)
}
