use http::StatusCode;
use tower_sqrl_core::StoreError;

use crate::engine::NotIssued;

/// The error of issuing a challenge.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// The client's address is unknown.
    #[error(
        "the client's address is unknown. With TCP, serve with \
         `into_make_service_with_connect_info::<SocketAddr>()`, or put a `PeerAddress` into every \
         request's extensions. With a Unix socket behind a proxy, call `trust_unix_socket_proxy()` \
         on the builder, and let the proxy set the address header"
    )]
    NoClientAddress,
    /// The address reached its limit of sign-in URLs per minute:
    /// [`SqrlBuilder::challenges_per_minute`](crate::SqrlBuilder::challenges_per_minute).
    #[error("too many attempts to sign in from this address: try again in a minute")]
    TooManyChallenges,
    /// A page of another site, or of another subdomain, loads this as an image, a frame or by a script.
    #[error("this page is not for frames and images of other sites")]
    OtherSite,
    /// The browser loads this before a visit: a prefetch, a prerender or a preview. It loads the page again
    /// when its user visits it.
    #[error("this page does not load before it is visited")]
    Prefetch,
    /// [`ChallengeOptions::data`](crate::ChallengeOptions::data) has this many bytes.
    #[error(
        "a challenge carries at most 4096 bytes of data, not {0}. Store longer data yourself, and \
         pass its id"
    )]
    DataTooLong(usize),
    /// The nut could not be stored.
    #[error("signing in does not work at the moment")]
    Store(#[from] StoreError),
}

impl ChallengeError {
    /// Returns the status to respond with: 429, 403, 503 for a failing store and for a prefetch, or 500 for
    /// an error of the application.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoClientAddress | Self::DataTooLong(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TooManyChallenges => StatusCode::TOO_MANY_REQUESTS,
            Self::OtherSite => StatusCode::FORBIDDEN,
            Self::Prefetch | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<NotIssued> for ChallengeError {
    fn from(why: NotIssued) -> Self {
        match why {
            NotIssued::TooMany => Self::TooManyChallenges,
            NotIssued::DataTooLong(octets) => Self::DataTooLong(octets),
            NotIssued::Store(error) => Self::Store(error),
        }
    }
}
