//! The rows of the situations' table, read once more: what is asserted, not what is done.
//!
//! The first row that fits is meant, as in the table. What holds for all rows alike (`+i`,
//! `opt=suk`, the superseded list, "unchanged means no write") stands in [`Case::answer`].

use super::requests::{Keys, Pidk, Sent, Urs, seed, suk, vuk};
use super::world::{FRESH, Known, current, is_same, look_up, previous, with};
use crate::engine::decide::Verdict;
use tower_sqrl_core::identities::{Identity, KeyState, Lookup};
use tower_sqrl_core::protocol::{Command, Suk};

/// A row's number, its situation, and its answer.
pub(super) struct Row(pub(super) u8, fn(&Case) -> bool, fn(&Case) -> Answer);

/// One situation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) sent: Sent,
    pub(super) idk: Known,
    pub(super) pidk: Option<Known>,
    pub(super) ips_match: bool,
    pub(super) accepts_new: bool,
}

/// What is to be seen of a decision.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) tif: u16,
    pub(super) suk: Option<Suk>,
    pub(super) verdict: Verdict,
    /// The states of both keys afterwards.
    pub(super) after: Lookup,
}

/// Which identity is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    SupersededIdk,
    Idk { disabled: bool },
    Pidk { disabled: bool },
    Nobody,
}

use Command::{Disable, Enable, Ident, Query, Remove, Unknown};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    Row(1, |c| c.is(&[Query]) && c.meant() == Meant::Nobody, |c| c.answered(0x0)),
    Row(2, |c| c.is(&[Query]) && c.meant() == Meant::Idk { disabled: false }, |c| c.answered(0x1)),
    Row(3, |c| c.is(&[Query]) && c.means_idk(), |c| c.answered(0x9).suk(c.stored().suk)),
    Row(4, |c| c.is(&[Query]) && c.means_pidk(),
        |c| c.answered(c.or_disabled(0x2, 0xA)).suk(c.stored().suk)),
    // 5 and 6 are decided before: without a valid `pids` there is no pidk, or no request.
    Row(7, |c| c.is(&[Query]) && c.meant() == Meant::SupersededIdk, |c| c.answered(0x200)),
    Row(8, |c| !c.is(&[Unknown]) && c.meant() == Meant::SupersededIdk, |c| c.refused(0x240)),
    Row(9, |c| c.is(&[Ident]) && c.meant() == Meant::Nobody && c.has_keys() && c.accepts_new,
        |c| c.signed_in(0x1).idk(c.created())),
    Row(10, |c| c.is(&[Ident]) && c.meant() == Meant::Nobody && !c.has_keys(),
        |c| c.refused(0xC0)),
    Row(11, |c| c.is(&[Ident]) && c.meant() == Meant::Nobody && !c.accepts_new,
        |c| c.refused(0x40)),
    Row(12, |c| c.is(&[Ident]) && c.meant() == Meant::Idk { disabled: false },
        |c| c.signed_in(0x1).idk(c.stays(false))),
    Row(13, |c| c.is(&[Ident]) && c.meant() == Meant::Idk { disabled: true },
        |c| c.refused(0x49).suk(c.stored().suk)),
    Row(14, |c| c.is(&[Ident]) && c.means_pidk() && c.has_keys() && c.is_unlocked(),
        |c| c.signed_in(0x1).idk(c.rekeyed(false)).supersedes_pidk()),
    Row(15, |c| c.is(&[Ident]) && c.means_pidk(),
        |c| c.refused(c.or_disabled(0xC2, 0xCA)).suk(c.stored().suk)),
    Row(16, |c| c.is(&[Disable]) && c.means_idk(),
        |c| c.done(0x9).suk(c.stored().suk).idk(c.stays(true))),
    Row(17, |c| c.is(&[Enable]) && c.means_idk() && c.is_unlocked(),
        |c| c.done(0x1).idk(c.stays(false))),
    Row(18, |c| c.is(&[Enable, Remove]) && c.means_idk() && !c.is_unlocked(),
        |c| c.refused(c.or_disabled(0xC1, 0xC9)).suk(c.stored().suk)),
    Row(19, |c| c.is(&[Remove]) && c.means_idk(), |c| c.done(0x0).idk(KeyState::Unknown)),
    Row(20, |c| c.is(&[Disable, Enable, Remove]) && c.meant() == Meant::Nobody,
        |c| c.refused(0x40)),
    Row(21, |c| c.is(&[Disable]) && c.means_pidk() && c.has_keys() && c.is_unlocked(),
        |c| c.done(0x9).suk(suk(seed::NEW)).idk(c.rekeyed(true)).supersedes_pidk()),
    Row(21, |c| c.is(&[Enable]) && c.means_pidk() && c.has_keys() && c.is_unlocked(),
        |c| c.done(0x1).idk(c.rekeyed(false)).supersedes_pidk()),
    Row(21, |c| c.is(&[Remove]) && c.means_pidk() && c.has_keys() && c.is_unlocked(),
        |c| c.done(0x0).supersedes_pidk()),
    // Also new keys without a valid `urs`: they are not taken over, and for the rest it is
    // as if they had not come.
    Row(22, |c| c.is(&[Disable]) && c.means_pidk(),
        |c| c.done(0xA).suk(c.stored().suk).pidk(c.stays(true))),
    Row(22, |c| c.is(&[Enable]) && c.means_pidk() && c.is_unlocked(),
        |c| c.done(0x2).suk(c.stored().suk).pidk(c.stays(false))),
    Row(22, |c| c.is(&[Remove]) && c.means_pidk() && c.is_unlocked(),
        |c| c.done(0x0).pidk(KeyState::Unknown)),
    Row(22, |c| c.is(&[Enable, Remove]) && c.means_pidk(),
        |c| c.refused(c.or_disabled(0xC2, 0xCA)).suk(c.stored().suk)),
    Row(23, |c| c.is(&[Unknown]), |c| c.refused(0x50)),
];

impl Case {
    pub(super) fn before(&self) -> Lookup {
        look_up(self.idk, self.pidk)
    }

    fn is(&self, commands: &[Command]) -> bool {
        commands.contains(&self.sent.command)
    }

    /// "Which identity is meant, first that applies".
    fn meant(&self) -> Meant {
        match (self.idk, self.pidk) {
            (Known::Superseded, _) => Meant::SupersededIdk,
            (Known::Enabled, _) => Meant::Idk { disabled: false },
            (Known::Disabled, _) => Meant::Idk { disabled: true },
            (Known::Unknown, Some(Known::Enabled)) => Meant::Pidk { disabled: false },
            (Known::Unknown, Some(Known::Disabled)) => Meant::Pidk { disabled: true },
            (Known::Unknown, None | Some(Known::Unknown | Known::Superseded)) => Meant::Nobody,
        }
    }

    fn means_idk(&self) -> bool {
        matches!(self.meant(), Meant::Idk { .. })
    }

    fn means_pidk(&self) -> bool {
        matches!(self.meant(), Meant::Pidk { .. })
    }

    fn or_disabled(&self, enabled: u16, disabled: u16) -> u16 {
        match self.meant() {
            Meant::Idk { disabled: true } | Meant::Pidk { disabled: true } => disabled,
            _ => enabled,
        }
    }

    fn has_keys(&self) -> bool {
        self.sent.keys == Keys::Both
    }

    /// `urs` valid for the stored vuk of the identity that is meant.
    fn is_unlocked(&self) -> bool {
        match self.meant() {
            Meant::Idk { .. } => self.sent.urs == Urs::By(seed::UNLOCKS_IDK),
            Meant::Pidk { .. } => self.sent.urs == Urs::By(seed::UNLOCKS_PIDK),
            Meant::SupersededIdk | Meant::Nobody => false,
        }
    }

    /// The identity that is meant, as it is before the command.
    fn stored(&self) -> Identity {
        match self.meant() {
            Meant::Idk { disabled } => with(current(), |it| it.disabled = disabled),
            Meant::Pidk { disabled } => with(previous(), |it| it.disabled = disabled),
            Meant::SupersededIdk | Meant::Nobody => panic!("nobody is meant: {self:?}"),
        }
    }

    /// The identity that is meant, where it is: the flags of the request, and a new epoch if
    /// it is disabled or enabled just now.
    fn stays(&self, disabled: bool) -> KeyState {
        let stored = self.stored();
        let epoch = if disabled == stored.disabled { stored.epoch } else { FRESH.epoch };
        let Sent { sqrlonly, hardlock, .. } = self.sent;
        KeyState::Live(with(stored, |it| {
            (it.sqrlonly, it.hardlock) = (sqrlonly, hardlock);
            (it.disabled, it.epoch) = (disabled, epoch);
        }))
    }

    /// The same owner's, account and all, with the keys of the request.
    fn rekeyed(&self, disabled: bool) -> KeyState {
        let Sent { sqrlonly, hardlock, .. } = self.sent;
        KeyState::Live(with(self.stored(), |it| {
            (it.suk, it.vuk) = (suk(seed::NEW), vuk(seed::NEW));
            (it.sqrlonly, it.hardlock) = (sqrlonly, hardlock);
            (it.disabled, it.epoch) = (disabled, FRESH.epoch);
        }))
    }

    fn created(&self) -> KeyState {
        let (suk, vuk) = (suk(seed::NEW), vuk(seed::NEW));
        let mut identity = Identity::new(suk, vuk, FRESH.epoch, FRESH.version);
        identity.sqrlonly = self.sent.sqrlonly;
        identity.hardlock = self.sent.hardlock;
        KeyState::Live(identity)
    }

    fn refused(&self, tif: u16) -> Answer {
        Answer { tif, suk: None, verdict: Verdict::Refused, after: self.before() }
    }

    fn answered(&self, tif: u16) -> Answer {
        Answer { verdict: Verdict::Answered, ..self.refused(tif) }
    }

    fn done(&self, tif: u16) -> Answer {
        Answer { verdict: Verdict::Done, ..self.refused(tif) }
    }

    /// The epoch is filled in when it is known who is live in the end.
    fn signed_in(&self, tif: u16) -> Answer {
        Answer { verdict: Verdict::SignedIn { epoch: FRESH.epoch }, ..self.refused(tif) }
    }

    /// The row that the situation is in, and what is to be seen.
    pub(super) fn answer(&self) -> (u8, Answer) {
        let fitting = ROWS.iter().find(|Row(_, is_situation, _)| is_situation(self));
        let Row(number, _, answer) = fitting.unwrap_or_else(|| panic!("in no row: {self:?}"));
        let mut answer = answer(self);
        let before = self.before();

        // "A verified pidk on a successful non-query command joins the superseded list,
        // unless it is live."
        let succeeds = matches!(answer.verdict, Verdict::Done | Verdict::SignedIn { .. });
        if succeeds && before.pidk == Some(KeyState::Unknown) {
            answer.after.pidk = Some(KeyState::Superseded);
            if let KeyState::Live(identity) = &mut answer.after.idk {
                identity.never_current_keys += 1;
            }
        }
        // "Unchanged means no write"; what is written has a version of its own.
        renew(&mut answer.after.idk, &before.idk);
        if let (Some(after), Some(before)) = (&mut answer.after.pidk, &before.pidk) {
            renew(after, before);
        }
        if let (Verdict::SignedIn { epoch }, KeyState::Live(identity)) =
            (&mut answer.verdict, &answer.after.idk)
        {
            *epoch = identity.epoch;
        }
        // "`opt=suk`: every reply that carries 1 has the stored `suk`, after a rekey the new
        // one."
        if self.sent.asks_suk && answer.tif & 0x1 != 0 {
            let KeyState::Live(identity) = &answer.after.idk else { panic!("1, and not live") };
            answer.suk = Some(identity.suk);
        }
        // `+i`
        answer.tif |= if self.ips_match { 0x4 } else { 0x0 };
        (*number, answer)
    }
}

impl Answer {
    fn suk(self, suk: Suk) -> Self {
        Self { suk: Some(suk), ..self }
    }

    fn idk(mut self, idk: KeyState) -> Self {
        self.after.idk = idk;
        self
    }

    fn pidk(mut self, pidk: KeyState) -> Self {
        self.after.pidk = Some(pidk);
        self
    }

    fn supersedes_pidk(self) -> Self {
        self.pidk(KeyState::Superseded)
    }
}

fn renew(after: &mut KeyState, before: &KeyState) {
    if let KeyState::Live(identity) = after {
        identity.version = match before {
            KeyState::Live(before) if is_same(before, identity) => before.version,
            _ => FRESH.version,
        };
    }
}

/// What a request is looked up with.
pub(super) fn states_of_pidk(sent: Sent) -> Vec<Option<Known>> {
    match sent.pidk {
        Pidk::Signed => Known::ALL.map(Some).to_vec(),
        Pidk::None | Pidk::Unsigned | Pidk::OwnIdk => vec![None],
    }
}
