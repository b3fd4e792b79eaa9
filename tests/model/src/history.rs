//! What happens in a history, told so that any part of it may be left out: everything is
//! meant relative to what is there when it happens.

/// A history: a site, and what people do to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// How the site is set up.
    pub site: Site,
    /// What happens, one after the other.
    pub actions: Vec<Action>,
}

/// What differs between sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Site {
    /// Takes known identities only.
    pub closed: bool,
    /// Refusals that one address may earn in a minute; none: as many as it likes.
    pub failures: Option<u8>,
    /// Links that one address may ask one server for in a minute; none: as many as it likes.
    pub links: Option<u8>,
    /// By how many seconds the clocks of the second and the third server are ahead.
    pub ahead: [u8; 2],
}

/// Something that somebody does. Numbers of links, requests and URLs count back from the
/// newest, those of browsers on from the one that followed a CPS URL last.
#[allow(missing_docs, reason = "the fields' names say it")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A browser asks for a link.
    Visit { browser: u8, address: u8, server: u8, purpose: Purpose },
    /// A page asks for a new link in place of its own.
    Renew { link: u8, stranger: bool, address: u8, server: u8 },
    /// A client, or somebody who plays one, sends a request.
    Send(Send),
    /// The very bytes of an earlier request come again.
    Replay { request: u8, other_nut: bool, address: u8, server: u8 },
    /// A page asks whether it has happened.
    Poll { link: u8, stranger: bool, server: u8 },
    /// A page, or somebody who knows its nut, wants the sign-in.
    Collect { link: u8, stranger: bool, server: u8 },
    /// A browser is sent to a CPS URL.
    Follow { url: u8, stranger: bool, server: u8 },
    /// A browser is where a CPS URL sent it, and shows the question.
    Question { browser: u8, server: u8 },
    /// Somebody answers the question, or forges the answer.
    Confirm { browser: u8, from_elsewhere: bool, other_url: bool, server: u8 },
    /// A browser goes on to where a CPS URL signs in.
    Land { browser: u8, server: u8 },
    /// Two requests at the same instant, on two servers; without another one, the same bytes.
    /// The turns say which store calls wait for others.
    Race { one: Send, other: Option<Send>, servers: [u8; 2], turns: u8 },
    /// A page collects twice at the same instant, on two servers.
    RaceToCollect { link: u8, servers: [u8; 2], turns: u8 },
    /// Time passes.
    Pass(Pass),
    /// The application gives an identity an account, or takes it away.
    Account { person: u8, user: Option<u8>, server: u8 },
}

/// What a link is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// For whoever comes.
    Anybody,
    /// With a question.
    Question,
    /// For a person who is signed in.
    Only(u8),
    /// For linking an identity with an account: from the same address alone, new or not.
    Linking,
}

/// A request of a client, right in all that is not said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Send {
    /// Which link's chain.
    pub link: u8,
    /// Who; the chain's own person if it has one, but for every fourth number.
    pub person: u8,
    /// With the key that replaces the person's present one.
    pub next_generation: bool,
    /// What is asked for.
    pub command: Command,
    /// `opt`.
    pub options: Options,
    /// `suk` and `vuk` come along.
    pub keys: Keys,
    /// `pidk` and `pids` come along.
    pub previous: Previous,
    /// Who signs `urs`.
    pub urs: Urs,
    /// `btn`, whether anything was asked or not.
    pub button: Option<u8>,
    /// What is wrong, if anything.
    pub twist: Option<Twist>,
    /// Where it comes from: 0 for where the link was asked for.
    pub address: u8,
    /// Which server it reaches.
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
    /// A word that version 1 does not have.
    Other,
}

/// The words of `opt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "five independent words of the wire")]
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
    /// The former alone.
    Suk,
    /// The latter alone.
    Vuk,
}

/// `pidk` and `pids`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Previous {
    /// Neither.
    #[default]
    None,
    /// The person's newest key that the site knows, or else the one before the present.
    Own,
    /// Some key of the person's.
    Any(u8),
    /// Somebody else's, with `pids` of the person's own.
    Stolen(u8),
    /// As the first, without `pids`.
    Unsigned,
    /// As the first, without `pidk`.
    Unnamed,
}

/// Who signs `urs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Urs {
    /// There is none.
    #[default]
    None,
    /// The owner of what the site has stored for the identity that is meant.
    Owner,
    /// The owner of the `vuk` in the request itself.
    Presented,
    /// Somebody else.
    Other(u8),
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twist {
    /// `idk` is another person's, signed by one's own key.
    StolenIdk(u8),
    /// `ids` is signed by another key of one's own.
    WrongIds,
    /// `idk` is a key that its owner has left behind, if there is one.
    LeftBehind,
    /// The nut is one of those given out, dead or alive, so many back.
    OldNut(u8),
    /// As before, and `server` is what came with that nut.
    OldNutAndServer(u8),
    /// A nut that nobody gave out.
    MadeUpNut,
    /// No nut, or none that can be one.
    NoNut,
    /// `server` is what came with another nut.
    OtherServer(u8),
    /// `server` with one more character.
    LongerServer,
    /// `server` with a good `can` behind it.
    Can,
    /// `server` with an empty `can` behind it.
    EmptyCan,
    /// Something that no version-1 server may read.
    Malformed(u8),
}

/// How time passes: so many seconds before (-1), at, or after (1) the end of a lifetime, or
/// a few seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// A few seconds.
    Seconds(u8),
    /// A lifetime, and what is added.
    Lifetime(Lifetime, i8),
}

/// What ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// A CPS URL, and the minute in which failures count.
    Cps,
    /// A link.
    Link,
    /// A later nut.
    Later,
    /// A chain.
    Chain,
}
