//! What the pages may do: their Content-Security-Policy, and nonces for it.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

/// The value of a `Content-Security-Policy` header that can be extended.
///
/// ```
/// use tower_sqrl::web::ContentSecurityPolicy;
///
/// let policy = ContentSecurityPolicy::sign_in()
///     .allow("form-action", "'self'")
///     .allow("font-src", "'self'");
/// assert!(policy.to_string().contains("form-action 'self';"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentSecurityPolicy(Vec<(Cow<'static, str>, Cow<'static, str>)>);

impl ContentSecurityPolicy {
    /// The policy of the built-in sign-in page, for a page around the fragment: the site's own scripts,
    /// styles, pictures and answers, and the picture by which the page looks for a SQRL app on this
    /// device (*Operating Details*, "The `http://localhost:25519/*.gif` query").
    pub fn sign_in() -> Self {
        Self::new(&[
            ("script-src", "'self'"),
            ("style-src", "'self'"),
            ("img-src", "'self' http://localhost:25519"),
            ("connect-src", "'self'"),
            ("base-uri", "'none'"),
            ("form-action", "'none'"),
            ("frame-ancestors", "'none'"),
            ("require-trusted-types-for", "'script'"),
        ])
    }

    /// The policy of the confirmation: its script and style, and its one form.
    ///
    /// It needs `Referrer-Policy: same-origin`: under `no-referrer` browsers post the form with
    /// `Origin: null`, like a page of another site.
    pub(super) fn confirm() -> Self {
        Self::new(&[
            ("script-src", "'self'"),
            ("style-src", "'self'"),
            ("base-uri", "'none'"),
            ("form-action", "'self'"),
            ("frame-ancestors", "'none'"),
            ("require-trusted-types-for", "'script'"),
        ])
    }

    /// The policy of messages: their style, nothing else.
    pub(super) fn message() -> Self {
        Self::new(&[
            ("style-src", "'self'"),
            ("base-uri", "'none'"),
            ("form-action", "'none'"),
            ("frame-ancestors", "'none'"),
        ])
    }

    fn new(directives: &[(&'static str, &'static str)]) -> Self {
        let none = [("default-src", "'none'")];
        let directives = none.iter().chain(directives);
        Self(directives.map(|&(name, sources)| (name.into(), sources.into())).collect())
    }

    /// Adds a source to a directive, as in `allow("form-action", "'self'")`. The source replaces
    /// `'none'`. A directive that the policy does not have is added.
    ///
    /// A directive or source that is not one, such as a text with a `;` or a space, is left out, so
    /// that a value never opens more than the directive it is for.
    pub fn allow(mut self, directive: &str, source: &str) -> Self {
        let is_directive = !directive.is_empty()
            && directive.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let is_source = !source.is_empty()
            && source.bytes().all(|byte| byte.is_ascii_graphic() && !b";,".contains(&byte));
        if !is_directive || !is_source {
            return self;
        }
        match self.0.iter_mut().find(|(name, _)| name == directive) {
            Some((_, sources)) if sources == "'none'" => *sources = source.to_owned().into(),
            Some((_, sources)) => *sources = format!("{sources} {source}").into(),
            None => self.0.push((directive.to_owned().into(), source.to_owned().into())),
        }
        self
    }

    /// Adds a source to a directive that may have it already.
    pub(super) fn allow_once(self, directive: &str, source: &str) -> Self {
        let has_it = |sources: &str| sources.split(' ').any(|other| other == source);
        let has_it = self.0.iter().any(|(name, sources)| name == directive && has_it(sources));
        if has_it { self } else { self.allow(directive, source) }
    }

    /// Allows scripts and styles that carry this nonce.
    pub fn nonce(self, nonce: &CspNonce) -> Self {
        let source = format!("'nonce-{}'", nonce.0);
        let directives = ["script-src", "style-src"];
        directives.into_iter().fold(self, |policy, directive| {
            let has_it = policy.0.iter().any(|(name, _)| name == directive);
            if has_it { policy.allow(directive, &source) } else { policy }
        })
    }
}

impl Display for ContentSecurityPolicy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, (name, sources)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{name} {sources}")?;
        }
        Ok(())
    }
}

/// A nonce of a Content-Security-Policy, for one response.
///
/// An application whose pages carry a policy with a nonce puts it into the extensions of each
/// request, in a middleware outside the SQRL layer. The script and style elements of the SQRL pages
/// then carry the nonce, and so does the policy of these pages.
///
/// ```
/// use tower_sqrl::web::CspNonce;
///
/// let mut extensions = http::Extensions::new(); // of the request
/// extensions.insert(CspNonce::new("rAnd0m").expect("base64"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CspNonce(String);

impl CspNonce {
    /// Takes base64 or base64url, 1 to 256 characters. `None` for anything else.
    pub fn new(nonce: impl Into<String>) -> Option<Self> {
        let nonce = nonce.into();
        let digits = nonce.trim_end_matches('=');
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
        let is_nonce = !digits.is_empty() && nonce.len() <= 256 && digits.bytes().all(is_base64);
        is_nonce.then_some(Self(nonce))
    }

    /// The nonce, for a `nonce` attribute.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [String; 3] {
        [
            ContentSecurityPolicy::sign_in(),
            ContentSecurityPolicy::confirm(),
            ContentSecurityPolicy::message(),
        ]
        .map(|policy| policy.to_string())
    }

    #[test]
    fn every_policy_is_strict() {
        for policy in all() {
            assert!(policy.starts_with("default-src 'none'; "));
            for directive in ["base-uri 'none'", "form-action '", "frame-ancestors 'none'"] {
                assert!(policy.contains(directive), "{directive} in {policy}");
            }
            for hole in ["unsafe", "*", "data:", "https:", "  ", "\n"] {
                assert!(!policy.contains(hole), "{hole} in {policy}");
            }
        }
    }

    #[test]
    fn only_the_sign_in_page_looks_for_an_app() {
        let [sign_in, confirm, message] = all();
        assert!(sign_in.contains("img-src 'self' http://localhost:25519;"));
        assert!(!confirm.contains("localhost") && !message.contains("localhost"));
    }

    #[test]
    fn scripts_are_the_sites_own_and_messages_have_none() {
        let [sign_in, confirm, message] = all();
        for policy in [sign_in, confirm] {
            assert!(policy.contains("script-src 'self';"), "{policy}");
            assert!(policy.ends_with("; require-trusted-types-for 'script'"), "{policy}");
        }
        assert!(!message.contains("script"));
    }

    #[test]
    fn a_source_is_added_to_its_directive_alone() {
        let policy = ContentSecurityPolicy::message()
            .allow("form-action", "'self'")
            .allow("style-src", "https://example.com")
            .allow("font-src", "'self'");
        assert_eq!(
            policy.to_string(),
            "default-src 'none'; style-src 'self' https://example.com; base-uri 'none'; \
             form-action 'self'; frame-ancestors 'none'; font-src 'self'",
        );
        let strict = ContentSecurityPolicy::message();
        for source in ["'self'; script-src *", "a b", "", "a,b", "é", "a\nb"] {
            assert_eq!(strict.clone().allow("style-src", source), strict, "{source:?}");
        }
        for directive in ["script-src *;", "", "style src"] {
            assert_eq!(strict.clone().allow(directive, "'self'"), strict, "{directive:?}");
        }
    }

    #[test]
    fn a_nonce_opens_no_directive_that_is_closed() {
        let nonce = CspNonce::new("aB3+/-_==").expect("base64");
        let policy = ContentSecurityPolicy::message().nonce(&nonce).to_string();
        assert!(
            policy.contains("style-src 'self' 'nonce-aB3+/-_==';") && !policy.contains("script")
        );
        for nonce in ["", "=", "a b", "a\"", "a'", "a=b", "é", &"a".repeat(257)] {
            assert_eq!(CspNonce::new(nonce), None, "{nonce:?}");
        }
    }
}
