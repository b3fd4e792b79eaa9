use http::HeaderMap;

/// Whether a page of another site makes its visitor's browser send this, without the visitor
/// coming here: a picture, a script's request, a frame. It would be counted against the
/// visitor's address, and nobody would see the answer. Only browsers say so, and only they
/// can be made to.
pub(super) fn is_from_within_another_site(headers: &HeaderMap) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|said| said == value);
    says("sec-fetch-site", "cross-site")
        && !(says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document"))
}

/// The same of a request to the client's endpoint. What a client in a browser sends, as an
/// extension does, is let through: no client is a page of http or https, for it could not read
/// the replies.
pub(super) fn is_from_another_sites_page(headers: &HeaderMap) -> bool {
    let origin = headers.get(http::header::ORIGIN).map(http::HeaderValue::as_bytes);
    is_from_within_another_site(headers)
        && origin.is_some_and(|origin| origin.starts_with(b"http") || origin == b"null")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(site: &str, mode: &str, dest: &str, origin: Option<&str>) -> HeaderMap {
        let said = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
        let mut headers = HeaderMap::new();
        for (name, value) in said.into_iter().chain(origin.map(|origin| ("origin", origin))) {
            headers.insert(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn visitors_come_and_pages_do_not_send_them() {
        for (site, mode, dest, from_within) in [
            ("cross-site", "no-cors", "image", true),
            ("cross-site", "navigate", "iframe", true),
            ("cross-site", "cors", "empty", true),
            ("cross-site", "navigate", "document", false),
            ("same-origin", "cors", "empty", false),
            ("none", "navigate", "document", false),
        ] {
            let headers = headers(site, mode, dest, None);
            assert_eq!(is_from_within_another_site(&headers), from_within, "{site} {mode} {dest}");
        }
        assert!(!is_from_within_another_site(&HeaderMap::new()));
    }

    #[test]
    fn clients_are_no_pages() {
        let from =
            |origin| is_from_another_sites_page(&headers("cross-site", "no-cors", "empty", origin));
        assert!(from(Some("https://elsewhere.example")));
        assert!(from(Some("null")));
        assert!(!from(Some("chrome-extension://abc")));
        assert!(!from(None));
    }
}
