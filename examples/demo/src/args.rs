//! The command line.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderValue;
use clap::Parser;
use tower_sqrl::protocol::UrlScheme;

/// A small application with SQRL sign-in
#[derive(Debug, Parser)]
#[command(name = "demo", version)]
pub(crate) struct Args {
    /// Address to listen on; port 0 selects a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// URL at which browsers open the demo [default: `http://` and the address to listen on]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// Store of pending sign-ins: memory, sqlite:FILE, `postgres://…`, `redis://…`,
    /// `redis-sentinel://…` or `redis-cluster://…`
    #[arg(long, value_name = "STORE", default_value = "memory")]
    pub(crate) nuts: Store,

    /// Store of identities and accounts: sqlite:FILE, memory or `postgres://…`, which stores the
    /// sessions too
    #[arg(long, value_name = "STORE", default_value = "sqlite:demo.sqlite")]
    pub(crate) identities: Store,

    /// There is no pooler in front of Postgres: prepare each statement once for a connection,
    /// which is faster
    #[arg(long)]
    pub(crate) direct_postgres: bool,

    /// Network (10.0.0.0/8) or address of a proxy whose X-Forwarded-For is trusted; repeatable
    #[arg(long, value_name = "CIDR")]
    pub(crate) trusted_proxy: Vec<String>,

    /// File with 32 random bytes, the same for all servers that share --nuts; to create it: `head
    /// -c 32 /dev/urandom > FILE` [default: a random key for each process]
    #[arg(long, value_name = "FILE")]
    pub(crate) nut_key: Option<PathBuf>,

    /// Scheme of SQRL URLs [default: sqrl if the public URL is https, qrl if it is http]
    #[arg(long, value_name = "sqrl|qrl", value_parser = scheme)]
    pub(crate) url_scheme: Option<UrlScheme>,

    /// Path below which nut.sqrl, cli.sqrl and the others are [default: none]
    #[arg(long, value_name = "PATH")]
    pub(crate) prefix: Option<String>,

    /// Refused requests a minute after which an address is slowed down, or off [default: 120]
    #[arg(long, value_name = "N|off")]
    pub(crate) failures_per_minute: Option<RateLimit>,

    /// SQRL URLs a minute that an address gets, or off [default: 600]
    #[arg(long, value_name = "N|off")]
    pub(crate) challenges_per_minute: Option<RateLimit>,

    /// Time in which an app must answer a SQRL URL [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) url_lifetime: Option<Duration>,

    /// Time for each further step of the app [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) nut_lifetime: Option<Duration>,

    /// Time for a whole sign-in [default: 1800]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) chain_lifetime: Option<Duration>,

    /// Name of this server among several, sent in the header x-server
    #[arg(long, value_name = "NAME", value_parser = server_name)]
    pub(crate) server_name: Option<HeaderValue>,
}

/// A store, as the command line names it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Store {
    Memory,
    Sqlite(PathBuf),
    Redis(String),
    Postgres(String),
}

impl FromStr for Store {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, _) = text.split_once("://").unwrap_or_default();
        match text.strip_prefix("sqlite:") {
            Some("") => Err("sqlite: needs a file, as in sqlite:demo.sqlite"),
            Some(file) => Ok(Self::Sqlite(file.into())),
            None if text == "memory" => Ok(Self::Memory),
            None if scheme.starts_with("redis") => Ok(Self::Redis(text.to_owned())),
            None if matches!(scheme, "postgres" | "postgresql") => {
                Ok(Self::Postgres(text.to_owned()))
            }
            None => Err("write memory, sqlite:FILE, redis://… or postgres://…"),
        }
    }
}

/// Redacts URLs, which may hold a password, and paths.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Sqlite(_) => "sqlite:…",
            Self::Redis(_) => "redis://…",
            Self::Postgres(_) => "postgres://…",
        })
    }
}

/// A limit for each address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateLimit {
    Off,
    PerMinute(u32),
}

impl FromStr for RateLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            number => number.parse().map(Self::PerMinute).map_err(|_| "write a number, or off"),
        }
    }
}

fn scheme(text: &str) -> Result<UrlScheme, &'static str> {
    match text {
        "sqrl" => Ok(UrlScheme::Sqrl),
        "qrl" => Ok(UrlScheme::Qrl),
        _ => Err("write sqrl or qrl"),
    }
}

fn server_name(text: &str) -> Result<HeaderValue, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    match HeaderValue::from_str(text) {
        Ok(name) if (1..=60).contains(&text.len()) && text.bytes().all(plain) => Ok(name),
        _ => Err("write a name of letters, digits, `-`, `.` and `_`"),
    }
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}
