//! `cli.sqrl`: the client. Whatever it sends, and whatever becomes of it, the reply is 200
//! with a complete list, for clients parse the body whatever the status says.

use http::StatusCode;
use http::request::Parts;
use http_body::Body;

use super::{parameter, read};
use crate::protocol::Tif;
use crate::service::respond::{self, Own};
use crate::service::{BoxError, Sqrl};

pub(super) async fn answer(
    sqrl: &Sqrl,
    parts: &Parts,
    body: impl Body<Error: Into<BoxError>>,
) -> Own {
    let reply = match read(body, sqrl.settings().body_limit).await {
        None => {
            tracing::debug!("refused: the body is too long, cut off or late");
            sqrl.engine().dead_end(Tif::REFUSED)
        }
        Some(body) => match sqrl.client_address(&parts.headers, &parts.extensions) {
            Some(peer) => {
                let nut = parameter(parts, "nut");
                sqrl.engine().answer(nut.as_deref(), &body, peer).await
            }
            None => {
                let error = super::super::ChallengeError::NoClientAddress;
                tracing::error!("{error}");
                sqrl.engine().dead_end(Tif::TRY_AGAIN)
            }
        },
    };
    respond::whole(StatusCode::OK, "application/x-www-form-urlencoded", reply)
}
