//! The cookies of a browser.

use std::time::Instant;

use ::http::{HeaderMap, HeaderValue, header};
use url::{Origin, Url};

use super::cookie::Cookie;

/// The cookies of a browser. Each belongs to one host, whatever its port; `Domain`,
/// `SameSite` and `Expires` are not looked at.
#[derive(Debug, Clone, Default)]
pub struct Jar(Vec<Kept>);

#[derive(Debug, Clone)]
struct Kept {
    cookie: Cookie,
    /// The only origin that it goes to; without one, the cookie itself says where.
    only: Option<Origin>,
}

/// What is given is no cookie that could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cookie has a name, and no spaces, commas, semicolons, quotes or backslashes")]
pub struct MalformedCookie;

impl Jar {
    /// The cookies that have not ended.
    pub fn iter(&self) -> impl Iterator<Item = &Cookie> {
        let now = Instant::now();
        self.0.iter().map(|kept| &kept.cookie).filter(move |cookie| cookie.lives_at(now))
    }

    /// The cookies that are sent to an address.
    pub fn sent_to(&self, url: &Url) -> impl Iterator<Item = &Cookie> {
        let now = Instant::now();
        let kept = self.0.iter().filter(move |kept| kept.goes_to(url));
        kept.map(|kept| &kept.cookie).filter(move |cookie| cookie.lives_at(now))
    }

    /// The cookie of that name, of any host.
    pub fn get(&self, name: &str) -> Option<&Cookie> {
        self.iter().find(|cookie| cookie.name == name)
    }

    /// Puts a cookie in, in the place of the same one.
    pub fn insert(&mut self, cookie: Cookie) {
        self.keep(Kept { cookie, only: None });
    }

    /// Puts a cookie in that goes to every path of one origin alone (scheme, host and port),
    /// such as a session that another browser has there. Once the site sets it itself, it is
    /// like any other.
    ///
    /// # Errors
    /// [`MalformedCookie`].
    pub fn insert_at(&mut self, url: &Url, name: &str, value: &str) -> Result<(), MalformedCookie> {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&b);
        let plain = |b: u8| b.is_ascii_graphic() && !b"\",;\\".contains(&b);
        let good = !name.is_empty() && name.bytes().all(token) && value.bytes().all(plain);
        let host = url.host_str().filter(|_| good).ok_or(MalformedCookie)?;
        let cookie = Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            host: host.to_owned(),
            path: "/".to_owned(),
            secure: false,
            http_only: false,
            expires: None,
        };
        self.keep(Kept { cookie, only: Some(url.origin()) });
        Ok(())
    }

    fn keep(&mut self, kept: Kept) {
        self.0.retain(|old| !old.cookie.is_same(&kept.cookie));
        self.0.push(kept);
    }

    /// Takes the cookies of that name out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|kept| kept.cookie.name != name);
    }

    /// The `Cookie` header for an address; the longest path first.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let mut cookies: Vec<_> = self.sent_to(url).collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> =
            cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        let header = (!pairs.is_empty()).then(|| HeaderValue::from_str(&pairs.join("; ")));
        header?.ok()
    }

    /// Takes in what an answer sets.
    pub(super) fn store(&mut self, url: &Url, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = std::str::from_utf8(line.as_bytes());
            let Some(cookie) = line.ok().and_then(|line| Cookie::read(line, url)) else {
                continue;
            };
            self.insert(cookie);
        }
        let now = Instant::now();
        self.0.retain(|kept| kept.cookie.lives_at(now));
    }
}

impl Kept {
    fn goes_to(&self, url: &Url) -> bool {
        self.cookie.goes_to(url) && self.only.as_ref().is_none_or(|only| *only == url.origin())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn jar(at: &str, lines: &[&str]) -> Jar {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::SET_COOKIE, line.parse().unwrap());
        }
        let mut jar = Jar::default();
        jar.store(&Url::parse(at).unwrap(), &headers);
        jar
    }

    fn sent(jar: &Jar, to: &str) -> Option<String> {
        let header = jar.header(&Url::parse(to).unwrap())?;
        Some(header.to_str().unwrap().to_owned())
    }

    #[test]
    fn host_and_path_decide() {
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
        let (mut jar, at) = (Jar::default(), Url::parse("http://h/").unwrap());
        jar.store(&at, &headers);
        assert_eq!(jar.header(&at).unwrap().as_bytes(), b"name=Jos\xc3\xa9; c=1");
    }

    #[test]
    fn what_is_given_goes_to_one_origin() {
        let at = Url::parse("http://h:81/a/b").unwrap();
        let mut jar = Jar::default();
        jar.insert_at(&at, "c", "1=").unwrap();
        assert_eq!(sent(&jar, "http://h:81/").as_deref(), Some("c=1="));
        for elsewhere in ["http://h/", "https://h:81/", "http://h:82/a/b", "http://x.h:81/"] {
            assert_eq!(sent(&jar, elsewhere), None, "{elsewhere}");
        }
        // What the site sets takes its place, and so does its end.
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, "c=2; Path=/".parse().unwrap());
        jar.store(&at, &headers);
        assert_eq!(sent(&jar, "http://h:82/").as_deref(), Some("c=2"));
        jar.insert_at(&at, "c", "").unwrap();
        assert_eq!(sent(&jar, "http://h:81/").as_deref(), Some("c="));
        headers.append(header::SET_COOKIE, "c=; Path=/; Max-Age=0".parse().unwrap());
        jar.store(&at, &headers);
        assert_eq!(jar.iter().count(), 0);

        for (name, value) in [("", "v"), ("a b", "v"), ("a", "v w"), ("a", "v;b"), ("a", "\r\n")] {
            assert_eq!(jar.insert_at(&at, name, value), Err(MalformedCookie));
        }
        assert!(jar.insert_at(&Url::parse("data:,").unwrap(), "a", "v").is_err());
    }

    #[test]
    fn max_age_ends_a_cookie() {
        let mut jar = jar("http://h/", &["c=1; Max-Age=60", "d=1; Max-Age=0"]);
        assert_eq!(sent(&jar, "http://h/").as_deref(), Some("c=1"));
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, "c=; Max-Age=-1".parse().unwrap());
        jar.store(&Url::parse("http://h/").unwrap(), &headers);
        assert_eq!(jar.iter().count(), 0);
    }

    #[test]
    fn an_end_that_is_no_number_is_passed_over() {
        for end in ["soon", "", "1e3", "-", "60; Max-Age=never"] {
            let jar = jar("http://h/", &[&format!("c=1; Max-Age={end}")]);
            assert_eq!(sent(&jar, "http://h/").as_deref(), Some("c=1"), "{end:?}");
        }
        // However long the number is.
        for (end, lives) in [("9".repeat(30), true), (format!("-{}", "9".repeat(30)), false)] {
            let jar = jar("http://h/", &[&format!("c=1; Max-Age={end}")]);
            assert_eq!(sent(&jar, "http://h/").is_some(), lives, "{end}");
        }
    }

    #[test]
    fn secure_means_https_or_this_machine() {
        assert!(jar("http://h/", &["c=1; Secure"]).get("c").is_none());
        let https = jar("https://h/", &["c=1; Secure"]);
        assert!(sent(&https, "https://h/").is_some());
        assert!(sent(&https, "http://h/").is_none());
        let local = jar("http://127.0.0.1:8080/", &["c=1; Secure"]);
        assert!(sent(&local, "http://127.0.0.1:8080/").is_some());
    }

    #[test]
    fn host_prefix_is_held_to_its_promise() {
        let good = "__Host-c=1; Secure; Path=/";
        assert!(jar("https://h/x/y", &[good]).get("__Host-c").is_some());
        for bad in
            ["__Host-c=1; Path=/", "__Host-c=1; Secure", "__Host-c=1; Secure; Path=/; Domain=h"]
        {
            assert!(jar("https://h/x/y", &[bad]).get("__Host-c").is_none(), "{bad}");
        }
    }
}
