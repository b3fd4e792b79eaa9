use std::net::IpAddr;

use futures_util::future::try_join;

use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::{Digest, NutInfo, NutState, Timestamp, WaitId};
use tower_sqrl_core::protocol::{Ask, Idk, Nut};

use super::Engine;
use super::config::held_for;
use super::rate_limiter::LimitReached;

/// What a challenge asks for besides a sign-in, and who may answer it.
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
/// Pass the options to [`Sqrl::challenge`](crate::Sqrl::challenge). The answer and the data come back
/// with the [`SignIn`](super::SignIn).
#[derive(Clone, Default)]
pub struct ChallengeOptions {
    pub(super) ask: Option<Box<Ask>>,
    pub(super) idk: Option<Idk>,
    pub(super) data: Option<Box<[u8]>>,
    pub(super) same_address: bool,
    pub(super) accept_new: bool,
}

/// Shows only the length, in octets, of the application's data.
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

    /// Returns the options to link a further identity with the account that the browser is signed in
    /// to: [`same_address`](Self::same_address) and [`accept_new`](Self::accept_new).
    ///
    /// A SQRL URL is public: anybody who sees the QR code can answer it with their own identity, and a
    /// stranger in the same room or behind the same NAT has the user's address. So link the identity
    /// only after the user has confirmed it with a POST on your site. If two different identities
    /// answer, link neither. The code is in
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

    /// Accepts an answer only from the address that requested the SQRL URL, even if the client sends
    /// `noiptest`. A client at another address gets tif 40.
    ///
    /// Set it if a stranger's answer would do harm, as when you link an identity with an account. It
    /// does not stop a stranger behind the same NAT, so let the user confirm what matters. It also
    /// excludes the user's own phone in another network. Leave it out to allow that.
    pub fn same_address(mut self) -> Self {
        self.same_address = true;
        self
    }

    /// Accepts a new identity, even if the site accepts known identities only
    /// ([`SqrlBuilder::known_identities_only`](crate::SqrlBuilder::known_identities_only)).
    /// On such a site the identity can sign in again after you have linked it with an account.
    pub fn accept_new(mut self) -> Self {
        self.accept_new = true;
        self
    }

    /// Asks the user a question. The answer comes with the sign-in
    /// ([`SignIn::answer`](super::SignIn::answer)). If the question has buttons, the first one means
    /// yes.
    pub fn ask(mut self, ask: Ask) -> Self {
        self.ask = Some(Box::new(ask));
        self
    }

    /// Accepts an answer only from this identity, for example to let a signed-in user confirm an action.
    /// Another identity gets tif 1C0.
    pub fn only_for(mut self, idk: Idk) -> Self {
        self.idk = Some(idk);
        self
    }

    /// Attaches data of the application, which comes back with the sign-in.
    ///
    /// The maximum is 4096 octets; more is an error
    /// ([`ChallengeError::DataTooLong`](crate::ChallengeError::DataTooLong)), because every nut of the
    /// chain has a copy. Store longer data yourself, and attach its id.
    pub fn data(mut self, data: impl Into<Box<[u8]>>) -> Self {
        self.data = Some(data.into());
        self
    }
}

/// Maximum length of the application's data in octets.
const MAX_DATA: usize = 4096;

/// A sign-in URL.
#[derive(Clone)]
pub(crate) struct IssuedUrl {
    /// Its nut.
    pub(crate) nut: Nut,
    /// The URL, for the button and the QR code.
    pub(crate) text: String,
}

/// Hides the URL, which has the whole nut.
impl std::fmt::Debug for IssuedUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("IssuedUrl").field(&self.nut).finish()
    }
}

/// The reason why no sign-in URL was issued.
#[derive(Debug)]
pub(crate) enum NotIssued {
    /// The address has reached its limit.
    TooMany,
    /// The application's data is too long: its length in octets.
    DataTooLong(usize),
    /// The nut could not be stored.
    Store(StoreError),
}

/// The result of renewing a sign-in URL.
#[derive(Debug)]
pub(crate) enum Renewal {
    /// The new URL, with the options of the old one.
    Renewed(IssuedUrl),
    /// The old URL has been answered, has expired, or was not issued to this browser.
    Gone,
}

impl Engine {
    /// Returns a URL that no client can answer: its nut is stored nowhere.
    pub(crate) fn dead_url(&self) -> IssuedUrl {
        let nut = super::random::dead_nut();
        IssuedUrl { nut, text: self.config.sign_in_url(nut) }
    }

    /// Issues a sign-in URL to a browser at `ip`.
    pub(crate) async fn issue(
        &self,
        ip: IpAddr,
        wait: WaitId,
        options: ChallengeOptions,
    ) -> Result<IssuedUrl, NotIssued> {
        self.charge(ip, self.config.clock.now()).map_err(|_| NotIssued::TooMany)?;
        self.issue_charged(ip, wait, options).await
    }

    async fn issue_charged(
        &self,
        ip: IpAddr,
        wait: WaitId,
        options: ChallengeOptions,
    ) -> Result<IssuedUrl, NotIssued> {
        let ChallengeOptions { ask, idk, data, same_address, accept_new } = options;
        let nut = self.config.nut_issuer.issue();
        let text = self.config.sign_in_url(nut);
        let now = self.config.clock.now();
        // The charge comes first: the data may come from visitors.
        if let Some(data) = data.as_ref().filter(|data| data.len() > MAX_DATA) {
            return Err(NotIssued::DataTooLong(data.len()));
        }
        let mut info = NutInfo::first(nut, wait, ip, now, Digest::of(&text));
        info.idk = idk;
        info.ask = ask;
        info.same_address_only = same_address;
        info.accepts_new = accept_new;
        info.attached.data = data;
        let lifetimes = self.config.lifetimes;
        let ttl = held_for(lifetimes.url).min(lifetimes.chain);
        match self.store_nut(nut, info, ttl).await {
            Ok(()) => Ok(IssuedUrl { nut, text }),
            Err(error) => {
                self.store_failed("storing the nut of a sign-in URL", &error);
                Err(NotIssued::Store(error))
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
                    "an address has reached `challenges_per_minute`: SQRL URLs, CPS URLs and changes of \
                     identities are rejected until the minute is over. If the address is your \
                     proxy's, configure `trusted_proxy`; otherwise raise the limit"
                );
            }
        })
    }

    /// Issues a new sign-in URL to the page that shows `old`, in the browser that has the secret of
    /// `wait`. The wait continues: a client that has begun with the old URL may finish.
    pub(crate) async fn renew(
        &self,
        old: &Nut,
        ip: IpAddr,
        wait: WaitId,
    ) -> Result<Renewal, NotIssued> {
        // The charge precedes the look-up, so made-up nuts cause no more look-ups than real ones.
        self.charge(ip, self.config.clock.now()).map_err(|_| NotIssued::TooMany)?;
        let record = self.nuts.get_nut(old, NutState::Pending);
        let outcome = self.nuts.get_nut(wait.as_nut(), NutState::Authorized);
        let (record, outcome) = try_join(record, outcome).await.map_err(|error| {
            self.store_failed("looking at a sign-in URL", &error);
            NotIssued::Store(error)
        })?;
        // A new URL could outlive the mark that the wait is over, and be collected then.
        let is_over = outcome.is_some_and(|outcome| outcome.is_final());
        // The record proves that this site issued the secret.
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
        self.issue_charged(ip, wait, options).await.map(Renewal::Renewed)
    }
}
