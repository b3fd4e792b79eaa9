use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Extensions;

use super::{ConfigError, checks};
use crate::engine::{Clock, Engine, EngineConfig, Lifetimes, NutIssuer, Policy};
use crate::service::{AccountNames, ClientAddress, PeerAddress, Routes, Said, Settings, Sqrl};
use crate::web::Pages;
use tower_sqrl_core::identities::{IdentityStore, UserId};
use tower_sqrl_core::nuts::NutStore;
use tower_sqrl_core::protocol::{PublicUrl, UrlScheme};

impl Sqrl {
    /// Begins a configuration: where the world reaches the application, and where state is
    /// kept. Everything else has a safe default.
    ///
    /// `public_url` has the path below which the application is mounted, if any; the layer
    /// itself looks at paths as they arrive, so nest it in a router or let a proxy strip
    /// the path. With axum that is `nest_service("/path", app.layer(sqrl.layer()))`: in plain
    /// `nest` an inner layer sees the inner routes' requests alone.
    ///
    /// ```
    /// use tower_sqrl::Sqrl;
    /// use tower_sqrl::memory::MemoryIdentityStore;
    /// use tower_sqrl::memory::MemoryNutStore;
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

    /// [`builder`](Self::builder) for stores that are shared already, or chosen at run time.
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
            texts: crate::web::Texts::default(),
        }
    }
}

/// A configuration in the making. [`build`](Self::build) checks all of it.
///
/// ```
/// use std::time::Duration;
/// use tower_sqrl::memory::MemoryIdentityStore;
/// use tower_sqrl::memory::MemoryNutStore;
/// use tower_sqrl::{ConfigError, Sqrl};
///
/// let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
/// let builder = Sqrl::builder("https://example.com/shop", nuts, identities)
///     .prefix("/auth") // /shop/auth/cli.sqrl, as the world sees it
///     .sign_in_path("/enter")
///     .signed_in_path("/entered")
///     .url_lifetime(Duration::from_secs(2 * 60))
///     .trusted_proxy("10.0.0.0/8")
///     .address_header("x-real-ip");
/// let sqrl = builder.build()?;
///
/// let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
/// let wrong = Sqrl::builder("https://example.com", nuts, identities).trusted_proxy("nginx");
/// let error = wrong.build().expect_err("a name is no network");
/// assert_eq!(error, ConfigError::Network("nginx".to_owned()));
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing happens before `build()`"]
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
    texts: crate::web::Texts,
}

impl SqrlBuilder {
    /// Puts `nut.sqrl`, `cli.sqrl` and the others below a path, as in `/auth`. Default: the
    /// root.
    pub fn prefix(mut self, path: impl Into<String>) -> Self {
        self.prefix = path.into();
        self
    }

    /// The application's page that offers the sign-in. Default: `/login`.
    pub fn sign_in_path(mut self, path: impl Into<String>) -> Self {
        self.sign_in_path = path.into();
        self
    }

    /// The application's route that gets the sign-in. Default: `/signed-in`.
    pub fn signed_in_path(mut self, path: impl Into<String>) -> Self {
        self.signed_in_path = path.into();
        self
    }

    /// The scheme of links. Default: `sqrl` for a public URL with https, `qrl` with http.
    ///
    /// *Operating Details*, "SQRL:// ⇒ HTTPS://".
    pub fn url_scheme(mut self, scheme: UrlScheme) -> Self {
        self.url_scheme = Some(scheme);
        self
    }

    /// Extends the authentication domain by so many characters of the link's path (`x`):
    /// sites below one host that are different parties get different identities. Default: 0.
    ///
    /// Changing it changes every user's identity key.
    ///
    /// *Operating Details*, "The authentication domain" and "Path Extension".
    pub fn extend_domain(mut self, characters: usize) -> Self {
        self.domain_extension = characters;
        self
    }

    /// How long a link can be scanned. Default: 5 minutes.
    pub fn url_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.link = lifetime;
        self
    }

    /// How long every later nut can be answered. Default: 10 minutes.
    pub fn nut_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.later = lifetime;
        self
    }

    /// How long a whole chain lasts, from its link on. Default: 30 minutes.
    pub fn chain_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.chain = lifetime;
        self
    }

    /// How long a CPS URL can be followed. Default: 60 seconds.
    ///
    /// *Operating Details*, "Handling CPS Details".
    pub fn cps_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.cps = lifetime;
        self
    }

    /// Signs in only identities that are linked with an account. `ident` with any other fails with
    /// tif 40, unless its URL accepts new identities
    /// ([`ChallengeOptions::accept_new`](crate::ChallengeOptions::accept_new)). Default: new identities are
    /// accepted.
    ///
    /// [`Sqrl::link`](crate::Sqrl::link) links an identity with an account. Without an account the
    /// identity counts as new: everybody who sees a URL that accepts new identities can answer it.
    pub fn known_identities_only(mut self) -> Self {
        self.accepts_new = false;
        self
    }

    /// Treats two IPv6 addresses of one /64 network as the same address when the browser's address
    /// is compared with the client's. Default: the addresses must be equal.
    ///
    /// One computer often uses several addresses of its network at once, and its sign-in then
    /// fails with tif 40. The cost: a client anywhere in the browser's /64 network passes for one
    /// on the browser's device, so a page in the middle at a neighbour's in that network can relay
    /// your SQRL URL. IPv4 addresses must be equal either way, and an IPv4 address never equals an
    /// IPv6 address.
    ///
    /// *Operating Details*, "The “Same IP” check".
    pub fn same_address_by_ipv6_network(mut self) -> Self {
        self.same_address_by_ipv6_network = true;
        self
    }

    /// How many refused requests one address (IPv6: one /64) may make in a minute before it
    /// is slowed down. Default: 120.
    ///
    /// A rightly signed request with a live nut is answered all the same, so a neighbour behind the
    /// same address can keep nobody out. The other requests of an address that is slowed down cost
    /// hardly any store calls: see [`nut_key`](Self::nut_key).
    pub fn failures_per_minute(mut self, failures: u32) -> Self {
        self.failures_per_minute = Some(failures);
        self
    }

    /// Slows nobody down, however many requests are refused: for tests, and where something
    /// in front does it.
    pub fn without_slowing_down_failures(mut self) -> Self {
        self.failures_per_minute = None;
        self
    }

    /// How many links, fresh or renewed, one address (IPv6: one /64) may ask one process for in
    /// a minute; more are refused with 429. CPS URLs and writes of identities count as well: a new
    /// identity, a changed option, a rekey, an enable or a removal. More of those are refused with
    /// tif 40, and the client may retry. So the limit bounds what an address can leave in the
    /// stores. Default: 600.
    ///
    /// A disable counts but is never refused, so that an owner can always stop a thief. It cannot
    /// be repeated without an enable, which is refused.
    ///
    /// Everybody behind one NAT has one address; everybody behind a proxy has too, unless
    /// the proxy is named with [`trusted_proxy`](Self::trusted_proxy).
    pub fn challenges_per_minute(mut self, links: u32) -> Self {
        self.challenges_per_minute = Some(links);
        self
    }

    /// Gives every address as many links as it asks for: for measurements, and where something
    /// in front limits requests.
    pub fn without_limiting_challenges(mut self) -> Self {
        self.challenges_per_minute = None;
        self
    }

    /// How many octets of a client's request are read. Default: 8192; at least 4096.
    pub fn body_limit(mut self, octets: usize) -> Self {
        self.body_limit = octets;
        self
    }

    /// How many pages may wait by events in this process; more fall back to polling.
    /// Default: 10,000.
    pub fn max_event_streams(mut self, streams: usize) -> Self {
        self.max_event_streams = streams;
        self
    }

    /// How many of these pages may be at one address, an IPv6 /64 being one; more fall back to
    /// polling. Default: 100. So nobody holds them all.
    pub fn max_event_streams_per_address(mut self, streams: usize) -> Self {
        self.max_event_streams_per_address = streams;
        self
    }

    /// Trusts a proxy: connections from this network (`10.0.0.0/8`, or a single address)
    /// bring the client's address in a header. Default: none, the connection's own address
    /// counts.
    ///
    /// Name the proxies and nothing else: whoever is trusted may claim any address. A proxy that
    /// is not named, and one that brings no address, are each warned of in the log, once.
    ///
    /// *Operating Details*, "The “Same IP” check".
    pub fn trusted_proxy(mut self, network: impl Into<String>) -> Self {
        self.trusted_proxies.push(network.into());
        self
    }

    /// Trusts every connection without an address, as a proxy's over a Unix socket: the client's
    /// address is the one in the address header. Default: off, and a request without an address is
    /// answered with an error.
    ///
    /// Turn it on only where the application listens on a Unix socket alone, and where only the
    /// proxy may connect to that socket. Everybody else who connects could claim any address. A
    /// request whose header has no address is still answered with an error. Proxies in front of
    /// that proxy are named with [`trusted_proxy`](Self::trusted_proxy).
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

    /// The header in which trusted proxies bring the client's address.
    /// Default: `X-Forwarded-For`.
    pub fn address_header(mut self, name: impl Into<String>) -> Self {
        self.address_header = name.into();
        self
    }

    /// Sets the key by which servers that share a nut store recognise each other's nuts. Default: a
    /// random key for each process.
    ///
    /// `key` is 32 random bytes, the same on every server. A nut that carries no tag of this key is
    /// taken for made up when it comes from an address that is slowed down
    /// ([`failures_per_minute`](Self::failures_per_minute)); only as many of those as the limit
    /// are looked up in a minute. Without a shared key these include the nuts of the other servers,
    /// so a neighbour's failures can hinder a sign-in. Somebody who learns the key can make the servers
    /// look up made-up nuts, and nothing worse.
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

    /// Asks clients for the indexed secret of this name (`sin`): 32 bytes that only this
    /// identity's owner and this site ever see, the same at every sign-in.
    ///
    /// `key` seals the secrets on their way through a shared store: 32 random bytes, the
    /// same on every server, and nowhere else.
    ///
    /// *On The Wire*, "Server Parameters", `sin`; *Cryptography*, "Secret Index and Indexed
    /// Secrets".
    #[cfg(feature = "sin")]
    pub fn indexed_secret(mut self, name: impl Into<String>, key: [u8; 32]) -> Self {
        let key = zeroize::Zeroizing::new(key);
        self.indexed_secret = Some(crate::engine::IndexedSecrets::new(&name.into(), &key));
        self
    }

    /// Names an account for people, where a CPS URL asks before it signs in: "Sign in as Ada?".
    /// Default: the account's user id is shown.
    ///
    /// Everybody who follows the URL reads the name. If it is `None`, or does not come within two
    /// seconds, the page says "an existing account" (`Texts::confirm_account`).
    ///
    /// ```
    /// # use tower_sqrl::identities::UserId;
    /// # use tower_sqrl::memory::MemoryIdentityStore;
    /// # use tower_sqrl::memory::MemoryNutStore;
    /// # use tower_sqrl::Sqrl;
    /// # let (nuts, identities) = (MemoryNutStore::new(), MemoryIdentityStore::new());
    /// async fn name_of(user: UserId) -> Option<String> {
    ///     // … look the user up …
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

    /// The texts of the ready pages.
    #[cfg(feature = "web")]
    pub fn texts(mut self, texts: crate::web::Texts) -> Self {
        self.texts = texts;
        self
    }

    /// The wall clock, for tests that let time pass.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    ///
    /// The first [`ConfigError`], which says what to write instead.
    pub fn build(self) -> Result<Sqrl, ConfigError> {
        let public_url = PublicUrl::parse(&self.public_url)?;
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
        checks::domain_extension(self.domain_extension, &client_path)?;
        let trusted = self.trusted_proxies.iter().map(|text| checks::network(text));
        let address = ClientAddress {
            connection,
            trusted: trusted.collect::<Result<_, _>>()?,
            trusts_unix_socket: self.trust_unix_socket_proxy,
            header: checks::address_header(&self.address_header)?,
            said: Said::default(),
        };
        #[cfg(feature = "sin")]
        if let Some(secrets) = &self.indexed_secret {
            checks::secret_name(secrets.sin())?;
        }
        let base = format!("{}{prefix}", public_url.path());
        let sign_in_path = format!("{}{}", public_url.path(), self.sign_in_path);
        #[cfg(feature = "web")]
        let pages = {
            checks::texts(&self.texts)?;
            Pages::new(base, sign_in_path, self.texts)
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
            routes: Routes {
                prefix: prefix.into(),
                sign_in: self.sign_in_path.into(),
                signed_in: self.signed_in_path.into(),
            },
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

/// The connection's address, as far as the server has put it beside a request.
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
    fn nobody_is_refused_for_ever() {
        let says = |builder: SqrlBuilder| builder.build().expect_err("a limit of 0").to_string();
        for (says, without) in [
            (says(builder().challenges_per_minute(0)), "`without_limiting_challenges()`"),
            (says(builder().failures_per_minute(0)), "`without_slowing_down_failures()`"),
        ] {
            assert!(says.contains(without), "{says}");
        }
    }
    #[cfg(feature = "web")]
    #[test]
    fn a_link_that_no_page_may_hold_is_refused_at_once() {
        let texts = crate::web::Texts::default().install_url("sqrl.example");
        assert_eq!(builder().texts(texts).build().err(), Some(ConfigError::Texts));
    }
}
