//! A history: a site and the actions of the people, attackers and servers around it.
//!
//! Actions refer to chains, requests and URLs relative to the state in which they happen. So any
//! action can be removed from a history, which is then still valid.

/// A site and a list of actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The configuration of the site.
    pub site: Site,
    /// The actions in their order.
    pub actions: Vec<Action>,
}

/// The configuration of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Site {
    /// The site accepts no new identities.
    pub known_only: bool,
    /// Failures that one server allows one address per minute. Default: no limit.
    pub failures_per_minute: Option<u8>,
    /// SQRL URLs and writes that one server allows one address per minute. Default: no limit.
    pub urls_per_minute: Option<u8>,
    /// The seconds by which the clocks of the second and the third server are ahead.
    pub clocks_ahead: [u8; 2],
}

/// An action. The numbers of chains, requests and URLs count back from the newest. The numbers of
/// browsers count forward from the one that opened a CPS URL last.
#[allow(missing_docs, reason = "the names of the fields describe them")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A browser requests a SQRL URL.
    Visit { browser: u8, address: u8, server: u8, purpose: Purpose },
    /// A page requests a new SQRL URL in place of its own.
    Renew { chain: u8, other_browser: bool, address: u8, server: u8 },
    /// A client or an attacker sends a request.
    Request(RequestPlan),
    /// The bytes of an earlier request arrive again.
    Replay { request: u8, other_nut: bool, address: u8, server: u8 },
    /// A page polls.
    Poll { chain: u8, other_browser: bool, server: u8 },
    /// A page, or an attacker who knows its nut, collects the sign-in.
    Collect { chain: u8, other_browser: bool, server: u8 },
    /// A browser opens a CPS URL.
    OpenCpsUrl { url: u8, other_browser: bool, server: u8 },
    /// A browser shows the question to which a CPS URL redirected it.
    ShowQuestion { browser: u8, server: u8 },
    /// A person answers the question, or an attacker forges the answer.
    Confirm { browser: u8, from_elsewhere: bool, other_url: bool, server: u8 },
    /// A browser goes to the address where a CPS URL signs in.
    SignInByCps { browser: u8, server: u8 },
    /// Two requests run concurrently on two servers. Without `other`, both have the same bytes.
    /// `yields` selects which store calls let others go first.
    Race { one: RequestPlan, other: Option<RequestPlan>, servers: [u8; 2], yields: u8 },
    /// A page collects twice concurrently, on two servers.
    RaceToCollect { chain: u8, servers: [u8; 2], yields: u8 },
    /// Time passes.
    Advance(Advance),
    /// The application links an identity to an account, or unlinks it.
    SetAccount { person: u8, user: Option<u8>, server: u8 },
}

/// The purpose of a SQRL URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Any identity may sign in.
    Any,
    /// The client shows a question.
    Question,
    /// Only this person, who is signed in, may use it.
    Only(u8),
    /// The identity, known or new, is linked to an account. Only the same address may use it.
    Linking,
}

/// What a request of a client contains. Everything that the fields do not change is correct.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestPlan {
    /// The chain that the request continues.
    pub chain: u8,
    /// The person. If the chain has an identity, only every fourth number selects another person.
    pub person: u8,
    /// `idk` is the key that replaces the person's current one.
    pub next_generation: bool,
    /// `cmd`.
    pub command: Command,
    /// `opt`.
    pub options: Options,
    /// `suk` and `vuk`.
    pub keys: Keys,
    /// `pidk` and `pids`.
    pub previous: Previous,
    /// The signer of `urs`.
    pub urs: Urs,
    /// `btn`, even without a question.
    pub button: Option<u8>,
    /// An error in the request.
    pub flaw: Option<Flaw>,
    /// The address of the client. 0 is the address that requested the SQRL URL.
    pub address: u8,
    /// The server.
    pub server: u8,
}

/// `cmd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Command {
    /// `query`
    #[default]
    Query,
    /// `ident`
    Ident,
    /// `disable`
    Disable,
    /// `enable`
    Enable,
    /// `remove`
    Remove,
    /// A command that version 1 does not have.
    Other,
}

/// The options in `opt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "five independent options of the protocol")]
pub struct Options {
    /// `suk`
    pub suk: bool,
    /// `cps`
    pub cps: bool,
    /// `noiptest`
    pub noiptest: bool,
    /// `sqrlonly`
    pub sqrlonly: bool,
    /// `hardlock`
    pub hardlock: bool,
}

/// `suk` and `vuk`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keys {
    /// Neither.
    #[default]
    None,
    /// Both, of the pair with this number.
    Both(u8),
    /// Only `suk`.
    SukOnly,
    /// Only `vuk`.
    VukOnly,
}

/// `pidk` and `pids`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Previous {
    /// Neither.
    #[default]
    None,
    /// The person's newest other key that the site has, or else the key before the current one.
    Known,
    /// Any key of the person.
    Any(u8),
    /// A key of another person, with `pids` by the key of the request.
    OtherPerson(u8),
    /// Like `Known`, without `pids`.
    WithoutPids,
    /// Like `Known`, without `pidk`.
    WithoutPidk,
}

/// The signer of `urs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Urs {
    /// No `urs`.
    #[default]
    None,
    /// The owner of the identity that the request means, as the site has stored it.
    Owner,
    /// The owner of the `vuk` in the request.
    Presented,
    /// Another person.
    OtherPerson(u8),
}

/// An error in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// `idk` belongs to another person; `ids` is by the sender's key.
    StolenIdk(u8),
    /// `ids` is by another key of the same person.
    WrongIds,
    /// `idk` is a superseded key, if there is one.
    SupersededIdk,
    /// The nut is an earlier one, dead or live. The number counts back from the newest.
    OldNut(u8),
    /// Like `OldNut`, and `server` is what the server sent with that nut.
    OldNutAndServer(u8),
    /// No server issued the nut.
    UnissuedNut,
    /// There is no nut.
    MissingNut,
    /// `server` is what the server sent with another nut.
    OtherServer(u8),
    /// `server` has one more character.
    LongerServer,
    /// `server` ends with a valid `can`.
    Can,
    /// `server` ends with an empty `can`.
    EmptyCan,
    /// A version-1 server must reject the request as malformed.
    Malformed(u8),
}

/// An amount of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// A few seconds.
    Seconds(u8),
    /// A lifetime plus this many seconds.
    Lifetime(Lifetime, i8),
}

/// A lifetime in the configuration of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Of a CPS URL. It is as long as the window in which failures count.
    Cps,
    /// Of a SQRL URL.
    Url,
    /// Of a later nut.
    Nut,
    /// Of a chain.
    Chain,
}
