use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Extensions;

use super::{ConfigError, checks};
use crate::engine::{Clock, Engine, EngineConfig, Lifetimes, NutIssuer, Policy};
use crate::service::{
    AccountNames, ClientAddress, LoggedOnce, PeerAddress, Routes, Settings, Sqrl,
};
use crate::web::Pages;
use tower_sqrl_core::identities::{IdentityStore, UserId};
use tower_sqrl_core::nuts::NutStore;
use tower_sqrl_core::protocol::{PublicUrl, UrlScheme};

impl Sqrl {
    /// Starts a configuration from the public URL and the two stores. All other settings have safe
    /// defaults.
    ///
    /// `public_url` is the URL at which browsers reach the application, such as `https://example.com`.
    /// If the application is mounted below a path, the URL includes this path. The layer itself matches
    /// paths as they arrive. So a proxy must strip the path, or a router: in axum
    /// `nest_service("/path", app.layer(sqrl.layer()))`. With plain `nest`, an inner layer only sees
    /// requests for existing routes.
    ///
    /// ```
    /// use tower_sqrl::Sqrl;
    /// use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
    ///
    /// let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    /// let sqrl = Sqrl::builder("https://example.com", nuts, identities).build()?;
    /// # Ok::<(), tower_sqrl::ConfigError>(())
    /// ```
    pub fn builder(
        public_url: impl Into<String>,
        nuts: impl NutStore,
        identities: impl IdentityStore,
    ) -> SqrlBuilder {
        Self::builder_shared(public_url, Arc::new(nuts), Arc::new(identities))
    }

    /// Like [`builder`](Self::builder), for stores that are shared or chosen at run time.
    pub fn builder_shared(
        public_url: impl Into<String>,
        nuts: Arc<dyn NutStore>,
        identities: Arc<dyn IdentityStore>,
    ) -> SqrlBuilder {
        SqrlBuilder {
            public_url: public_url.into(),
            nuts,
            identities,
            prefix: String::new(),
            sign_in_path: "/login".to_owned(),
            signed_in_path: "/signed-in".to_owned(),
            url_scheme: None,
            domain_extension: 0,
            nut_issuer: NutIssuer::default(),
            lifetimes: Lifetimes::default(),
            accepts_new: true,
            same_address_by_ipv6_network: false,
            failures_per_minute: Some(120),
            challenges_per_minute: Some(600),
            body_limit: 8 * 1024,
            max_event_streams: 10_000,
            max_event_streams_per_address: 100,
            trusted_proxies: Vec::new(),
            trust_unix_socket_proxy: false,
            address_header: "x-forwarded-for".to_owned(),
            clock: Clock::default(),
            account_names: None,
            #[cfg(feature = "sin")]
            indexed_secret: None,
            #[cfg(feature = "web")]
            site: crate::web::Site::default(),
        }
    }
}

/// The configuration of a [`Sqrl`]. [`build`](Self::build) checks it.
///
/// ```
/// use std::time::Duration;
/// use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
/// use tower_sqrl::{ConfigError, Sqrl};
///
/// let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
/// let builder = Sqrl::builder("https://example.com/shop", nuts, identities)
///     .prefix("/auth") // browsers and clients use /shop/auth/cli.sqrl
///     .sign_in_path("/enter")
///     .signed_in_path("/entered")
///     .url_lifetime(Duration::from_secs(2 * 60))
///     .trusted_proxy("10.0.0.0/8")
///     .address_header("x-real-ip");
/// let sqrl = builder.build()?;
///
/// let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
/// let builder = Sqrl::builder("https://example.com", nuts, identities).trusted_proxy("nginx");
/// let error = builder.build().expect_err("not a network");
/// assert_eq!(error, ConfigError::Network("nginx".to_owned()));
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build()`"]
pub struct SqrlBuilder {
    public_url: String,
    nuts: Arc<dyn NutStore>,
    identities: Arc<dyn IdentityStore>,
    prefix: String,
    sign_in_path: String,
    signed_in_path: String,
    url_scheme: Option<UrlScheme>,
    domain_extension: usize,
    nut_issuer: NutIssuer,
    lifetimes: Lifetimes,
    accepts_new: bool,
    same_address_by_ipv6_network: bool,
    failures_per_minute: Option<u32>,
    challenges_per_minute: Option<u32>,
    body_limit: usize,
    max_event_streams: usize,
    max_event_streams_per_address: usize,
    trusted_proxies: Vec<String>,
    trust_unix_socket_proxy: bool,
    address_header: String,
    clock: Clock,
    account_names: Option<AccountNames>,
    #[cfg(feature = "sin")]
    indexed_secret: Option<crate::engine::IndexedSecrets>,
    #[cfg(feature = "web")]
    site: crate::web::Site,
}

impl SqrlBuilder {
    /// Sets the path below which the layer answers `nut.sqrl`, `cli.sqrl` and its other paths, such as
    /// `/auth`. Default: the root.
    pub fn prefix(mut self, path: impl Into<String>) -> Self {
        self.prefix = path.into();
        self
    }

    /// Sets the path of the application's sign-in page. Default: `/login`.
    pub fn sign_in_path(mut self, path: impl Into<String>) -> Self {
        self.sign_in_path = path.into();
        self
    }

    /// Sets the path of the application's route that receives sign-ins. Default: `/signed-in`.
    pub fn signed_in_path(mut self, path: impl Into<String>) -> Self {
        self.signed_in_path = path.into();
        self
    }

    /// Sets the scheme of SQRL URLs. Default: `sqrl` if the public URL is https, `qrl` if it is http.
    ///
    /// *Operating Details*, "SQRL:// ⇒ HTTPS://".
    pub fn url_scheme(mut self, scheme: UrlScheme) -> Self {
        self.url_scheme = Some(scheme);
        self
    }

    /// Extends the authentication domain by this number of characters of the SQRL URL's path (`x`).
    /// Default: 0.
    ///
    /// Use it if sites of different owners share a host: each site then has its own identities.
    /// Changing it changes the key of every user.
    ///
    /// *Operating Details*, "The authentication domain" and "Path Extension".
    pub fn extend_domain(mut self, characters: usize) -> Self {
        self.domain_extension = characters;
        self
    }

    /// Sets how long a SQRL URL can be scanned. Default: 5 minutes.
    pub fn url_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.url = lifetime;
        self
    }

    /// Sets how long each later nut of a chain can be answered. Default: 10 minutes.
    pub fn nut_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.later = lifetime;
        self
    }

    /// Sets how long a chain can last, from its SQRL URL on. Default: 30 minutes.
    pub fn chain_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.chain = lifetime;
        self
    }

    /// Sets how long a CPS URL can be followed. Default: 60 seconds.
    ///
    /// *Operating Details*, "Handling CPS Details".
    pub fn cps_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.cps = lifetime;
        self
    }

    /// Accepts only identities that are linked to an account. Default: new identities are accepted.
    ///
    /// `ident` with any other identity fails with tif 40, unless its SQRL URL accepts new identities
    /// ([`ChallengeOptions::accept_new`](crate::ChallengeOptions::accept_new)). To link an identity to
    /// an account, call [`Sqrl::link`](crate::Sqrl::link). An identity without an account counts as
    /// new, because everybody who sees a URL that accepts new identities can create one.
    pub fn known_identities_only(mut self) -> Self {
        self.accepts_new = false;
        self
    }

    /// Compares the browser's and the client's IPv6 addresses by their /64 network. Default: the
    /// addresses must be equal.
    ///
    /// One computer often uses several addresses of its network at once; its sign-ins then fail with
    /// tif 40. The cost: a client anywhere in the browser's /64 network passes for one on the browser's
    /// device. So a phishing page in that network can relay your SQRL URL. IPv4 addresses must always
    /// be equal, and an IPv4 address never equals an IPv6 address.
    ///
    /// *Operating Details*, "The “Same IP” check".
    pub fn same_address_by_ipv6_network(mut self) -> Self {
        self.same_address_by_ipv6_network = true;
        self
    }

    /// Sets how many refused requests one address (IPv6: one /64) can make in a minute before it is
    /// slowed down. Default: 120. Must be at least 1.
    ///
    /// A correctly signed request with a live nut is always answered, so a neighbour behind the same
    /// address cannot lock out others. Other requests of a slowed-down address cost hardly any store
    /// calls: see [`nut_key`](Self::nut_key).
    pub fn failures_per_minute(mut self, failures: u32) -> Self {
        self.failures_per_minute = Some(failures);
        self
    }

    /// Removes the limit of [`failures_per_minute`](Self::failures_per_minute), for tests, or if a
    /// server in front limits requests.
    pub fn without_slowing_down_failures(mut self) -> Self {
        self.failures_per_minute = None;
        self
    }

    /// Sets how many lasting records one address (IPv6: one /64) can create in a minute in this
    /// process. Default: 600. Must be at least 1.
    ///
    /// SQRL URLs count, whether new or renewed, and so do CPS URLs and writes of identities: a new
    /// identity, a changed option, a rekey, an enable or a removal. Further requests for SQRL URLs get
    /// 429. Further commands get tif 40, and the client can retry.
    ///
    /// A disable counts but is never refused, so that an owner can always stop a thief. Repeating it
    /// needs an enable, which can be refused.
    ///
    /// All users behind one NAT have one address. So have all users behind a proxy that is not named
    /// with [`trusted_proxy`](Self::trusted_proxy).
    pub fn challenges_per_minute(mut self, challenges: u32) -> Self {
        self.challenges_per_minute = Some(challenges);
        self
    }

    /// Removes the limit of [`challenges_per_minute`](Self::challenges_per_minute), for benchmarks,
    /// or if a server in front limits requests.
    pub fn without_limiting_challenges(mut self) -> Self {
        self.challenges_per_minute = None;
        self
    }

    /// Sets the maximum size of a client's request, in bytes. Default: 8192. Must be at least 4096.
    pub fn body_limit(mut self, octets: usize) -> Self {
        self.body_limit = octets;
        self
    }

    /// Sets how many waiting pages can use server-sent events in this process. Further pages poll.
    /// Default: 10,000.
    pub fn max_event_streams(mut self, streams: usize) -> Self {
        self.max_event_streams = streams;
        self
    }

    /// Sets how many of these pages one address (IPv6: one /64) can have. Further pages poll.
    /// Default: 100.
    ///
    /// So no address can occupy all streams.
    pub fn max_event_streams_per_address(mut self, streams: usize) -> Self {
        self.max_event_streams_per_address = streams;
        self
    }

    /// Trusts a proxy: for connections from this network (`10.0.0.0/8`, or a single address), the
    /// client's address is in the [`address_header`](Self::address_header). Default: no proxy; the
    /// client's address is that of the connection.
    ///
    /// Name only your proxies: a trusted address can claim any client address. The layer logs a
    /// warning, once, for a proxy that is not named, and for one that sends no address.
    ///
    /// *Operating Details*, "The “Same IP” check".
    pub fn trusted_proxy(mut self, network: impl Into<String>) -> Self {
        self.trusted_proxies.push(network.into());
        self
    }

    /// Trusts every connection without an address, such as a proxy's over a Unix socket: the client's
    /// address is in the [`address_header`](Self::address_header). Default: off; a request without an
    /// address gets an error.
    ///
    /// Use it only if the application listens on nothing but a Unix socket, and only the proxy can
    /// connect to that socket. Any other client could claim any address. A request without an address
    /// in the header still gets an error. Name proxies in front of that proxy with
    /// [`trusted_proxy`](Self::trusted_proxy).
    ///
    /// ```
    /// # use tower_sqrl::Sqrl;
    /// # use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
    /// # let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    /// let sqrl = Sqrl::builder("https://example.com", nuts, identities)
    ///     .trust_unix_socket_proxy()
    ///     .build()?;
    /// // axum::serve(tokio::net::UnixListener::bind("/run/example/http")?, app.layer(sqrl.layer()))
    /// # Ok::<(), tower_sqrl::ConfigError>(())
    /// ```
    pub fn trust_unix_socket_proxy(mut self) -> Self {
        self.trust_unix_socket_proxy = true;
        self
    }

    /// Sets the header in which trusted proxies send the client's address. Default:
    /// `X-Forwarded-For`.
    pub fn address_header(mut self, name: impl Into<String>) -> Self {
        self.address_header = name.into();
        self
    }

    /// Sets the key by which servers that share a nut store recognise each other's nuts. Default: a
    /// random key for each process.
    ///
    /// `key` is 32 random bytes, the same on every server. Set it if several servers share a nut store.
    ///
    /// Each nut has a tag of this key. From a slowed-down address
    /// ([`failures_per_minute`](Self::failures_per_minute)), a nut without a valid tag counts as made
    /// up, and the server looks up only as many of them per minute as that limit allows. Without a
    /// shared key, these include the nuts of the other servers, so a neighbour's failures can hinder a
    /// sign-in. An attacker who learns the key can make the servers look up made-up nuts, and nothing
    /// more.
    ///
    /// ```
    /// # use tower_sqrl::Sqrl;
    /// # use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
    /// # let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    /// # let key = [7; 32];
    /// let builder = Sqrl::builder("https://example.com", nuts, identities).nut_key(key);
    /// # builder.build()?;
    /// # Ok::<(), tower_sqrl::ConfigError>(())
    /// ```
    pub fn nut_key(mut self, key: [u8; 32]) -> Self {
        self.nut_issuer = NutIssuer::new(key);
        self
    }

    /// Requests the indexed secret of this name from clients (`sin`): 32 bytes that only the
    /// identity's owner and this site see, the same at every sign-in. Default: none.
    ///
    /// `name` has 1 to 64 visible ASCII characters. `key` encrypts the secrets in a shared store: 32
    /// random bytes, the same on every server, and stored nowhere else.
    ///
    /// *On The Wire*, "Server Parameters", `sin`; *Cryptography*, "Secret Index and Indexed
    /// Secrets".
    #[cfg(feature = "sin")]
    pub fn indexed_secret(mut self, name: impl Into<String>, key: [u8; 32]) -> Self {
        let key = zeroize::Zeroizing::new(key);
        self.indexed_secret = Some(crate::engine::IndexedSecrets::new(&name.into(), &key));
        self
    }

    /// Sets how the confirmation page of a CPS URL names an account: "Sign in as Ada?". Default: the
    /// account's user id.
    ///
    /// Everybody who follows the URL can read the name, so return one that no other user can have. If
    /// `name` returns `None`, or takes longer than two seconds, the page asks without a name
    /// (`Texts::confirm_account_heading`).
    ///
    /// ```
    /// # use tower_sqrl::identities::UserId;
    /// # use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
    /// # use tower_sqrl::Sqrl;
    /// # let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    /// async fn name_of(user: UserId) -> Option<String> {
    ///     // … look up the user …
    /// #   Some(user.to_string())
    /// }
    ///
    /// let sqrl = Sqrl::builder("https://example.com", nuts, identities)
    ///     .account_name(name_of)
    ///     .build()?;
    /// # Ok::<(), tower_sqrl::ConfigError>(())
    /// ```
    pub fn account_name<F>(mut self, name: impl Fn(UserId) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<String>> + Send + 'static,
    {
        self.account_names = Some(AccountNames::new(name));
        self
    }

    /// Sets the texts of the built-in pages, for every user. Default: English, German or French, as
    /// the browser prefers.
    #[cfg(feature = "web")]
    pub fn texts(self, texts: crate::web::Texts) -> Self {
        self.languages([texts])
    }

    /// Sets the languages of the built-in pages. Each page is in the language of the request's
    /// [`Language`](crate::web::Language), else in the best one for its `Accept-Language`, else in the
    /// first one. Default: English, German, French.
    ///
    /// ```
    /// # use tower_sqrl::Sqrl;
    /// # use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
    /// use tower_sqrl::web::Texts;
    ///
    /// # let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    /// let sqrl = Sqrl::builder("https://example.com", nuts, identities)
    ///     .site_name("Example")
    ///     .site_logo("/logo.svg")
    ///     .languages([Texts::german(), Texts::english().heading("Welcome")])
    ///     .build()?;
    /// # Ok::<(), tower_sqrl::ConfigError>(())
    /// ```
    #[cfg(feature = "web")]
    pub fn languages(mut self, languages: impl IntoIterator<Item = crate::web::Texts>) -> Self {
        self.site.languages = languages.into_iter().collect();
        self
    }

    /// Sets the name of the site, above the heading and in the title of each built-in page. Default:
    /// none.
    #[cfg(feature = "web")]
    pub fn site_name(mut self, name: impl Into<String>) -> Self {
        self.site.name = Some(name.into());
        self
    }

    /// Sets the logo of the site, beside its name on each built-in page: the path of a picture from
    /// the root, as in `/logo.svg`, which the application serves. Default: none.
    #[cfg(feature = "web")]
    pub fn site_logo(mut self, path: impl Into<String>) -> Self {
        self.site.logo = Some(path.into());
        self
    }

    /// Sets the clock, for tests of lifetimes. Default: the system's clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks the configuration and builds a [`Sqrl`].
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] for the first invalid setting.
    pub fn build(self) -> Result<Sqrl, ConfigError> {
        let public_url = self.public_url.parse::<PublicUrl>()?;
        let prefix = checks::prefix(&self.prefix)?;
        checks::application_paths(&self.sign_in_path, &self.signed_in_path)?;
        checks::lifetimes(&self.lifetimes)?;
        checks::per_minute(
            "failures_per_minute",
            "without_slowing_down_failures",
            self.failures_per_minute,
        )?;
        checks::per_minute(
            "challenges_per_minute",
            "without_limiting_challenges",
            self.challenges_per_minute,
        )?;
        checks::body_limit(self.body_limit)?;
        let endpoint = format!("{prefix}/cli.sqrl");
        let client_path = format!("{}{endpoint}", public_url.path());
        checks::extend_domain(self.domain_extension, &client_path)?;
        let trusted = self.trusted_proxies.iter().map(|text| checks::network(text));
        let address = ClientAddress {
            connection,
            trusted: trusted.collect::<Result<_, _>>()?,
            trusts_unix_socket: self.trust_unix_socket_proxy,
            header: checks::address_header(&self.address_header)?,
            logged: LoggedOnce::default(),
        };
        #[cfg(feature = "sin")]
        if let Some(secrets) = &self.indexed_secret {
            checks::secret_name(secrets.sin())?;
        }
        let base = format!("{}{prefix}", public_url.path());
        let sign_in_path = format!("{}{}", public_url.path(), self.sign_in_path);
        #[cfg(feature = "web")]
        let pages = {
            checks::site(&self.site)?;
            Pages::new(base, sign_in_path, self.site)
        };
        #[cfg(not(feature = "web"))]
        let pages = Pages::new(base, sign_in_path);
        let settings = Settings {
            pages,
            account_names: self.account_names,
            address,
            body_limit: self.body_limit,
            max_event_streams: self.max_event_streams.min(tokio::sync::Semaphore::MAX_PERMITS),
            max_event_streams_per_address: self.max_event_streams_per_address,
            routes: Routes { prefix: prefix.into(), signed_in: self.signed_in_path.into() },
        };
        let default_scheme = if public_url.is_https() { UrlScheme::Sqrl } else { UrlScheme::Qrl };
        let config = EngineConfig {
            url_scheme: self.url_scheme.unwrap_or(default_scheme),
            cps_url: format!("{public_url}{prefix}/cps.sqrl?"),
            endpoint,
            client_path,
            domain_extension: self.domain_extension,
            nut_issuer: self.nut_issuer,
            lifetimes: self.lifetimes,
            policy: Policy { accepts_new: self.accepts_new },
            same_address_by_ipv6_network: self.same_address_by_ipv6_network,
            failures_per_minute: self.failures_per_minute,
            challenges_per_minute: self.challenges_per_minute,
            #[cfg(feature = "sin")]
            secrets: self.indexed_secret,
            clock: self.clock,
            public_url,
        };
        Ok(Sqrl::new(Engine::new(self.nuts, self.identities, config), settings))
    }
}

/// Returns the connection's address, if the server has added it to the request.
fn connection(extensions: &Extensions) -> Option<IpAddr> {
    #[cfg(feature = "axum")]
    if let Some(address) = crate::axum::connection(extensions) {
        return Some(address);
    }
    extensions.get::<PeerAddress>().map(|PeerAddress(address)| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> SqrlBuilder {
        let nuts = crate::memory::MemoryNutStore::new();
        let identities = crate::memory::MemoryIdentityStore::new();
        Sqrl::builder("https://example.com", nuts, identities)
    }

    #[test]
    fn a_limit_of_zero_is_an_error() {
        let error = |builder: SqrlBuilder| builder.build().expect_err("a limit of 0").to_string();
        for (error, without) in [
            (error(builder().challenges_per_minute(0)), "`without_limiting_challenges()`"),
            (error(builder().failures_per_minute(0)), "`without_slowing_down_failures()`"),
        ] {
            assert!(error.contains(without), "{error}");
        }
    }

    #[cfg(feature = "web")]
    #[test]
    fn an_unsafe_install_url_is_an_error() {
        let texts = crate::web::Texts::default().install_url("sqrl.example");
        assert_eq!(builder().texts(texts).build().err(), Some(ConfigError::Texts));
        let logo = "https://example.com/logo.svg";
        let error = builder().site_logo(logo).build().expect_err("not a path");
        assert_eq!(error, ConfigError::Logo(logo.to_owned()));
    }
}
