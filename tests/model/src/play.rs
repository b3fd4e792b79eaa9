//! A history, played in the world and in the model side by side.

use std::slice;

use crate::director::{Director, Step};
use crate::history::History;
use crate::seen::{Seen, expected};
use crate::spec::{Lifetimes, Spec};
use crate::story;
use crate::words::Epoch;
use crate::world::{Stores, World};
use crate::{Difference, Summary};

/// How a history ends whose stores took too long: nothing is wrong, and the rest unknown.
pub const LATE: &str = "given up: the machine was too slow";

/// Plays a history on memory stores, where the clocks stand still unless it moves them.
///
/// # Errors
///
/// The first reply, or the final state, that is not the model's.
///
/// # Panics
///
/// Where the system gives no thread's worth of runtime, or a memory store fails.
pub fn run(history: &History) -> Result<Summary, Difference> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    // Made within, so that the stores read the paused clock from the start.
    runtime.block_on(async { run_on(history, &Stores::in_memory(), Lifetimes::DEFAULT).await })
}

/// Plays a history on stores of any kind.
///
/// # Errors
///
/// As [`run`].
///
/// # Panics
///
/// Where a store fails.
pub async fn run_on(
    history: &History,
    stores: &Stores,
    lifetimes: Lifetimes,
) -> Result<Summary, Difference> {
    let mut spec = Spec::new(history.site, lifetimes);
    let mut world = World::new(stores, history.site, lifetimes);
    let mut director = Director::default();
    let mut story = vec![story::site(history.site)];
    for action in &history.actions {
        let Some(step) = director.direct(&spec, action) else { continue };
        story.push(story::step(&step));
        let played = match &step {
            Step::Race(both, turns) => {
                race(&mut spec, &mut world, &mut director, both, *turns).await
            }
            _ => play(&mut spec, &mut world, &mut director, &step).await,
        };
        if world.is_late() {
            spec.event(LATE);
            break;
        }
        match played {
            Ok(seen) => story::tell(&mut story, &seen),
            Err((expected, found)) => return Err(Difference { story, expected, found }),
        }
    }
    match world.last_difference(&spec).await.filter(|_| !world.is_late()) {
        Some((expected, found)) => Err(Difference { story, expected, found }),
        None => Ok(Summary { steps: story.len() - 1, rows: spec.rows, events: spec.events }),
    }
}

/// What the model says, and what the engine says.
type Parted = (String, String);

/// One step: what was to be seen.
async fn play(
    spec: &mut Spec,
    world: &mut World,
    director: &mut Director,
    step: &Step,
) -> Result<String, Parted> {
    let expected = expected(spec, step);
    let found = world.perform(step, hint(&expected)).await;
    if found != expected {
        return Err((story::seen(&expected), story::seen(&found)));
    }
    director.note(step, &expected);
    Ok(story::seen(&expected))
}

/// Two steps at the same instant: as if one had come after the other, whichever.
async fn race(
    spec: &mut Spec,
    world: &mut World,
    director: &mut Director,
    both: &[Step; 2],
    turns: u8,
) -> Result<String, Parted> {
    let calls = world.call_both(both, turns).await;
    let mut said = [const { Vec::new() }; 2];
    for order in [[0, 1], [1, 0]] {
        let (mut spec_after, mut world_after) = (spec.clone(), world.clone());
        let (mut expectations, mut finds) = (Vec::new(), Vec::new());
        for (step, called) in order.map(|at: usize| (&both[at], calls[at].clone())) {
            let expected = expected(&mut spec_after, step);
            finds.push(world_after.read(step, called, hint(&expected)).await);
            expectations.push(expected);
        }
        let tell = |seen: &[Seen]| seen.iter().map(story::seen).collect::<Vec<_>>().join("; then ");
        // Where the replies are the same in both orders, the state tells.
        let same = expectations == finds;
        let state = if same { world_after.last_difference(&spec_after).await } else { None };
        if same && state.is_none() {
            spec_after.event(if order[0] == 0 { "the first came first" } else { "the second did" });
            (*spec, *world) = (spec_after, world_after);
            for (at, seen) in order.into_iter().zip(&finds) {
                director.note(&both[at], seen);
            }
            return Ok(tell(&finds));
        }
        let (expected, found) = state.unwrap_or((tell(&expectations), tell(&finds)));
        said[0].push(expected);
        said[1].push(found);
    }
    let [expected, found] = said.map(|said| said.join(", or the other way round: "));
    Err((expected, found))
}

/// The epoch that is expected, for the first time that one is seen.
fn hint(expected: &Seen) -> Option<Epoch> {
    match expected {
        Seen::SignIn(Ok(sign_in)) => Some(sign_in.epoch),
        _ => None,
    }
}

/// Plays a history in the model alone: what it comes to where the engine is right.
pub fn imagine(history: &History) -> Summary {
    let mut spec = Spec::new(history.site, Lifetimes::DEFAULT);
    let mut director = Director::default();
    let mut steps = 0;
    for action in &history.actions {
        let Some(step) = director.direct(&spec, action) else { continue };
        let all = if let Step::Race(both, _) = &step { &both[..] } else { slice::from_ref(&step) };
        for step in all {
            let expected = expected(&mut spec, step);
            director.note(step, &expected);
            steps += 1;
        }
    }
    Summary { steps, rows: spec.rows, events: spec.events }
}
