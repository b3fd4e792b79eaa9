//! Resolves the plan of a request.

use crate::history::{Flaw, Keys, Previous, RequestPlan, Urs};
use crate::spec::{KeyState, NutParam, Request, ServerField, Spec};
use crate::values::{GENERATIONS, Key, Lock, Nut, PERSONS};

/// Returns the request with this live nut, or `None` if nothing exists that the flaw could refer to.
pub(super) fn resolve(spec: &Spec, nut: Nut, plan: &RequestPlan) -> Option<Request> {
    let (owner, own) = (spec.owner(nut), plan.person % 4 != 3);
    let person = match owner.filter(|_| own) {
        Some(owner) => owner.person(),
        None => [0, 0, 0, 0, 0, 1, 1, 2][usize::from(plan.person / 4 % 8)],
    };
    let idk = match owner.filter(|_| own) {
        Some(owner) => owner,
        None if plan.next_generation => next_key(spec, person),
        None => current_key(spec, person),
    };
    let lock = |number| Lock::of(person, number);
    let (suk, vuk) = match plan.keys {
        Keys::None => (None, None),
        Keys::Both(number) => (Some(lock(number)), Some(lock(number))),
        Keys::SukOnly => (Some(lock(0)), None),
        Keys::VukOnly => (None, Some(lock(0))),
    };
    let previous = previous_key(spec, idk);
    let (pidk, pids) = match plan.previous {
        Previous::None => (None, None),
        Previous::Known => (Some(previous), Some(previous)),
        Previous::Any(generation) => {
            let key = Key::of(person, generation % GENERATIONS);
            (Some(key), Some(key))
        }
        Previous::OtherPerson(by) => {
            let key = current_key(spec, (person + 1 + by % (PERSONS - 1)) % PERSONS);
            (Some(key), Some(idk))
        }
        Previous::WithoutPids => (Some(previous), None),
        Previous::WithoutPidk => (None, Some(previous)),
    };
    let stored = [Some(idk), pidk].into_iter().flatten().find_map(|key| match spec.key(key) {
        Some(KeyState::Live(identity)) => Some(identity.lock),
        _ => None,
    });
    let urs = match plan.urs {
        Urs::None => None,
        Urs::Owner => Some(stored.unwrap_or(lock(0))),
        Urs::Presented => Some(vuk.unwrap_or(lock(0))),
        Urs::OtherPerson(by) => Some(Lock::of((person + 1 + by % (PERSONS - 1)) % PERSONS, by)),
    };
    let request = Request {
        nut: NutParam::Nut(nut),
        server: ServerField::Exact(nut),
        malformed: None,
        command: plan.command,
        idk,
        ids: idk,
        pidk,
        pids,
        suk,
        vuk,
        urs,
        options: plan.options,
        // A client answers the question that it received.
        button: plan.button.or(spec.is_asked(nut).then_some(plan.person % 3)),
    };
    match plan.flaw {
        Some(flaw) => with_flaw(spec, &request, nut, flaw),
        None => Some(request),
    }
}

fn is_live(spec: &Spec, key: Key) -> bool {
    matches!(spec.key(key), Some(KeyState::Live(_)))
}

fn keys(person: u8) -> impl DoubleEndedIterator<Item = Key> {
    (0..GENERATIONS).map(move |generation| Key::of(person, generation))
}

/// Returns the person's newest live key, or the oldest that the site does not have.
pub(super) fn current_key(spec: &Spec, person: u8) -> Key {
    let live = keys(person).rev().find(|&key| is_live(spec, key));
    let unknown = || keys(person).find(|&key| spec.key(key).is_none());
    live.or_else(unknown).unwrap_or(Key::of(person, 0))
}

/// Returns the key that replaces the person's current one.
fn next_key(spec: &Spec, person: u8) -> Key {
    let key = current_key(spec, person);
    let following = || keys(person).find(|&it| it > key && spec.key(it).is_none());
    if is_live(spec, key) { following().unwrap_or(key) } else { key }
}

/// Returns the newest other live key of the same person, or the key before.
fn previous_key(spec: &Spec, idk: Key) -> Key {
    let person = idk.person();
    let live = keys(person).rev().find(|&key| key != idk && is_live(spec, key));
    live.unwrap_or(Key::of(person, (idk.generation() + GENERATIONS - 1) % GENERATIONS))
}

/// Adds a flaw to a correct request.
fn with_flaw(spec: &Spec, correct: &Request, nut: Nut, flaw: Flaw) -> Option<Request> {
    let person = correct.idk.person();
    let correct = correct.clone();
    let old = |number| nth_newest(spec.nuts(), number).map(Nut);
    Some(match flaw {
        Flaw::StolenIdk(by) => {
            let idk = current_key(spec, (person + 1 + by % (PERSONS - 1)) % PERSONS);
            Request { idk, ids: correct.idk, ..correct }
        }
        Flaw::WrongIds => {
            let ids = Key::of(person, (correct.idk.generation() + 1) % GENERATIONS);
            Request { ids, ..correct }
        }
        Flaw::SupersededIdk => {
            let is_superseded = |&key: &Key| spec.key(key) == Some(KeyState::Superseded);
            let idk = (0..PERSONS).flat_map(keys).find(is_superseded)?;
            Request { idk, ids: idk, ..correct }
        }
        Flaw::OldNut(number) => Request { nut: NutParam::Nut(old(number)?), ..correct },
        Flaw::OldNutAndServer(number) => Request {
            nut: NutParam::Nut(old(number)?),
            server: ServerField::Exact(old(number)?),
            ..correct
        },
        Flaw::UnissuedNut => Request { nut: NutParam::Unissued, ..correct },
        Flaw::MissingNut => Request { nut: NutParam::Missing, ..correct },
        Flaw::OtherServer(number) => {
            Request { server: ServerField::Exact(old(number)?), ..correct }
        }
        Flaw::LongerServer => Request { server: ServerField::Longer(nut), ..correct },
        Flaw::Can => Request { server: ServerField::WithCan(nut), ..correct },
        Flaw::EmptyCan => Request { server: ServerField::EmptyCan(nut), ..correct },
        Flaw::Malformed(how) => Request { malformed: Some(how), ..correct },
    })
}

/// Returns the index that is `number` places before the last, modulo `count`.
pub(super) fn nth_newest(count: usize, number: u8) -> Option<usize> {
    (count > 0).then(|| count - 1 - usize::from(number) % count)
}
