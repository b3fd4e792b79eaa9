//! What a request and its answer say about the sign-in that they belong to.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use sha2::{Digest as _, Sha256};
use tower_sqrl::protocol::base64url;

/// Longer than any reply of `cli.sqrl`.
const LONGEST_REPLY: usize = 64 * 1024;

/// A request that is a step.
#[derive(Debug)]
pub(super) struct Asked {
    /// The last part of its path.
    name: &'static str,
    /// What it belongs to, unless only the answer tells.
    label: Option<String>,
}

/// What was asked and answered, what it belongs to, and what it led to.
type Answered = (String, String, Vec<String>);

impl Asked {
    pub(super) fn of(request: &Request) -> Option<Self> {
        const NAMES: [&str; 7] =
            ["login", "nut.sqrl", "cli.sqrl", "pag.sqrl", "evt.sqrl", "cps.sqrl", "signed-in"];
        let (uri, headers) = (request.uri(), request.headers());
        let last = uri.path().rsplit('/').next()?;
        let name = NAMES.into_iter().find(|name| *name == last)?;
        let query = uri.query().unwrap_or_default();
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let belongs_to = match name {
            "cps.sqrl" if !query.is_empty() => Some(query),
            "cps.sqrl" => cookie(headers, "sqrl-ask"),
            "nut.sqrl" => parameter("renew"),
            _ => parameter("nut").or_else(|| cookie(headers, "sqrl-cps")),
        };
        Some(Self { name, label: belongs_to.map(label) })
    }

    /// Reads the answer, and gives it back as it was.
    pub(super) async fn answered(self, response: Response) -> (Option<Answered>, Response) {
        let status = response.status();
        match self.name {
            // Pages ask this all the time.
            "pag.sqrl" if status == StatusCode::NOT_FOUND => (None, response),
            "cli.sqrl" => {
                let (head, body) = response.into_parts();
                let Ok(body) = to_bytes(body, LONGEST_REPLY).await else {
                    return (None, Response::from_parts(head, Body::empty()));
                };
                let answered = self.label.zip(reply(&body)).map(|(label, (tif, leads_to))| {
                    (format!("{}: tif {tif}", self.name), label, leads_to)
                });
                (answered, Response::from_parts(head, Body::from(body)))
            }
            _ => {
                let new = new_link(response.headers()).map(label);
                let what = format!("{}: {}", self.name, status.as_u16());
                let answered = match (self.label, new) {
                    (Some(old), new) => Some((what, old, new.into_iter().collect())),
                    (None, Some(new)) => Some((what, new, Vec::new())),
                    (None, None) => None,
                };
                (answered, response)
            }
        }
    }
}

/// The tif of a reply, and the labels of its nut and CPS URL.
fn reply(body: &[u8]) -> Option<(String, Vec<String>)> {
    let lines = String::from_utf8(base64url::decode(body).ok()?).ok()?;
    let line = |name: &str| {
        let mut pairs = lines.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let cps = line("url").and_then(|url| url.split_once('?')).map(|(_, id)| id);
    let leads_to = line("nut").into_iter().chain(cps).map(label).collect();
    Some((line("tif")?.to_owned(), leads_to))
}

/// The nut of a link that an answer brings: its cookie bears its name.
fn new_link(headers: &HeaderMap) -> Option<&str> {
    let set = headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    set.filter(|cookie| !cookie.contains("Max-Age=0"))
        .filter_map(|cookie| cookie.split_once('='))
        .filter_map(|(name, _)| name.strip_prefix("__Host-").unwrap_or(name).strip_prefix("sqrl-"))
        .find(|name| !matches!(*name, "ask" | "cps"))
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split("; ")).filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| key.strip_prefix("__Host-").unwrap_or(key) == name)
        .map(|(_, value)| value)
}

fn label(secret: &str) -> String {
    base64url::encode(&Sha256::digest(secret)[..9])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_tells_what_it_leads_to() {
        let text =
            "ver=1\r\nnut=abc\r\ntif=5\r\nqry=/cli.sqrl?nut=abc\r\nurl=http://h/cps.sqrl?def\r\n";
        let reply = reply(base64url::encode(text).as_bytes());
        assert_eq!(reply, Some(("5".to_owned(), vec![label("abc"), label("def")])));
    }

    #[test]
    fn a_new_link_is_known_by_its_cookie() {
        let mut headers = HeaderMap::new();
        for cookie in ["sqrl-old=; Max-Age=0; Path=/", "sqrl-cps=x; Path=/", "__Host-sqrl-new=y"] {
            headers.append(header::SET_COOKIE, cookie.parse().expect("a value"));
        }
        assert_eq!(new_link(&headers), Some("new"));
    }
}
