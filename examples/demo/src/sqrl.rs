//! Configures SQRL as the command line says.

use std::path::Path;
use std::sync::Arc;

use tower_sqrl::identities::IdentityStore;
use tower_sqrl::nuts::NutStore;
use tower_sqrl::protocol::PublicUrl;
use tower_sqrl::{ConfigError, Sqrl};

use crate::accounts::{Accounts, display_name};
use crate::args::{Args, RateLimit};
use crate::error::StartError;

pub(crate) fn configure(
    args: &Args,
    public_url: &PublicUrl,
    nuts: Arc<dyn NutStore>,
    identities: Arc<dyn IdentityStore>,
    accounts: Arc<dyn Accounts>,
) -> Result<Sqrl, StartError> {
    let mut builder = Sqrl::builder_shared(public_url.to_string(), nuts, identities)
        .account_name(move |account| display_name(Arc::clone(&accounts), account));
    if let Some(prefix) = &args.prefix {
        builder = builder.prefix(prefix);
    }
    if let Some(file) = &args.nut_key {
        builder = builder.nut_key(read_nut_key(file)?);
    }
    if let Some(scheme) = args.url_scheme {
        builder = builder.url_scheme(scheme);
    }
    if let Some(lifetime) = args.url_lifetime {
        builder = builder.url_lifetime(lifetime);
    }
    if let Some(lifetime) = args.nut_lifetime {
        builder = builder.nut_lifetime(lifetime);
    }
    if let Some(lifetime) = args.chain_lifetime {
        builder = builder.chain_lifetime(lifetime);
    }
    builder = match args.failures_per_minute {
        None => builder,
        Some(RateLimit::Off) => builder.without_slowing_down_failures(),
        Some(RateLimit::PerMinute(failures)) => builder.failures_per_minute(failures),
    };
    builder = match args.challenges_per_minute {
        None => builder,
        Some(RateLimit::Off) => builder.without_limiting_challenges(),
        Some(RateLimit::PerMinute(challenges)) => builder.challenges_per_minute(challenges),
    };
    for network in &args.trusted_proxy {
        builder = builder.trusted_proxy(network);
    }
    builder.build().map_err(|error: ConfigError| StartError::Usage(error.to_string()))
}

/// Reads the key from a file, because every user of the machine can read a command line.
fn read_nut_key(file: &Path) -> Result<[u8; 32], StartError> {
    let flag = format!("--nut-key {}", file.display());
    let bytes = std::fs::read(file).map_err(|error| StartError::failed(&flag, &error))?;
    let length = bytes.len();
    let wrong_length = |_| format!("{flag}: the file has {length} bytes; it must have 32");
    bytes.try_into().map_err(wrong_length).map_err(StartError::Usage)
}
