//! A response as a row of the table, and the checks that every response must pass.

use axum::body::Bytes;
use axum::http::{HeaderMap, Response};

/// The policy of the sign-in page.
pub(super) const SIGN_IN_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' http://localhost:25519; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
/// The policy of the confirmation.
pub(super) const CONFIRM_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'";
/// The policy of the other pages.
pub(super) const MESSAGE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// The origin of a response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The layer.
    Layer,
    /// The application. The layer adds headers.
    Application,
}

/// The columns: status, content type, cache, policy, referrer, cookies, and other headers.
pub(super) fn row(response: &Response<Bytes>, by: By, https: bool) -> String {
    let headers = response.headers();
    let value = |name: &str| headers.get(name).map(|value| value.to_str().expect("text"));
    check(headers, by);
    let policy = match value("content-security-policy") {
        None => "",
        Some("default-src 'none'") => "nothing",
        Some(policy) => {
            assert_eq!(value("x-frame-options"), Some("DENY"), "every page");
            assert_eq!(value("cross-origin-opener-policy"), Some("same-origin"), "every page");
            let embeds = (policy == SIGN_IN_POLICY).then_some("unsafe-none");
            assert_eq!(value("cross-origin-embedder-policy"), embeds, "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "every page");
            match policy {
                SIGN_IN_POLICY => "sign-in",
                CONFIRM_POLICY => "confirmation",
                MESSAGE_POLICY => "message",
                other => panic!("an unknown policy: {other}"),
            }
        }
    };
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
    let cookies: Vec<_> =
        cookies.iter().map(|c| cookie(c.to_str().expect("text"), https)).collect();
    let more = ["allow", "location", "x-accel-buffering"]
        .map(|name| value(name).map(|value| format!("`{name}: {}`", without_secrets(value))));
    let more: Vec<_> = more.into_iter().flatten().collect();
    let columns = [
        response.status().as_u16().to_string(),
        value("content-type").unwrap_or_default().replace("; charset=utf-8", ""),
        value("cache-control").unwrap_or_default().to_owned(),
        policy.to_owned(),
        value("referrer-policy").unwrap_or_default().to_owned(),
        cookies.join(", "),
        more.join(", "),
    ];
    columns.join(" | ")
}

/// Checks what is the same in all responses.
fn check(headers: &HeaderMap, by: By) {
    for name in headers.keys() {
        let name = name.as_str();
        assert!(!name.starts_with("access-control-"), "nobody else reads answers: {name}");
        let known = ["server", "x-powered-by", "etag", "last-modified", "refresh", "link"];
        assert!(!known.contains(&name), "{name}");
    }
    let charset = |kind: &str| !kind.starts_with("text/") || kind.contains("utf-8");
    if by == By::Layer {
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let kind = headers["content-type"].to_str().expect("text");
        assert!(charset(kind) || kind == "text/event-stream", "{kind}");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
    }
    // Only cookies may occur twice.
    for name in headers.keys().filter(|name| *name != "set-cookie") {
        assert_eq!(headers.get_all(name).iter().count(), 1, "{name}");
    }
}

/// The name of the cookie, after a check of its attributes.
fn cookie(line: &str, https: bool) -> String {
    let (pair, attributes) = line.split_once("; ").expect("attributes");
    let (name, value) = pair.split_once('=').expect("a value");
    let (prefix, secure) = if https { ("__Host-sqrl-", "; Secure") } else { ("sqrl-", "") };
    let name = name.strip_prefix(prefix).expect("our name");
    let seconds = match (name, value) {
        (_, "") => 0,
        ("ask" | "cps" | "done", _) => 60,
        _ => 1800,
    };
    let expected = format!("Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    assert_eq!(attributes, expected, "{line}");
    let sign = if value.is_empty() { "−" } else { "+" };
    match name {
        "ask" | "cps" => {
            assert!(value.is_empty() || value.len() == 22, "{line}");
            format!("{sign}`{name}`")
        }
        "done" | "ended" => format!("{sign}`{name}`"),
        nut => {
            assert_eq!(nut.len(), 22, "{line}");
            assert!(value.is_empty() || value.split('.').next().is_some_and(|s| s.len() == 22));
            format!("{sign}wait")
        }
    }
}

/// A URL without the parts that differ between runs.
fn without_secrets(text: &str) -> String {
    let text = match text.split_once("://") {
        Some((_, rest)) => format!("ORIGIN{}", &rest[rest.find('/').unwrap_or(rest.len())..]),
        None => text.to_owned(),
    };
    match text.split_once("nut=") {
        Some((before, _)) => format!("{before}nut=NUT"),
        None => text,
    }
}
