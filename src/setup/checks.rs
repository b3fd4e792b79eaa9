//! What a configuration has to be like: one function for each value that can be wrong. What is
//! wrong is an error that says what to write instead.

use std::net::IpAddr;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;

use super::ConfigError;
use crate::engine::Lifetimes;

/// Lifetimes are told to browsers and stores in whole seconds.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(1);

/// As good as for ever. Twice of it, as long as a nut is held at most, is still a duration.
const LONGEST_LIFETIME: Duration = Duration::from_secs(u64::MAX / 4);

/// What a client's longest request has, in octets, rounded up: it repeats our longest reply, which
/// has a question of 2048 characters, and beside that all keys, secrets and signatures.
pub(super) const LEAST_BODY_LIMIT: usize = 4096;

/// The longest name of an indexed secret, in octets, so that a reply with it stays short.
pub(super) const LONGEST_SECRET_NAME: usize = 64;

/// Where the endpoints stand: a path, or empty for the root. A slash at the end is taken off.
pub(super) fn prefix(path: &str) -> Result<&str, ConfigError> {
    let prefix = path.trim_end_matches('/');
    if !prefix.is_empty() {
        self::path("prefix", "/auth", prefix)?;
    }
    Ok(prefix)
}

/// A path that needs no escaping, neither in HTML nor in a header nor in a match.
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

/// The page that offers the sign-in and the route that gets it: a path each.
pub(super) fn application_paths(sign_in: &str, signed_in: &str) -> Result<(), ConfigError> {
    path("sign_in_path", "/login", sign_in)?;
    path("signed_in_path", "/signed-in", signed_in)?;
    if sign_in == signed_in { Err(ConfigError::SamePath(sign_in.to_owned())) } else { Ok(()) }
}

/// The authentication domain ends within the link's path.
pub(super) fn domain_extension(extension: usize, client_path: &str) -> Result<(), ConfigError> {
    if extension > client_path.len() {
        return Err(ConfigError::Extension { extension, path: client_path.to_owned() });
    }
    Ok(())
}

/// A limit below which somebody can stay: none at all, or one that is not 0.
pub(super) fn per_minute(
    name: &'static str,
    without: &'static str,
    times: Option<u32>,
) -> Result<(), ConfigError> {
    if times == Some(0) { Err(ConfigError::ZeroLimit { name, without }) } else { Ok(()) }
}

/// No nut outlives its chain.
pub(super) fn lifetimes(lifetimes: &Lifetimes) -> Result<(), ConfigError> {
    for (name, lifetime, longest) in [
        ("chain_lifetime", lifetimes.chain, LONGEST_LIFETIME),
        ("url_lifetime", lifetimes.link, lifetimes.chain),
        ("nut_lifetime", lifetimes.later, lifetimes.chain),
        ("cps_lifetime", lifetimes.cps, LONGEST_LIFETIME),
    ] {
        if lifetime < SHORTEST_LIFETIME || lifetime > longest {
            return Err(ConfigError::Lifetime(name));
        }
    }
    Ok(())
}

/// Room for what well-behaved clients send.
pub(super) fn body_limit(octets: usize) -> Result<(), ConfigError> {
    if octets < LEAST_BODY_LIMIT { Err(ConfigError::BodyLimit(octets)) } else { Ok(()) }
}

/// A network, or a single address.
pub(super) fn network(text: &str) -> Result<IpNet, ConfigError> {
    read_network(text).ok_or_else(|| ConfigError::Network(text.to_owned()))
}

/// Without leading zeros, which some take for octal; IPv4-mapped addresses are IPv4, as those are
/// that the network is compared with.
fn read_network(text: &str) -> Option<IpNet> {
    let Some((address, length)) = text.split_once('/') else {
        return text.parse::<IpAddr>().ok().map(|address| address.to_canonical().into());
    };
    let is_number = length.bytes().all(|byte| byte.is_ascii_digit());
    let length = length.parse().ok().filter(|_| is_number)?;
    let address = address.parse::<IpAddr>().ok()?;
    match (address, address.to_canonical()) {
        // The first 96 bits say that it is mapped.
        (IpAddr::V6(_), v4 @ IpAddr::V4(_)) if length >= 96 => IpNet::new(v4, length - 96).ok(),
        _ => IpNet::new(address, length).ok(),
    }
}

/// The header's name. `Forwarded` has another form than a list of addresses, so nothing in it
/// would ever be read as one.
pub(super) fn address_header(name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::try_from(name)
        .ok()
        .filter(|name| name != http::header::FORWARDED)
        .ok_or_else(|| ConfigError::Header(name.to_owned()))
}

/// Texts whose URL may stand in a page.
#[cfg(feature = "web")]
pub(super) fn texts(texts: &crate::web::Texts) -> Result<(), ConfigError> {
    if texts.is_safe() { Ok(()) } else { Err(ConfigError::Texts) }
}

/// A name that can stand behind `sin=` in a reply.
#[cfg(feature = "sin")]
pub(super) fn secret_name(name: &str) -> Result<(), ConfigError> {
    let has_length = (1..=LONGEST_SECRET_NAME).contains(&name.len());
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
    fn networks_are_read_in_one_way() {
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
        let longest = Lifetimes { chain: LONGEST_LIFETIME, cps: LONGEST_LIFETIME, ..default };
        assert_eq!(wrong(longest), None);
        let too_long = Lifetimes { cps: LONGEST_LIFETIME + SHORTEST_LIFETIME, ..default };
        assert_eq!(wrong(too_long), Some(ConfigError::Lifetime("cps_lifetime")));
        let too_long = Lifetimes { link: default.chain + SHORTEST_LIFETIME, ..default };
        assert_eq!(wrong(too_long), Some(ConfigError::Lifetime("url_lifetime")));
        let too_short = Lifetimes { later: Duration::from_millis(999), ..default };
        assert_eq!(wrong(too_short), Some(ConfigError::Lifetime("nut_lifetime")));
    }

    #[test]
    fn the_domain_ends_in_the_path() {
        assert_eq!(domain_extension(4, "/app"), Ok(()));
        let says = "`extend_domain(5)` reaches past the link's path `/app`: write 4 at most";
        assert_eq!(domain_extension(5, "/app").expect_err("too long").to_string(), says);
    }
}
