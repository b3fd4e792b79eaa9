use tower_sqrl_core::identities::{Epoch, Identity, UserId};
use tower_sqrl_core::nuts::{Attachments, WaitId};
use tower_sqrl_core::protocol::{Button, Idk, IndexedSecret};

use super::claim::Claim;
use super::secrets::Secrets;

/// A collected sign-in: this browser's user owns this identity.
///
/// Only this library creates one.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub(super) idk: Idk,
    pub(super) identity: Identity,
    pub(super) attached: Attachments,
    pub(super) secrets: Secrets,
    pub(super) wait: WaitId,
}

/// The answer to a question: [`ChallengeOptions::ask`](super::ChallengeOptions::ask).
///
/// Clients report it in different ways. One sends the first button for its own "OK". Another signs in
/// although its user has cancelled. Some do not show the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The question's first button, or, if it has no buttons, the client's "OK".
    Yes,
    /// Any other answer: the second button, a cancellation, or "OK" to a question that has buttons.
    No,
    /// No question was asked, or the client did not answer it. This is not consent.
    Unanswered,
}

impl SignIn {
    /// Returns the wait id of the sign-in URL that the client answered.
    pub(crate) fn wait(&self) -> &WaitId {
        &self.wait
    }

    /// Returns the identity key. It is the same at every sign-in until the owner rekeys.
    pub fn idk(&self) -> &Idk {
        &self.idk
    }

    /// Returns the account, if the application has [linked](crate::Sqrl::link) one.
    pub fn user(&self) -> Option<&UserId> {
        self.identity.user.as_ref()
    }

    /// Returns the identity's epoch, which every disable, enable and rekey changes.
    pub fn epoch(&self) -> Epoch {
        self.identity.epoch
    }

    /// Returns what the application's session keeps of this sign-in, to pass to
    /// [`Sqrl::check`](crate::Sqrl::check) later.
    ///
    /// If you link the identity with an account after this sign-in, keep the claim that
    /// [`Sqrl::link_if_unlinked`](crate::Sqrl::link_if_unlinked) returns instead.
    pub fn claim(&self) -> Claim {
        Claim::new(self.idk, self.identity.epoch, self.identity.user.clone())
    }

    /// Returns whether the owner asks the site to turn off all other ways to sign in to the account.
    ///
    /// *On The Wire*, "Client Parameters", `opt=sqrlonly`.
    pub fn sqrlonly(&self) -> bool {
        self.identity.sqrlonly
    }

    /// Returns whether the owner asks the site to turn off account recovery, for example by e-mail.
    ///
    /// *On The Wire*, "Client Parameters", `opt=hardlock`.
    pub fn hardlock(&self) -> bool {
        self.identity.hardlock
    }

    /// Returns whether the client had the address that requested the SQRL URL.
    ///
    /// If not, it may be the user's phone in another network, or a stranger who saw the QR code.
    /// If so, it may still be a stranger behind the same NAT. Before you link an identity with an
    /// account, show its key and let the user confirm with a POST, after their own SQRL app has
    /// reported success.
    pub fn same_address(&self) -> bool {
        self.attached.same_address
    }

    /// Returns the answer to the question. Only [`Answer::Yes`] is consent.
    ///
    /// ```
    /// use tower_sqrl::{Answer, SignIn};
    ///
    /// fn is_confirmed(sign_in: &SignIn) -> bool {
    ///     sign_in.answer() == Answer::Yes
    /// }
    /// ```
    pub fn answer(&self) -> Answer {
        match (self.attached.button, self.attached.ok_means_yes) {
            (None, _) => Answer::Unanswered,
            (Some(Button::First), _) | (Some(Button::Ok), true) => Answer::Yes,
            (Some(Button::Ok | Button::Second | Button::Cancelled), _) => Answer::No,
        }
    }

    /// Returns the button that the user pressed, as the client reported it, or `None` if nothing was
    /// asked or answered. To find out whether the user agreed, call [`answer`](Self::answer).
    ///
    /// *On The Wire*, "Client Parameters", `btn`.
    pub fn button(&self) -> Option<Button> {
        self.attached.button
    }

    /// Returns the data that the application attached to the challenge.
    pub fn data(&self) -> Option<&[u8]> {
        self.attached.data.as_deref()
    }

    /// Returns the indexed secret of this identity.
    ///
    /// *On The Wire*, "Client Secrets"; *Cryptography*, "Secret Index and Indexed Secrets".
    pub fn ins(&self) -> Option<&IndexedSecret> {
        self.secrets.ins.as_ref()
    }

    /// Returns the indexed secret of the identity that this one replaced.
    pub fn pins(&self) -> Option<&IndexedSecret> {
        self.secrets.pins.as_ref()
    }
}
