//! From what a request is to look like to what it exactly says.

use super::{Director, Step, back};
use crate::history::{Keys, Previous, Send, Twist, Urs};
use crate::spec::{Asked, Request, Said, Spec, State};
use crate::words::{GENERATIONS, Key, Lock, Nut, PERSONS, SERVERS, Server};

impl Director {
    pub(super) fn send(&self, spec: &Spec, send: &Send) -> Option<Step> {
        let (chain, nut) = self.going_on(spec, send.link)?;
        let (owner, own) = (spec.owner(nut), send.person % 4 != 3);
        let person = match owner.filter(|_| own) {
            Some(owner) => owner.person(),
            None => [0, 0, 0, 0, 0, 1, 1, 2][usize::from(send.person / 4 % 8)],
        };
        let idk = match owner.filter(|_| own) {
            Some(owner) => owner,
            None if send.next_generation => next(spec, person),
            None => current(spec, person),
        };
        let lock = |number| Lock::of(person, number);
        let (suk, vuk) = match send.keys {
            Keys::None => (None, None),
            Keys::Both(number) => (Some(lock(number)), Some(lock(number))),
            Keys::Suk => (Some(lock(0)), None),
            Keys::Vuk => (None, Some(lock(0))),
        };
        let previous = previous(spec, idk);
        let (pidk, pids) = match send.previous {
            Previous::None => (None, None),
            Previous::Own => (Some(previous), Some(previous)),
            Previous::Any(generation) => {
                let key = Key::of(person, generation % GENERATIONS);
                (Some(key), Some(key))
            }
            Previous::Stolen(by) => {
                let key = current(spec, (person + 1 + by % (PERSONS - 1)) % PERSONS);
                (Some(key), Some(idk))
            }
            Previous::Unsigned => (Some(previous), None),
            Previous::Unnamed => (None, Some(previous)),
        };
        let stored = [Some(idk), pidk].into_iter().flatten().find_map(|key| match spec.key(key) {
            Some(State::Live(identity)) => Some(identity.lock),
            _ => None,
        });
        let urs = match send.urs {
            Urs::None => None,
            Urs::Owner => Some(stored.unwrap_or(lock(0))),
            Urs::Presented => Some(vuk.unwrap_or(lock(0))),
            Urs::Other(by) => Some(Lock::of((person + 1 + by % (PERSONS - 1)) % PERSONS, by)),
        };
        let request = Request {
            nut: Asked::Nut(nut),
            server: Said::Sent(nut),
            malformed: None,
            command: send.command,
            idk,
            ids: idk,
            pidk,
            pids,
            suk,
            vuk,
            urs,
            options: send.options,
            // Whoever is asked answers.
            button: send.button.or(spec.is_asked(nut).then_some(send.person % 3)),
        };
        let request = match send.twist {
            Some(twist) => twisted(spec, &request, nut, twist)?,
            None => request,
        };
        Some(Step::Client(Server(send.server % SERVERS), chain.from(send.address), request, None))
    }
}

fn is_live(spec: &Spec, key: Key) -> bool {
    matches!(spec.key(key), Some(State::Live(_)))
}

fn keys(person: u8) -> impl DoubleEndedIterator<Item = Key> {
    (0..GENERATIONS).map(move |generation| Key::of(person, generation))
}

/// The newest of a person's keys that the site knows, or the oldest that is not left behind.
pub(super) fn current(spec: &Spec, person: u8) -> Key {
    let live = keys(person).rev().find(|&key| is_live(spec, key));
    let unknown = || keys(person).find(|&key| spec.key(key).is_none());
    live.or_else(unknown).unwrap_or(Key::of(person, 0))
}

/// What the person's next identity has for a key.
fn next(spec: &Spec, person: u8) -> Key {
    let key = current(spec, person);
    let following = || keys(person).find(|&it| it > key && spec.key(it).is_none());
    if is_live(spec, key) { following().unwrap_or(key) } else { key }
}

/// The newest other key of the same person that the site knows, or the one before.
fn previous(spec: &Spec, idk: Key) -> Key {
    let person = idk.person();
    let live = keys(person).rev().find(|&key| key != idk && is_live(spec, key));
    live.unwrap_or(Key::of(person, (idk.generation() + GENERATIONS - 1) % GENERATIONS))
}

fn twisted(spec: &Spec, right: &Request, nut: Nut, twist: Twist) -> Option<Request> {
    let person = right.idk.person();
    let right = right.clone();
    let old = |number| back(spec.nuts(), number).map(Nut);
    Some(match twist {
        Twist::StolenIdk(by) => {
            let idk = current(spec, (person + 1 + by % (PERSONS - 1)) % PERSONS);
            Request { idk, ids: right.idk, ..right }
        }
        Twist::WrongIds => {
            let ids = Key::of(person, (right.idk.generation() + 1) % GENERATIONS);
            Request { ids, ..right }
        }
        Twist::LeftBehind => {
            let left = |&key: &Key| spec.key(key) == Some(State::Superseded);
            let idk = (0..PERSONS).flat_map(keys).find(left)?;
            Request { idk, ids: idk, ..right }
        }
        Twist::OldNut(number) => Request { nut: Asked::Nut(old(number)?), ..right },
        Twist::OldNutAndServer(number) => {
            Request { nut: Asked::Nut(old(number)?), server: Said::Sent(old(number)?), ..right }
        }
        Twist::MadeUpNut => Request { nut: Asked::MadeUp, ..right },
        Twist::NoNut => Request { nut: Asked::Nothing, ..right },
        Twist::OtherServer(number) => Request { server: Said::Sent(old(number)?), ..right },
        Twist::LongerServer => Request { server: Said::Longer(nut), ..right },
        Twist::Can => Request { server: Said::WithCan(nut), ..right },
        Twist::EmptyCan => Request { server: Said::EmptyCan(nut), ..right },
        Twist::Malformed(how) => Request { malformed: Some(how), ..right },
    })
}
