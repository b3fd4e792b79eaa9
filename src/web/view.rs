//! What a page shows, and a rendered page.
//!
//! Most of it holds a nut or a CPS id, so it has no `Debug`.

/// A page and its Content-Security-Policy.
pub(crate) struct Page {
    pub(crate) html: String,
    pub(crate) policy: String,
}

/// What a sign-in page shows.
#[derive(Clone, Copy)]
pub(crate) struct SignIn<'a> {
    /// The SQRL URL, without `can`, which the script adds to the button.
    pub(crate) url: &'a str,
    /// The URL's nut.
    pub(crate) nut: &'a str,
    /// Seconds until the URL expires. The script renews it shortly before.
    pub(crate) expires_in: u64,
}

/// What the confirmation page shows.
#[derive(Clone, Copy)]
pub(crate) struct Confirm<'a> {
    /// The account that the browser would be signed in to.
    pub(crate) who: Who<'a>,
    /// The CPS id, which the form posts to `cps.sqrl` as `id`.
    pub(crate) id: &'a str,
}

/// The account that a CPS URL would sign in to.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// An account, by the name that its owner knows.
    Name(&'a str),
    /// An account without a name to show.
    Account,
    /// An identity without an account.
    NewIdentity,
}

/// A message with a way on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The CPS URL was used, or is too old.
    UrlExpired,
    /// A command has succeeded, and this browser did not request the sign-in URL.
    Done,
    /// The identity was disabled.
    Disabled,
    /// The identity was enabled.
    Enabled,
    /// The identity was removed.
    Removed,
    /// The sign-in was not finished in time.
    Expired,
    /// The sign-in was collected.
    Collected,
    /// The client continues the sign-in in another browser window.
    TakenOver,
    /// The browser had too many sign-in pages open, so the cookie of this one was evicted.
    Evicted,
    /// No client has answered yet.
    Pending,
    /// The identity is new to a site that accepts no new identities.
    RefusedNew,
    /// The identity is disabled on this site.
    RefusedDisabled,
    /// The identity was replaced on this site by a newer one.
    RefusedSuperseded,
    /// A store is unreachable.
    Unavailable,
}

/// A script or style that the pages load.
#[cfg_attr(not(feature = "web"), expect(dead_code, reason = "plain pages load nothing"))]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    /// The file's name below the base of the SQRL paths.
    pub(crate) name: &'static str,
    /// The value of the `Content-Type` header.
    pub(crate) content_type: &'static str,
    /// The file, in UTF-8.
    pub(crate) body: &'static str,
    /// 16 hex digits, made from the body. Pages load `name?v=version`, so that caches may keep the
    /// file permanently.
    pub(crate) version: &'static str,
}
