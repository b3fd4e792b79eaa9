//! What the pages may do: their Content-Security-Policy.

/// The sign-in page's policy: its own script and style, its own pictures and answers, and the
/// picture by which it looks for a SQRL client on this device (*Operating Details*,
/// "The `http://localhost:25519/*.gif` query").
pub const SIGN_IN_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' http://localhost:25519; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The confirmation's policy: its script and style, and its one form.
///
/// Send it with `Referrer-Policy: same-origin`: under `no-referrer` browsers post the form
/// with `Origin: null`, which looks like a foreign page's.
pub const CONFIRM_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'";

/// The other pages' policy: their style, nothing else.
pub const MESSAGE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_strict() {
        for policy in [SIGN_IN_POLICY, CONFIRM_POLICY, MESSAGE_POLICY] {
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
    fn only_the_sign_in_page_looks_for_a_client() {
        assert!(SIGN_IN_POLICY.contains("img-src 'self' http://localhost:25519;"));
        for policy in [CONFIRM_POLICY, MESSAGE_POLICY] {
            assert!(!policy.contains("localhost"));
        }
    }

    #[test]
    fn scripts_are_the_sites_own_and_messages_have_none() {
        for policy in [SIGN_IN_POLICY, CONFIRM_POLICY] {
            assert!(policy.contains("script-src 'self';"), "{policy}");
            assert!(policy.ends_with("; require-trusted-types-for 'script'"), "{policy}");
        }
        assert!(!MESSAGE_POLICY.contains("script"));
    }
}
