//! The command line.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderValue;
use clap::Parser;
use tower_sqrl::protocol::UrlScheme;

/// A small application with SQRL sign-in, for trying out and for reading.
#[derive(Debug, Parser)]
#[command(name = "demo", version)]
pub(crate) struct Args {
    /// Where to listen; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Where browsers reach the demo [default: `http://` and the address it listens on]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// Where sign-ins under way are kept: memory, sqlite:FILE, `postgres://…`, `redis://…`,
    /// `redis-sentinel://…` or `redis-cluster://…`
    #[arg(long, value_name = "STORE", default_value = "memory")]
    pub(crate) nuts: Store,

    /// Where identities and accounts are kept: sqlite:FILE, memory or `postgres://…`; with
    /// Postgres the sessions too
    #[arg(long, value_name = "STORE", default_value = "sqlite:demo.sqlite")]
    pub(crate) identities: Store,

    /// Postgres is reached without a pooler: statements are prepared once per connection, which is
    /// faster
    #[arg(long)]
    pub(crate) direct_postgres: bool,

    /// A proxy in front, whose X-Forwarded-For is believed: a network (10.0.0.0/8) or an
    /// address; repeatable
    #[arg(long, value_name = "CIDR")]
    pub(crate) trusted_proxy: Vec<String>,

    /// A file with 32 random bytes, the same for every server that shares --nuts: `head -c 32
    /// /dev/urandom > FILE` [default: a random key for each process]
    #[arg(long, value_name = "FILE")]
    pub(crate) nut_key: Option<PathBuf>,

    /// The scheme of links [default: sqrl for a public URL with https, qrl with http]
    #[arg(long, value_name = "sqrl|qrl", value_parser = scheme)]
    pub(crate) url_scheme: Option<UrlScheme>,

    /// The path below which nut.sqrl, cli.sqrl and the others are [default: none]
    #[arg(long, value_name = "PATH")]
    pub(crate) prefix: Option<String>,

    /// How many refused requests a minute slow an address down, or off [default: 120]
    #[arg(long, value_name = "N|off")]
    pub(crate) failures_per_minute: Option<PerMinute>,

    /// How many links a minute an address gets, or off [default: 600]
    #[arg(long, value_name = "N|off")]
    pub(crate) challenges_per_minute: Option<PerMinute>,

    /// How long a link can be scanned [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) url_lifetime: Option<Duration>,

    /// How long a client's every further step may take [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) nut_lifetime: Option<Duration>,

    /// How long a whole sign-in may take [default: 1800]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) chain_lifetime: Option<Duration>,

    /// What this server is called among several: said in the header x-server and on the pages,
    /// and /servers shows to everybody which server answered which step of recent sign-ins
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) server_name: Option<HeaderValue>,
}

/// Where something is kept.
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

/// Without addresses: they may hold a password.
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

/// How often a minute an address may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PerMinute {
    Off,
    AtMost(u32),
}

impl FromStr for PerMinute {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            number => number.parse().map(Self::AtMost).map_err(|_| "write a number, or off"),
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

fn name(text: &str) -> Result<HeaderValue, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    match HeaderValue::from_str(text) {
        Ok(name) if (1..=60).contains(&text.len()) && text.bytes().all(plain) => Ok(name),
        _ => Err("write a name of letters, digits, `-`, `.` and `_`"),
    }
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}
