//! The state machine: take the nut, look the identity up, decide, write, reply. It knows the client's
//! address and nothing else of HTTP.

mod account;
mod answer;
mod apply;
mod chain;
mod challenge;
mod claim;
mod clock;
mod collect;
mod conclude;
mod config;
mod decide;
mod nut_issuer;
mod outcome;
mod random;
mod rate_limiter;
mod recent_nuts;
mod reply;
#[cfg(feature = "sin")]
mod seal;
mod secrets;
mod sign_in;
mod spent_nuts;

pub use account::LinkError;
pub use challenge::ChallengeOptions;
pub use claim::{Claim, ClaimStatus, InvalidClaim};
pub use clock::Clock;
pub use collect::NotSignedIn;
pub(crate) use config::Lifetimes;
pub use sign_in::{Answer, SignIn};

pub(crate) use challenge::{IssuedUrl, NotIssued, Renewal};
pub(crate) use collect::WaitStatus;
pub(crate) use config::EngineConfig;
pub(crate) use decide::Policy;
pub(crate) use nut_issuer::NutIssuer;
#[cfg(feature = "sin")]
pub(crate) use seal::IndexedSecrets;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rate_limiter::RateLimiter;
use recent_nuts::RecentNuts;
use spent_nuts::SpentNuts;
use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::IdentityStore;
use tower_sqrl_core::nuts::{NutInfo, NutState, NutStore};
use tower_sqrl_core::protocol::Nut;

/// The state machine, with its two stores.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) nuts: Arc<dyn NutStore>,
    /// `None` if the store is in the memory of this process.
    recent_nuts: Option<RecentNuts>,
    pub(crate) identities: Arc<dyn IdentityStore>,
    pub(crate) config: EngineConfig,
    /// Refused requests.
    failures: RateLimiter,
    /// Look-ups of nuts that this site has not issued, for addresses over their failure limit.
    foreign_nuts: RateLimiter,
    /// Nuts of this site that addresses over their failure limit have sent, and that were not live.
    spent_nuts: SpentNuts,
    /// Sign-in URLs, and whatever else outlasts a request.
    charges: RateLimiter,
    store_failures: AtomicU64,
}

impl Engine {
    pub(crate) fn new(
        nuts: Arc<dyn NutStore>,
        identities: Arc<dyn IdentityStore>,
        config: EngineConfig,
    ) -> Self {
        Self {
            failures: RateLimiter::new(config.failures_per_minute),
            foreign_nuts: RateLimiter::new(config.failures_per_minute),
            spent_nuts: SpentNuts::new(),
            recent_nuts: (!nuts.is_in_process()).then(RecentNuts::new),
            charges: RateLimiter::new(config.challenges_per_minute),
            store_failures: AtomicU64::new(0),
            nuts,
            identities,
            config,
        }
    }

    /// Stores a nut, and keeps a copy of its record for the request that answers it.
    async fn store_nut(&self, nut: Nut, info: NutInfo, ttl: Duration) -> Result<(), StoreError> {
        self.nuts.store_nut(&nut, &info, NutState::Pending, ttl).await?;
        if let Some(recent_nuts) = &self.recent_nuts {
            recent_nuts.insert(nut, info);
        }
        Ok(())
    }

    /// Returns the number of store failures since the start.
    pub(crate) fn store_failures(&self) -> u64 {
        self.store_failures.load(Ordering::Relaxed)
    }

    /// Logs and counts a store failure.
    fn store_failed(&self, doing: &'static str, error: &StoreError) {
        self.store_failures.fetch_add(1, Ordering::Relaxed);
        tracing::error!(error = error as &dyn std::error::Error, "a store failed: {doing}");
    }
}
