//! The cookies of a browser.

use std::time::Instant;

use ::http::{HeaderMap, HeaderValue, header};
use url::{Origin, Url};

use super::cookie::Cookie;

/// The cookies of a browser. `Debug` hides their values.
///
/// A cookie belongs to one host, on all its ports. `Domain`, `SameSite` and `Expires` are
/// ignored.
#[derive(Debug, Clone, Default)]
pub struct CookieJar(Vec<Entry>);

#[derive(Debug, Clone)]
struct Entry {
    cookie: Cookie,
    /// The only origin that the cookie is sent to. `None`: no restriction to an origin.
    only: Option<Origin>,
}

/// A name or a value is invalid in a cookie, or a URL has no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cookie needs a name, and no spaces, commas, semicolons, quotes or backslashes")]
pub struct InvalidCookie;

impl CookieJar {
    /// Returns the cookies that have not expired.
    pub fn iter(&self) -> impl Iterator<Item = &Cookie> {
        let now = Instant::now();
        self.0.iter().map(|entry| &entry.cookie).filter(move |cookie| cookie.is_valid_at(now))
    }

    /// Returns the cookies that are sent to a URL.
    pub fn sent_to(&self, url: &Url) -> impl Iterator<Item = &Cookie> {
        let now = Instant::now();
        let entry = self.0.iter().filter(move |entry| entry.matches(url));
        entry.map(|entry| &entry.cookie).filter(move |cookie| cookie.is_valid_at(now))
    }

    /// Returns the first cookie of that name, of any host.
    pub fn get(&self, name: &str) -> Option<&Cookie> {
        self.iter().find(|cookie| cookie.name == name)
    }

    /// Adds a cookie. Replaces a cookie of the same name, host and path.
    pub fn insert(&mut self, cookie: Cookie) {
        self.put(Entry { cookie, only: None });
    }

    /// Adds a cookie that is sent to all paths of one origin (the scheme, host and port of
    /// `url`), such as a session of another browser.
    ///
    /// If the site sets a cookie of that name, the site's cookie replaces it.
    ///
    /// # Errors
    /// Returns [`InvalidCookie`] if the name or the value is invalid, or if `url` has no host.
    pub fn insert_for_origin(
        &mut self,
        url: &Url,
        name: &str,
        value: &str,
    ) -> Result<(), InvalidCookie> {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&b);
        let plain = |b: u8| b.is_ascii_graphic() && !b"\",;\\".contains(&b);
        let good = !name.is_empty() && name.bytes().all(token) && value.bytes().all(plain);
        let host = url.host_str().filter(|_| good).ok_or(InvalidCookie)?;
        let cookie = Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            host: host.to_owned(),
            path: "/".to_owned(),
            secure: false,
            http_only: false,
            expires: None,
        };
        self.put(Entry { cookie, only: Some(url.origin()) });
        Ok(())
    }

    fn put(&mut self, entry: Entry) {
        self.0.retain(|old| !old.cookie.is_same(&entry.cookie));
        self.0.push(entry);
    }

    /// Removes all cookies of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|entry| entry.cookie.name != name);
    }

    /// Returns the `Cookie` header for a URL. Cookies with longer paths come first.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let mut cookies: Vec<_> = self.sent_to(url).collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> =
            cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        let header = (!pairs.is_empty()).then(|| HeaderValue::from_str(&pairs.join("; ")));
        header?.ok()
    }

    /// Stores the cookies that a response sets.
    pub(super) fn store(&mut self, url: &Url, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = std::str::from_utf8(line.as_bytes());
            let Some(cookie) = line.ok().and_then(|line| Cookie::parse(line, url)) else {
                continue;
            };
            self.insert(cookie);
        }
        let now = Instant::now();
        self.0.retain(|entry| entry.cookie.is_valid_at(now));
    }
}

impl Entry {
    fn matches(&self, url: &Url) -> bool {
        self.cookie.matches(url) && self.only.as_ref().is_none_or(|only| *only == url.origin())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn jar(at: &str, lines: &[&str]) -> CookieJar {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::SET_COOKIE, line.parse().unwrap());
        }
        let mut jar = CookieJar::default();
        jar.store(&Url::parse(at).unwrap(), &headers);
        jar
    }

    fn sent(jar: &CookieJar, to: &str) -> Option<String> {
        let header = jar.header(&Url::parse(to).unwrap())?;
        Some(header.to_str().unwrap().to_owned())
    }

    #[test]
    fn cookies_match_by_host_and_path() {
        let jar = jar("http://h/a/b", &["c=1", "d=2; Path=/", "c=3; path=/a/x; HttpOnly"]);
        assert_eq!(sent(&jar, "http://h:81/a/").as_deref(), Some("c=1; d=2"));
        assert_eq!(sent(&jar, "http://h/a/x").as_deref(), Some("c=3; c=1; d=2"));
        assert_eq!(sent(&jar, "http://h/ab").as_deref(), Some("d=2"));
        assert_eq!(sent(&jar, "http://other/a/b"), None);
    }

    #[test]
    fn a_cookie_may_be_utf_8() {
        let mut headers = HeaderMap::new();
        for line in [&b"name=Jos\xc3\xa9"[..], b"latin=Jos\xe9", b"c=1"] {
            headers.append(header::SET_COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        let (mut jar, at) = (CookieJar::default(), Url::parse("http://h/").unwrap());
        jar.store(&at, &headers);
        assert_eq!(jar.header(&at).unwrap().as_bytes(), b"name=Jos\xc3\xa9; c=1");
    }

    #[test]
    fn an_inserted_cookie_is_sent_to_one_origin() {
        let at = Url::parse("http://h:81/a/b").unwrap();
        let mut jar = CookieJar::default();
        jar.insert_for_origin(&at, "c", "1=").unwrap();
        assert_eq!(sent(&jar, "http://h:81/").as_deref(), Some("c=1="));
        for elsewhere in ["http://h/", "https://h:81/", "http://h:82/a/b", "http://x.h:81/"] {
            assert_eq!(sent(&jar, elsewhere), None, "{elsewhere}");
        }
        // A cookie that the site sets replaces it, and so does an expired one.
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, "c=2; Path=/".parse().unwrap());
        jar.store(&at, &headers);
        assert_eq!(sent(&jar, "http://h:82/").as_deref(), Some("c=2"));
        jar.insert_for_origin(&at, "c", "").unwrap();
        assert_eq!(sent(&jar, "http://h:81/").as_deref(), Some("c="));
        headers.append(header::SET_COOKIE, "c=; Path=/; Max-Age=0".parse().unwrap());
        jar.store(&at, &headers);
        assert_eq!(jar.iter().count(), 0);

        for (name, value) in [("", "v"), ("a b", "v"), ("a", "v w"), ("a", "v;b"), ("a", "\r\n")] {
            assert_eq!(jar.insert_for_origin(&at, name, value), Err(InvalidCookie));
        }
        assert!(jar.insert_for_origin(&Url::parse("data:,").unwrap(), "a", "v").is_err());
    }

    #[test]
    fn cookies_expire_after_max_age() {
        let mut jar = jar("http://h/", &["c=1; Max-Age=60", "d=1; Max-Age=0"]);
        assert_eq!(sent(&jar, "http://h/").as_deref(), Some("c=1"));
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, "c=; Max-Age=-1".parse().unwrap());
        jar.store(&Url::parse("http://h/").unwrap(), &headers);
        assert_eq!(jar.iter().count(), 0);
    }

    #[test]
    fn an_invalid_max_age_is_ignored() {
        for end in ["soon", "", "1e3", "-", "60; Max-Age=never"] {
            let jar = jar("http://h/", &[&format!("c=1; Max-Age={end}")]);
            assert_eq!(sent(&jar, "http://h/").as_deref(), Some("c=1"), "{end:?}");
        }
        // Numbers of any length are valid.
        for (end, lives) in [("9".repeat(30), true), (format!("-{}", "9".repeat(30)), false)] {
            let jar = jar("http://h/", &[&format!("c=1; Max-Age={end}")]);
            assert_eq!(sent(&jar, "http://h/").is_some(), lives, "{end}");
        }
    }

    #[test]
    fn secure_cookies_need_https_or_loopback() {
        assert!(jar("http://h/", &["c=1; Secure"]).get("c").is_none());
        let https = jar("https://h/", &["c=1; Secure"]);
        assert!(sent(&https, "https://h/").is_some());
        assert!(sent(&https, "http://h/").is_none());
        let local = jar("http://127.0.0.1:8080/", &["c=1; Secure"]);
        assert!(sent(&local, "http://127.0.0.1:8080/").is_some());
    }

    #[test]
    fn the_host_prefix_requires_its_attributes() {
        let good = "__Host-c=1; Secure; Path=/";
        assert!(jar("https://h/x/y", &[good]).get("__Host-c").is_some());
        for bad in
            ["__Host-c=1; Path=/", "__Host-c=1; Secure", "__Host-c=1; Secure; Path=/; Domain=h"]
        {
            assert!(jar("https://h/x/y", &[bad]).get("__Host-c").is_none(), "{bad}");
        }
    }
}
