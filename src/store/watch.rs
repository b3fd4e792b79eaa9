use std::fmt;
use std::future::{self, Future};
use std::pin::Pin;

/// Resolves when a store announces the outcome that is watched, which means no more than
/// "look". It may never do so: whoever waits looks now and then all the same.
pub struct Watch(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Watch {
    /// Of a store that announces nothing: never resolves.
    pub const fn silent() -> Self {
        Self(None)
    }

    /// Resolves with `announcement`.
    pub fn new(announcement: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(announcement)))
    }

    /// Whether the store announces nothing, so that looking is all there is.
    pub const fn is_silent(&self) -> bool {
        self.0.is_none()
    }

    /// Waits for the announcement; for ever once it has come.
    ///
    /// Cancel safe: what has not come yet may be waited for again.
    pub async fn announced(&mut self) {
        match &mut self.0 {
            Some(announcement) => announcement.as_mut().await,
            None => future::pending().await,
        }
        self.0 = None;
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("silent", &self.is_silent()).finish()
    }
}
