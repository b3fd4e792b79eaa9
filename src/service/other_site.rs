//! Requests that a browser sends without a visit by its user: from a page of another site, or as a
//! prefetch.
//!
//! Such a request would count against the user's address, although the user never sees the response. Only
//! browsers send them on behalf of others, and browsers label them.

use http::header::{HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue};

use super::challenge_error::ChallengeError;

/// Rejects a request whose response the browser's user does not see.
pub(super) fn check_visit(headers: &HeaderMap) -> Result<(), ChallengeError> {
    if is_prefetch(headers) {
        return Err(ChallengeError::Prefetch);
    }
    if is_from_within_another_site(headers) {
        return Err(ChallengeError::OtherSite);
    }
    Ok(())
}

/// Returns whether the browser loads this before a visit: a prefetch, a prerender or a preview.
fn is_prefetch(headers: &HeaderMap) -> bool {
    const PURPOSES: [HeaderName; 4] = [
        HeaderName::from_static("sec-purpose"),
        HeaderName::from_static("purpose"),
        HeaderName::from_static("x-purpose"),
        HeaderName::from_static("x-moz"),
    ];
    let says = |value: &HeaderValue| {
        let words = value.as_bytes().split(|byte| b";, ".contains(byte));
        let ahead: [&[u8]; 3] = [b"prefetch", b"prerender", b"preview"];
        words.into_iter().any(|word| ahead.iter().any(|ahead| word.eq_ignore_ascii_case(ahead)))
    };
    PURPOSES.iter().any(|name| headers.get_all(name).into_iter().any(says))
}

/// Returns whether a page of another site loads this without navigating: as an image, a frame or by a
/// script. Other subdomains of this site count as other sites.
fn is_from_within_another_site(headers: &HeaderMap) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|said| said == value);
    let is_other = ["cross-site", "same-site"].iter().any(|site| says("sec-fetch-site", site));
    is_other && !(says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document"))
}

/// Returns whether a web page of any site, including this one, sent the request: browsers label forms and
/// requests of scripts with the page's `Origin`.
///
/// SQRL clients have no such origin. A browser extension has an origin with its own scheme, such as
/// `chrome-extension://…`.
pub(super) fn is_from_a_web_page(headers: &HeaderMap) -> bool {
    let is_a_pages = |origin: &HeaderValue| {
        let origin = origin.as_bytes().to_ascii_lowercase();
        origin == b"null" || origin.starts_with(b"http:") || origin.starts_with(b"https:")
    };
    headers.get_all(ORIGIN).into_iter().any(is_a_pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn visitors_come_and_pages_do_not_send_them() {
        for (site, mode, dest, from_within) in [
            ("cross-site", "no-cors", "image", true),
            ("cross-site", "navigate", "iframe", true),
            ("cross-site", "cors", "empty", true),
            ("same-site", "no-cors", "image", true),
            ("same-site", "no-cors", "script", true),
            ("same-site", "navigate", "iframe", true),
            ("same-site", "cors", "empty", true),
            ("same-site", "navigate", "document", false),
            ("cross-site", "navigate", "document", false),
            ("same-origin", "cors", "empty", false),
            ("none", "navigate", "document", false),
        ] {
            let headers = headers(&[
                ("sec-fetch-site", site),
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", dest),
            ]);
            let said = matches!(check_visit(&headers), Err(ChallengeError::OtherSite));
            assert_eq!(said, from_within, "{site} {mode} {dest}");
        }
        assert!(check_visit(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn a_load_ahead_of_a_visit_is_none() {
        for (name, value, ahead) in [
            ("sec-purpose", "prefetch", true),
            ("sec-purpose", "prefetch;prerender", true),
            ("sec-purpose", "prefetch;anonymous-client-ip", true),
            ("sec-purpose", "PreFetch ; prerender", true),
            ("purpose", "prefetch", true),
            ("x-moz", "prefetch", true),
            ("x-purpose", "preview", true),
            ("purpose", "research", false),
            ("sec-purpose", "", false),
        ] {
            let said = check_visit(&headers(&[(name, value), ("sec-fetch-site", "none")]));
            let is_ahead = matches!(said, Err(ChallengeError::Prefetch));
            assert_eq!(is_ahead, ahead, "{name}: {value}");
        }
        let twice = headers(&[("sec-purpose", ""), ("sec-purpose", "prefetch")]);
        assert!(check_visit(&twice).is_err());
    }

    #[test]
    fn clients_are_no_pages() {
        for (origin, is_page) in [
            ("https://elsewhere.example", true),
            ("http://127.0.0.1:8080", true),
            ("HTTPS://elsewhere.example", true),
            ("null", true),
            ("chrome-extension://abc", false),
            ("moz-extension://abc", false),
            ("safari-web-extension://abc", false),
            ("", false),
        ] {
            assert_eq!(is_from_a_web_page(&headers(&[("origin", origin)])), is_page, "{origin}");
        }
        let twice = headers(&[("origin", "moz-extension://abc"), ("origin", "null")]);
        assert!(is_from_a_web_page(&twice));
        assert!(!is_from_a_web_page(&headers(&[("sec-fetch-site", "cross-site")])));
    }
}
