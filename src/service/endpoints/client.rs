//! `cli.sqrl`: answers SQRL clients. Every reply is 200 with a complete list, because clients parse the body
//! and ignore the status.

use http::request::Parts;
use http::{HeaderValue, StatusCode, Version, header};
use http_body::Body;

use crate::service::completion::to_completion;
use crate::service::other_site::is_from_a_web_page;
use crate::service::query::parameter;
use crate::service::request_body::{Unread, read};
use crate::service::respond::{self, LayerResponse};
use crate::service::{BoxError, ChallengeError, Sqrl};
use tower_sqrl_core::protocol::Tif;

pub(super) async fn answer<B>(sqrl: &Sqrl, parts: &Parts, body: B) -> LayerResponse
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let engine = sqrl.engine();
    if is_from_a_web_page(&parts.headers) {
        // Not counted against the address, which belongs to the page's visitor.
        tracing::debug!("rejected: a web page sent the request");
        return reply(engine.dead_end(Tif::REFUSED));
    }
    let body = read(body, sqrl.settings().body_limit).await;
    let peer = sqrl.client_address(&parts.headers, &parts.extensions);
    let answered = match (body, peer) {
        (Ok(body), Some(peer)) => {
            // A step completes even if the client disconnects, and a panic still sends a reply.
            let (sqrl, nut) = (sqrl.clone(), parameter(parts, "nut"));
            let answer = async move { sqrl.engine().answer(nut.as_deref(), &body, peer).await };
            to_completion(answer).await.unwrap_or_else(|| engine.dead_end(Tif::TRY_AGAIN))
        }
        (Err(why), _) => {
            tracing::debug!("rejected: {why}");
            let mut reply = reply(engine.dead_end(Tif::REFUSED));
            // HTTP/2 ends the stream alone.
            if why == Unread::TooLong && parts.version < Version::HTTP_2 {
                let close = HeaderValue::from_static("close");
                reply.headers_mut().insert(header::CONNECTION, close);
            }
            return reply;
        }
        (_, None) => {
            tracing::error!("{}", ChallengeError::NoClientAddress);
            engine.dead_end(Tif::TRY_AGAIN)
        }
    };
    reply(answered)
}

fn reply(body: String) -> LayerResponse {
    respond::whole(StatusCode::OK, "application/x-www-form-urlencoded", body)
}
