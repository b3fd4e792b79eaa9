//! Checks of a configuration: one function for each setting.

use std::net::IpAddr;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;

#[cfg(feature = "sin")]
use super::error::MAX_SECRET_NAME;
use super::error::{ConfigError, MIN_BODY_LIMIT};
use crate::engine::Lifetimes;

/// Browsers and stores receive lifetimes in whole seconds.
const MIN_LIFETIME: Duration = Duration::from_secs(1);

/// The stores keep a nut for up to twice its lifetime, which must not overflow.
const MAX_LIFETIME: Duration = Duration::from_secs(u64::MAX / 4);

/// Returns the prefix without a trailing slash; empty means the root.
pub(super) fn prefix(path: &str) -> Result<&str, ConfigError> {
    let prefix = path.trim_end_matches('/');
    if !prefix.is_empty() {
        self::path("prefix", "/auth", prefix)?;
    }
    Ok(prefix)
}

/// Checks for a path that needs no escaping, neither in HTML nor in a header nor when compared.
pub(super) fn path(
    name: &'static str,
    example: &'static str,
    path: &str,
) -> Result<(), ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let ends_well = path.len() > 1 && !path.ends_with('/');
    let is_path = path.starts_with('/') && path.bytes().all(plain) && ends_well;
    if is_path && !path.contains("//") && !path.contains("/.") {
        Ok(())
    } else {
        Err(ConfigError::Path { name, example, path: path.to_owned() })
    }
}

/// Checks the paths of the sign-in page and of the route that receives sign-ins.
pub(super) fn application_paths(sign_in: &str, signed_in: &str) -> Result<(), ConfigError> {
    path("sign_in_path", "/login", sign_in)?;
    path("signed_in_path", "/signed-in", signed_in)?;
    if sign_in == signed_in { Err(ConfigError::SamePath(sign_in.to_owned())) } else { Ok(()) }
}

/// Checks that the authentication domain ends within the path of SQRL URLs.
pub(super) fn extend_domain(characters: usize, client_path: &str) -> Result<(), ConfigError> {
    if characters > client_path.len() {
        return Err(ConfigError::ExtendDomain { characters, path: client_path.to_owned() });
    }
    Ok(())
}

/// Checks that a limit is not 0. `None` is no limit.
pub(super) fn per_minute(
    name: &'static str,
    without: &'static str,
    limit: Option<u32>,
) -> Result<(), ConfigError> {
    if limit == Some(0) { Err(ConfigError::ZeroLimit { name, without }) } else { Ok(()) }
}

/// Checks the range of each lifetime, and that no nut outlives its chain.
pub(super) fn lifetimes(lifetimes: &Lifetimes) -> Result<(), ConfigError> {
    for (name, lifetime, longest) in [
        ("chain_lifetime", lifetimes.chain, MAX_LIFETIME),
        ("url_lifetime", lifetimes.url, lifetimes.chain),
        ("nut_lifetime", lifetimes.later, lifetimes.chain),
        ("cps_lifetime", lifetimes.cps, MAX_LIFETIME),
    ] {
        if lifetime < MIN_LIFETIME || lifetime > longest {
            return Err(ConfigError::Lifetime(name));
        }
    }
    Ok(())
}

/// Checks that the limit accepts the requests of ordinary clients.
pub(super) fn body_limit(bytes: usize) -> Result<(), ConfigError> {
    if bytes < MIN_BODY_LIMIT { Err(ConfigError::BodyLimit(bytes)) } else { Ok(()) }
}

/// Parses a network or a single address.
pub(super) fn network(text: &str) -> Result<IpNet, ConfigError> {
    parse_network(text).ok_or_else(|| ConfigError::Network(text.to_owned()))
}

/// Rejects leading zeros, which some programs read as octal. Converts IPv4-mapped addresses to IPv4, like the
/// addresses that are compared with the network.
fn parse_network(text: &str) -> Option<IpNet> {
    let Some((address, length)) = text.split_once('/') else {
        return text.parse::<IpAddr>().ok().map(|address| address.to_canonical().into());
    };
    let is_number = length.bytes().all(|byte| byte.is_ascii_digit());
    let length = length.parse().ok().filter(|_| is_number)?;
    let address = address.parse::<IpAddr>().ok()?;
    match (address, address.to_canonical()) {
        // A mapped address has a prefix of 96 bits.
        (IpAddr::V6(_), v4 @ IpAddr::V4(_)) if length >= 96 => IpNet::new(v4, length - 96).ok(),
        _ => IpNet::new(address, length).ok(),
    }
}

/// Parses the name of the header. Rejects `Forwarded`, whose value is not a list of addresses.
pub(super) fn address_header(name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::try_from(name)
        .ok()
        .filter(|name| name != http::header::FORWARDED)
        .ok_or_else(|| ConfigError::Header(name.to_owned()))
}

/// Checks the URLs in the texts, and the path of the logo.
#[cfg(feature = "web")]
pub(super) fn site(site: &crate::web::Site) -> Result<(), ConfigError> {
    if !site.languages.iter().all(crate::web::Texts::is_safe) {
        return Err(ConfigError::Texts);
    }
    match &site.logo {
        Some(logo) if !site.has_safe_logo() => Err(ConfigError::Logo(logo.clone())),
        _ => Ok(()),
    }
}

/// Checks the name for `sin=` in a reply.
#[cfg(feature = "sin")]
pub(super) fn secret_name(name: &str) -> Result<(), ConfigError> {
    let has_length = (1..=MAX_SECRET_NAME).contains(&name.len());
    if has_length && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(ConfigError::SecretName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_one_notation() {
        let read = |text| network(text).map(|network| network.to_string()).ok();
        for (text, expected) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.1", "10.0.0.1/32"),
            ("::1", "::1/128"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected));
        }
        for text in ["", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "010.0.0.0/8", "::1/129"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn lifetimes_have_bounds() {
        let wrong = |lifetimes: Lifetimes| self::lifetimes(&lifetimes).err();
        let default = Lifetimes::default();
        assert_eq!(wrong(default), None);
        let longest = Lifetimes { chain: MAX_LIFETIME, cps: MAX_LIFETIME, ..default };
        assert_eq!(wrong(longest), None);
        let too_long = Lifetimes { cps: MAX_LIFETIME + MIN_LIFETIME, ..default };
        assert_eq!(wrong(too_long), Some(ConfigError::Lifetime("cps_lifetime")));
        let too_long = Lifetimes { url: default.chain + MIN_LIFETIME, ..default };
        assert_eq!(wrong(too_long), Some(ConfigError::Lifetime("url_lifetime")));
        let too_short = Lifetimes { later: Duration::from_millis(999), ..default };
        assert_eq!(wrong(too_short), Some(ConfigError::Lifetime("nut_lifetime")));
    }

    #[test]
    fn the_domain_ends_within_the_path() {
        assert_eq!(extend_domain(4, "/app"), Ok(()));
        let message = "`extend_domain(5)` exceeds the path `/app` of SQRL URLs; use at most 4";
        assert_eq!(extend_domain(5, "/app").expect_err("too long").to_string(), message);
    }
}
