use std::net::IpAddr;

use futures_util::future::try_join;

use super::Engine;
use super::config::held_for;
use super::rate_limiter::LimitReached;
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{Digest, NutInfo, NutState, Timestamp, WaitId};
use tower_sqrl_core::protocol::{Ask, Idk, Nut};

/// What a link is made for, if for more than signing in.
///
/// ```
/// use tower_sqrl::ChallengeOptions;
/// use tower_sqrl::protocol::{Ask, Idk};
///
/// # fn options(signed_in: Idk) -> Result<ChallengeOptions, tower_sqrl::protocol::AskError> {
/// let ask = Ask::new("Delete your account?")?.button("Delete")?.button("Keep")?;
/// let options = ChallengeOptions::default().ask(ask).only_for(signed_in).data(*b"delete");
/// # Ok(options)
/// # }
/// # options(Idk::from_bytes([1; 32]))?;
/// # Ok::<(), tower_sqrl::protocol::AskError>(())
/// ```
///
/// A link with them is made by [`Sqrl::challenge`](crate::Sqrl::challenge); answer and data come
/// back with the [`SignIn`](super::SignIn).
#[derive(Clone, Default)]
pub struct ChallengeOptions {
    pub(super) ask: Option<Box<Ask>>,
    pub(super) idk: Option<Idk>,
    pub(super) data: Option<Box<[u8]>>,
    pub(super) same_address: bool,
    pub(super) accept_new: bool,
}

/// Of the application's bytes the length in octets alone.
impl std::fmt::Debug for ChallengeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChallengeOptions")
            .field("ask", &self.ask)
            .field("idk", &self.idk)
            .field("data", &self.data.as_ref().map(|data| data.len()))
            .field("same_address", &self.same_address)
            .field("accept_new", &self.accept_new)
            .finish()
    }
}

impl ChallengeOptions {
    /// Returns the defaults: no question, no data, any identity, from anywhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// The options for linking a further identity with the account that the browser is signed in
    /// to: [`same_address`](Self::same_address) and [`accept_new`](Self::accept_new).
    ///
    /// A SQRL URL is public: everybody who sees the QR code can answer it with an identity of
    /// their own, and a stranger in the same room or behind the same NAT has the user's address.
    /// So link nothing before the user has confirmed it with a POST of your site, and treat two
    /// different identities that answer as none. The code is in
    /// [`guide::own_user_table`](crate::guide::own_user_table), "Add SQRL to an existing account".
    ///
    /// ```
    /// use tower_sqrl::ChallengeOptions;
    ///
    /// let options = ChallengeOptions::linking().data(*b"link with account 4711");
    /// ```
    pub fn linking() -> Self {
        Self::default().same_address().accept_new()
    }

    /// Accepts an answer only from the address that asked for the link, even if the client sends
    /// `noiptest`. From another address the answer is tif 40.
    ///
    /// Set it where an answer by a stranger would do harm, as when an identity is linked with an
    /// account. It does not stop a stranger behind the same NAT, so confirm what matters all the
    /// same. It also excludes the user's own phone in another network; leave it out to allow that.
    pub fn same_address(mut self) -> Self {
        self.same_address = true;
        self
    }

    /// Accepts a new identity by this link, even if the site accepts known identities only
    /// ([`SqrlBuilder::known_identities_only`](crate::SqrlBuilder::known_identities_only)).
    /// There the identity can sign in again, by other URLs, once it is linked with an account.
    pub fn accept_new(mut self) -> Self {
        self.accept_new = true;
        self
    }

    /// Puts a question to the user; the answer comes with the sign-in
    /// ([`SignIn::answer`](super::SignIn::answer)). If it has buttons, the first one means yes.
    pub fn ask(mut self, ask: Ask) -> Self {
        self.ask = Some(Box::new(ask));
        self
    }

    /// Takes nobody but this identity, as for confirming what somebody who is signed in
    /// is about to do. Another one is refused with tif 1C0.
    pub fn only_for(mut self, idk: Idk) -> Self {
        self.idk = Some(idk);
        self
    }

    /// Bytes of the application's own that come back with the sign-in.
    ///
    /// At most 4096 octets, or there is no link
    /// ([`ChallengeError::DataTooLong`](crate::ChallengeError::DataTooLong)): they are kept with
    /// every nut of the chain. What is longer belongs under an id of the application's own.
    pub fn data(mut self, data: impl Into<Box<[u8]>>) -> Self {
        self.data = Some(data.into());
        self
    }
}

/// Octets of the application's own that a link carries at most.
const MAX_DATA: usize = 4096;

/// A link that is ready to be shown.
#[derive(Clone)]
pub(crate) struct IssuedLink {
    /// Its nut.
    pub(crate) nut: Nut,
    /// The text for the button and the QR code.
    pub(crate) text: String,
}

/// Without the text, which has the whole nut.
impl std::fmt::Debug for IssuedLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("IssuedLink").field(&self.nut).finish()
    }
}

/// Why there is no link.
#[derive(Debug)]
pub(crate) enum NoLink {
    /// The address has asked for too many.
    TooMany,
    /// So many octets of the application's own are too many.
    DataTooLong(usize),
    /// Its nut could not be stored.
    Store(StoreError),
}

/// The answer to a page that wants to go on with a new link.
#[derive(Debug)]
pub(crate) enum Renewal {
    /// The new link; what the old one was made for holds for it too.
    Renewed(IssuedLink),
    /// The old link has been answered, is too old, or is not this browser's.
    Gone,
}

impl Engine {
    /// A link that nobody can answer: its nut is stored nowhere.
    pub(crate) fn dead_link(&self) -> IssuedLink {
        let nut = super::random::dead_nut();
        IssuedLink { nut, text: self.config.link(nut) }
    }

    /// Makes a link for a browser at `ip`.
    pub(crate) async fn issue(
        &self,
        ip: IpAddr,
        wait: WaitId,
        options: ChallengeOptions,
    ) -> Result<IssuedLink, NoLink> {
        self.charge(ip, self.config.clock.now()).map_err(|_| NoLink::TooMany)?;
        self.issue_counted(ip, wait, options).await
    }

    async fn issue_counted(
        &self,
        ip: IpAddr,
        wait: WaitId,
        options: ChallengeOptions,
    ) -> Result<IssuedLink, NoLink> {
        let ChallengeOptions { ask, idk, data, same_address, accept_new } = options;
        let nut = self.config.nut_issuer.issue();
        let text = self.config.link(nut);
        let now = self.config.clock.now();
        // After the count, in case that visitors have a hand in the data.
        if let Some(data) = data.as_ref().filter(|data| data.len() > MAX_DATA) {
            return Err(NoLink::DataTooLong(data.len()));
        }
        let mut info = NutInfo::first(nut, wait, ip, now, Digest::of(&text));
        info.idk = idk;
        info.ask = ask;
        info.same_address_only = same_address;
        info.accepts_new = accept_new;
        info.attached.data = data;
        let lifetimes = self.config.lifetimes;
        let ttl = held_for(lifetimes.link).min(lifetimes.chain);
        match self.store_nut(nut, info, ttl).await {
            Ok(()) => Ok(IssuedLink { nut, text }),
            Err(error) => {
                self.store_failed("storing a link's nut", &error);
                Err(NoLink::Store(error))
            }
        }
    }

    /// Charges an address for something that outlasts the request: a sign-in URL with its chain and
    /// outcome, a CPS URL, or any write of an identity. So one address leaves a bounded amount in the
    /// stores.
    pub(super) fn charge(&self, ip: IpAddr, now: Timestamp) -> Result<(), LimitReached> {
        self.charges.count(ip, now).inspect_err(|reached| {
            if reached.first {
                tracing::warn!(
                    %ip,
                    "an address has used up `challenges_per_minute`: SQRL URLs, CPS URLs and changes of \
                     identities are rejected until the minute is over. If the address is your \
                     proxy's, configure `trusted_proxy`; otherwise raise the limit"
                );
            }
        })
    }

    /// Makes a new link for the page that shows `old`, and whose browser holds the secret
    /// of `wait`. The wait goes on: a client that has begun with the old link may finish.
    pub(crate) async fn renew(
        &self,
        old: &Nut,
        ip: IpAddr,
        wait: WaitId,
    ) -> Result<Renewal, NoLink> {
        // Before the look at the store, so that made-up links cost no more of them than real ones.
        self.charge(ip, self.config.clock.now()).map_err(|_| NoLink::TooMany)?;
        let record = self.nuts.get_nut(old, NutState::Pending);
        let outcome = self.nuts.get_nut(wait.as_nut(), NutState::Authorized);
        let (record, outcome) = try_join(record, outcome).await.map_err(|error| {
            self.store_failed("looking at a link", &error);
            NoLink::Store(error)
        })?;
        // A link that outlived the word that its wait is over could be collected after all.
        let is_over = outcome.is_some_and(|outcome| outcome.is_final());
        // The record is the proof that the secret is ours.
        let Some(record) =
            record.filter(|record| record.wait == wait && record.first_nut == *old && !is_over)
        else {
            return Ok(Renewal::Gone);
        };
        let NutInfo { ask, idk, attached, same_address_only, accepts_new, .. } = record;
        let options = ChallengeOptions {
            ask,
            idk,
            data: attached.data,
            same_address: same_address_only,
            accept_new: accepts_new,
        };
        self.issue_counted(ip, wait, options).await.map(Renewal::Renewed)
    }
}
