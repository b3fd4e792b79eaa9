//! Runs a history in the engine and in the model, and compares them.

use std::slice;

use crate::describe;
use crate::history::History;
use crate::observation::{Observation, expected};
use crate::resolver::Resolver;
use crate::spec::{Lifetimes, Spec};
use crate::step::Step;
use crate::summary::{Difference, Summary};
use crate::system::{Stores, System};
use crate::values::Epoch;

/// The event of a history that ended early because the stores were too slow. This is not a failure.
pub const TOO_SLOW: &str = "given up: the machine was too slow";

/// Runs a history on memory stores, whose clock advances only by its steps.
///
/// # Errors
///
/// The first reply or final state that differs from the model's.
///
/// # Panics
///
/// If tokio cannot start a runtime, or a memory store fails.
pub fn run(history: &History) -> Result<Summary, Difference> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    // The stores are created inside the runtime, so that they use its paused clock.
    runtime.block_on(async { run_on(history, &Stores::in_memory(), Lifetimes::DEFAULT).await })
}

/// Runs a history on these stores.
///
/// # Errors
///
/// As [`run`].
///
/// # Panics
///
/// If a store fails.
pub async fn run_on(
    history: &History,
    stores: &Stores,
    lifetimes: Lifetimes,
) -> Result<Summary, Difference> {
    let mut spec = Spec::new(history.site, lifetimes);
    let mut system = System::new(stores, history.site, lifetimes);
    let mut resolver = Resolver::default();
    let mut steps = vec![describe::site(history.site)];
    for action in &history.actions {
        let Some(step) = resolver.resolve(&spec, action) else { continue };
        steps.push(describe::step(&step));
        let result = match &step {
            Step::Race(both, yields) => {
                run_race(&mut spec, &mut system, &mut resolver, both, *yields).await
            }
            _ => run_step(&mut spec, &mut system, &mut resolver, &step).await,
        };
        if system.is_too_slow() {
            spec.count_event(TOO_SLOW);
            break;
        }
        match result {
            Ok(observed) if observed.is_empty() => {}
            Ok(observed) => *steps.last_mut().expect("a step") += &format!(" -> {observed}"),
            Err((expected, found)) => return Err(Difference { steps, expected, found }),
        }
    }
    match system.final_difference(&spec).await.filter(|_| !system.is_too_slow()) {
        Some((expected, found)) => Err(Difference { steps, expected, found }),
        None => Ok(Summary { steps: steps.len() - 1, rows: spec.rows, events: spec.events }),
    }
}

/// The results of the model and of the engine.
type Mismatch = (String, String);

/// Runs one step. Returns what was observed.
async fn run_step(
    spec: &mut Spec,
    system: &mut System,
    resolver: &mut Resolver,
    step: &Step,
) -> Result<String, Mismatch> {
    let expected = expected(spec, step);
    let found = system.perform(step, expected_epoch(&expected)).await;
    if found != expected {
        return Err((describe::observation(&expected), describe::observation(&found)));
    }
    resolver.record(step, &expected);
    Ok(describe::observation(&expected))
}

/// Runs two steps concurrently. The result must be the same as one after the other, in either order.
async fn run_race(
    spec: &mut Spec,
    system: &mut System,
    resolver: &mut Resolver,
    both: &[Step; 2],
    yields: u8,
) -> Result<String, Mismatch> {
    let exchanges = system.exchange_both(both, yields).await;
    let mut mismatches = [const { Vec::new() }; 2];
    for order in [[0, 1], [1, 0]] {
        let (mut spec_after, mut system_after) = (spec.clone(), system.clone());
        let (mut all_expected, mut all_found) = (Vec::new(), Vec::new());
        for (step, exchange) in order.map(|at: usize| (&both[at], exchanges[at].clone())) {
            let expected = expected(&mut spec_after, step);
            let found = system_after.observe(step, exchange, expected_epoch(&expected)).await;
            all_found.push(found);
            all_expected.push(expected);
        }
        let describe = |observed: &[Observation]| {
            observed.iter().map(describe::observation).collect::<Vec<_>>().join("; then ")
        };
        // If the replies are the same in both orders, the state differs.
        let same = all_expected == all_found;
        let state = if same { system_after.final_difference(&spec_after).await } else { None };
        if same && state.is_none() {
            let first = order[0] == 0;
            spec_after.count_event(if first { "the first won" } else { "the second won" });
            (*spec, *system) = (spec_after, system_after);
            for (at, observed) in order.into_iter().zip(&all_found) {
                resolver.record(&both[at], observed);
            }
            return Ok(describe(&all_found));
        }
        let (expected, found) = state.unwrap_or((describe(&all_expected), describe(&all_found)));
        mismatches[0].push(expected);
        mismatches[1].push(found);
    }
    let [expected, found] = mismatches.map(|orders| orders.join(", or in the other order: "));
    Err((expected, found))
}

/// The epoch that the model expects in an observation.
fn expected_epoch(expected: &Observation) -> Option<Epoch> {
    match expected {
        Observation::SignIn(Ok(sign_in)) => Some(sign_in.epoch),
        _ => None,
    }
}

/// Runs a history in the model alone.
pub fn run_model(history: &History) -> Summary {
    let mut spec = Spec::new(history.site, Lifetimes::DEFAULT);
    let mut resolver = Resolver::default();
    let mut steps = 0;
    for action in &history.actions {
        let Some(step) = resolver.resolve(&spec, action) else { continue };
        let all = if let Step::Race(both, _) = &step { &both[..] } else { slice::from_ref(&step) };
        for step in all {
            let expected = expected(&mut spec, step);
            resolver.record(step, &expected);
            steps += 1;
        }
    }
    Summary { steps, rows: spec.rows, events: spec.events }
}
