//! Threads, each with its share of the slots and a runtime of its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, sleep_until};

use super::error::LoadError;
use super::keys::{Keys, Person};
use super::login::{Slot, Way};
use super::measure::Measured;
use super::plan::{Load, Progress, Stop, Who};
use super::process::ProcessTimes;
use super::report::{Memory, Report, StageReport};
use super::target::Target;
use crate::keys::SiteKey;

/// How often the watcher hears, and the memory is looked at.
const WATCH: Duration = Duration::from_millis(250);

/// Up to so much later than it was due, a sign-in is on time.
const LATE: Duration = Duration::from_millis(3);

/// A slot's pause after a failure, lest a server that is gone be hammered.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) fn run(load: &Load, mut watch: impl FnMut(Progress)) -> Result<Report, LoadError> {
    let runtime = runtime()?;
    let target = runtime.block_on(Target::resolve(load)?.discover())?;
    let Load { page, qr, cps, collect, noiptest, .. } = *load;
    let way = Way { page, qr, cps, collect, noiptest };
    let keys = Keys::new(load.who);
    // What is wrong from the start is said at once, and in full.
    let first = Person { key: keys.fresh(), previous: None };
    runtime.block_on(Slot::new(target.clone(), way).login(&keys, &first))?;
    ProcessTimes::of(&load.server_pids)?;

    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut stages = Vec::new();
    for (n, &in_flight) in load.in_flight.iter().enumerate() {
        let in_flight = in_flight.max(1);
        let threads = load.threads.clamp(1, in_flight);
        let stage = Arc::new(Stage {
            load: load.clone(),
            target: target.clone(),
            way,
            keys: keys.clone(),
            introduces: n == 0,
            in_flight,
            threads,
            ready: Barrier::new(threads + 1),
            begun: AtomicU64::new(0),
            logins: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        stages.push(run_stage(&stage, &mut watch)?);
    }
    Ok(Report { began: began.as_secs(), setting: load.into(), stages })
}

fn runtime() -> Result<Runtime, LoadError> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// One stage, as its threads share it.
struct Stage {
    load: Load,
    target: Target,
    way: Way,
    keys: Keys,
    /// Whether the identities have to be made known first.
    introduces: bool,
    in_flight: usize,
    threads: usize,
    /// Everybody is warm; then, everybody may go.
    ready: Barrier,
    begun: AtomicU64,
    logins: AtomicU64,
    failures: AtomicU64,
}

fn run_stage(
    stage: &Arc<Stage>,
    watch: &mut impl FnMut(Progress),
) -> Result<StageReport, LoadError> {
    let pids = &stage.load.server_pids;
    let own = [std::process::id()];
    let threads: Vec<_> = (0..stage.threads)
        .map(|n| {
            let stage = Arc::clone(stage);
            thread::spawn(move || run_slots(&stage, n))
        })
        .collect();
    stage.ready.wait();
    let (before, own_before) = (ProcessTimes::of(pids), ProcessTimes::of(&own));
    let start = Instant::now();
    stage.ready.wait();

    let mut memory = Memory::default();
    while !threads.iter().all(thread::JoinHandle::is_finished) {
        thread::sleep(WATCH.min(stage.left(start)).max(Duration::from_millis(2)));
        let progress = stage.progress(start);
        // A server that is gone shows in the failures.
        if let Ok(now) = ProcessTimes::of(pids) {
            memory.sample(start.elapsed(), now.resident, progress.logins);
        }
        watch(progress);
    }
    let took = start.elapsed();
    let server = ProcessTimes::of(pids)?.since(&before?);
    let generator = ProcessTimes::of(&own)?.since(&own_before?);

    let mut measured = Measured::new();
    for thread in threads {
        match thread.join() {
            Ok(part) => measured.add(part?),
            // A mistake of ours, and it goes on as one.
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    let server = (!pids.is_empty()).then_some(server);
    Ok(StageReport::new(stage.in_flight, took, &measured, server, generator, memory))
}

impl Stage {
    /// What is left of a stage that has a time.
    fn left(&self, start: Instant) -> Duration {
        match self.load.stop {
            Stop::After(time) => time.saturating_sub(start.elapsed()),
            Stop::Logins(_) => WATCH,
        }
    }

    fn progress(&self, start: Instant) -> Progress {
        let elapsed = start.elapsed();
        let logins = self.logins.load(Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "it is for a bar")]
        let done = match self.load.stop {
            Stop::After(time) => elapsed.as_secs_f64() / time.as_secs_f64().max(1e-9),
            Stop::Logins(count) => logins as f64 / count.max(1) as f64,
        };
        Progress {
            in_flight: self.in_flight,
            elapsed,
            logins,
            failures: self.failures.load(Ordering::Relaxed),
            done: done.min(1.0),
        }
    }

    /// When another sign-in is to begin, if one is.
    fn next(&self, start: Instant) -> Option<Instant> {
        let begun = self.begun.fetch_add(1, Ordering::Relaxed);
        let due = match self.load.rate {
            #[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^53 here")]
            Some(rate) => Duration::try_from_secs_f64(begun as f64 / rate).ok()?,
            None => start.elapsed(),
        };
        let goes_on = match self.load.stop {
            Stop::After(time) => due < time,
            Stop::Logins(count) => begun < count,
        };
        goes_on.then_some(start + due)
    }
}

/// The n-th thread's part.
fn run_slots(stage: &Arc<Stage>, n: usize) -> Result<Measured, LoadError> {
    // Whoever fails before the start still has to turn up at it.
    let runtime = runtime();
    let local = LocalSet::new();
    // Slots of one thread write down what they measure without a lock.
    let measured = Rc::new(RefCell::new(Measured::new()));
    let slots = (n..stage.in_flight).step_by(stage.threads);
    let mut slots: Vec<_> = slots.map(|n| Worker::new(stage, n, &measured)).collect();
    if let Ok(runtime) = &runtime {
        slots = local.block_on(runtime, join(slots.into_iter().map(Worker::warm_up)));
    }
    stage.ready.wait();
    stage.ready.wait();
    let runtime = runtime?;
    let start = Instant::now();
    local.block_on(&runtime, join(slots.into_iter().map(|slot| slot.work(start))));
    drop(local);
    Ok(Rc::into_inner(measured).map_or_else(Measured::new, RefCell::into_inner))
}

/// Runs them all, each as a task of its own.
async fn join<F>(tasks: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    let tasks: Vec<_> = tasks.map(spawn_local).collect();
    let mut done = Vec::with_capacity(tasks.len());
    for task in tasks {
        match task.await {
            Ok(output) => done.push(output),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    done
}

/// A slot at work.
struct Worker {
    stage: Arc<Stage>,
    n: usize,
    slot: Slot,
    /// The key that the next one replaces.
    last: Option<SiteKey>,
    measured: Rc<RefCell<Measured>>,
}

impl Worker {
    fn new(stage: &Arc<Stage>, n: usize, measured: &Rc<RefCell<Measured>>) -> Self {
        let slot = Slot::new(stage.target.clone(), stage.way);
        Self { stage: Arc::clone(stage), n, slot, last: None, measured: Rc::clone(measured) }
    }

    /// Makes its share of the identities known, and opens its connections.
    async fn warm_up(mut self) -> Self {
        let stage = Arc::clone(&self.stage);
        let known = if stage.introduces { stage.keys.known() } else { &[] };
        for key in known.iter().skip(self.n).step_by(stage.in_flight) {
            let person = Person { key: key.clone(), previous: None };
            if let Err(error) = self.slot.login(&stage.keys, &person).await {
                self.failed(&error).await;
            }
        }
        let person = self.person();
        if let Err(error) = self.slot.login(&stage.keys, &person).await {
            self.failed(&error).await;
        }
        self
    }

    async fn work(mut self, start: Instant) {
        let stage = Arc::clone(&self.stage);
        while let Some(due) = stage.next(start) {
            sleep_until(due.into()).await;
            // The timer's own lateness is nobody's fault.
            let begun = if due.elapsed() < LATE { Instant::now() } else { due };
            let person = self.person();
            match self.slot.login_since(begun, &stage.keys, &person).await {
                Ok(clock) => {
                    stage.logins.fetch_add(1, Ordering::Relaxed);
                    clock.write(&mut self.measured.borrow_mut());
                }
                Err(error) => self.failed(&error).await,
            }
        }
    }

    fn person(&mut self) -> Person {
        match self.stage.load.who {
            Who::Known(_) | Who::New => self.stage.keys.next(),
            Who::Rekeyed => {
                let key = self.stage.keys.fresh();
                let previous = self.last.replace(key.clone());
                Person { key, previous }
            }
        }
    }

    async fn failed(&mut self, error: &LoadError) {
        self.stage.failures.fetch_add(1, Ordering::Relaxed);
        self.measured.borrow_mut().failure(error.to_string());
        self.slot.hang_up();
        self.last = None;
        sleep(PAUSE).await;
    }
}
