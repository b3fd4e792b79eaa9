use crate::history::Purpose;
use crate::spec::Request;
use crate::values::{Address, Browser, CpsUrl, Key, Nut, Seconds, Server, User};

/// An action with all its details: the model and the engine perform the same step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A browser requests a SQRL URL, which only the identity with the key may use, if there is one.
    Visit(Server, Browser, Address, Purpose, Option<Key>),
    /// A browser requests a new SQRL URL in place of the one with this nut.
    Renew(Server, Browser, Address, Nut),
    /// A client sends a request, or the bytes of the request with this number.
    Request(Server, Address, Request, Option<usize>),
    /// A browser polls for the SQRL URL with this nut.
    Poll(Server, Browser, Nut),
    /// A browser collects the sign-in of the SQRL URL with this nut.
    Collect(Server, Browser, Nut),
    /// A browser opens a CPS URL.
    OpenCpsUrl(Server, Browser, CpsUrl),
    /// A browser shows the question before a CPS sign-in.
    ShowQuestion(Server, Browser),
    /// A browser answers the question for this CPS URL. The flag is set if the form comes from a page
    /// of the site.
    Confirm(Server, Browser, Option<CpsUrl>, bool),
    /// A browser goes to the address where a CPS URL signs in.
    SignInByCps(Server, Browser),
    /// Two steps run concurrently. The number selects which store calls let others go first.
    Race(Box<[Step; 2]>, u8),
    /// Time passes.
    Advance(Seconds),
    /// The application links an identity to an account, or unlinks it.
    SetAccount(Server, Key, Option<User>),
}
