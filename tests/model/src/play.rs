//! A history, played in the world and in the model side by side.

use crate::director::{Director, Step};
use crate::history::History;
use crate::seen::{Seen, expected};
use crate::spec::{Lifetimes, Spec};
use crate::story;
use crate::world::{Stores, World};
use crate::{Difference, Summary};

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
        let expected = expected(&mut spec, &step);
        let hint = match &expected {
            Seen::SignIn(Ok(sign_in)) => Some(sign_in.epoch),
            _ => None,
        };
        let found = world.perform(&step, hint).await;
        if found != expected {
            return Err(Difference {
                story,
                expected: story::seen(&expected),
                found: story::seen(&found),
            });
        }
        story::tell(&mut story, &expected);
        match (&step, &expected) {
            (Step::Visit(_, browser, address, ..) | Step::Renew(_, browser, address, _), seen) => {
                if let Seen::Link(Some(link)) = seen {
                    director.linked(*browser, *address, *link);
                }
            }
            (Step::Client(_, address, request, _), Seen::Reply(reply, _)) => {
                director.answered(*address, request.clone(), reply.nut, reply.url);
            }
            _ => {}
        }
    }
    match world.last_difference(&spec).await {
        Some((expected, found)) => Err(Difference { story, expected, found }),
        None => Ok(Summary { steps: story.len() - 1, rows: spec.rows, events: spec.events }),
    }
}
