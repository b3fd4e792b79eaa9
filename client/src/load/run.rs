//! Running a load: threads that each have a share of the slots, and their own runtime.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, sleep_until};

use super::config::{Load, Progress, SignInAs, Stop};
use super::error::LoadError;
use super::key_pool::{KeyPool, LoginKeys};
use super::login::{Flow, Slot};
use super::measurements::Measurements;
use super::process::ProcessUsage;
use super::report::{Memory, Report, StageReport};
use super::target::Target;
use crate::keys::SiteKey;

/// Interval of progress reports and memory samples.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// A sign-in that starts at most this late counts from its actual start. The delay is the
/// timer's.
const TIMER_TOLERANCE: Duration = Duration::from_millis(3);

/// Pause of a slot after a failure, so that a server that fails is not flooded.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(10);

impl Load {
    /// Runs all stages, on its own threads. Calls `watch` about four times a second.
    ///
    /// # Errors
    /// Returns an error if the URL is unusable, or if the first sign-in fails. Later failures
    /// are counted.
    pub fn run(&self, watch: impl FnMut(Progress)) -> Result<Report, LoadError> {
        run(self, watch)
    }
}

fn run(load: &Load, mut watch: impl FnMut(Progress)) -> Result<Report, LoadError> {
    let runtime = runtime()?;
    let target = runtime.block_on(Target::resolve(load)?.discover())?;
    let Load { page, qr, cps, collect, noiptest, .. } = *load;
    let flow = Flow { page, qr, cps, collect, noiptest };
    let pool = KeyPool::new(load.sign_in_as);
    // If sign-ins cannot work, report why at once.
    let first = LoginKeys { key: pool.new_key(), previous: None };
    let mut slot = Slot::new(target.clone(), flow);
    runtime.block_on(slot.login(Instant::now(), &pool, &first))?;
    ProcessUsage::of(&load.server_pids)?;

    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut stages = Vec::new();
    for (n, &in_flight) in load.in_flight.iter().enumerate() {
        let in_flight = in_flight.max(1);
        let threads = load.threads.clamp(1, in_flight);
        let stage = Arc::new(Stage {
            load: load.clone(),
            target: target.clone(),
            flow,
            pool: pool.clone(),
            is_first: n == 0,
            in_flight,
            threads,
            ready: Barrier::new(threads + 1),
            started: AtomicU64::new(0),
            logins: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        stages.push(run_stage(&stage, &mut watch)?);
    }
    Ok(Report { began: began.as_secs(), settings: load.into(), stages })
}

fn runtime() -> Result<Runtime, LoadError> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// The state of a stage, which its threads share.
struct Stage {
    load: Load,
    target: Target,
    flow: Flow,
    pool: KeyPool,
    /// Whether the known identities must be registered first.
    is_first: bool,
    in_flight: usize,
    threads: usize,
    /// Passed twice: when all slots are warm, and when the measurement starts.
    ready: Barrier,
    started: AtomicU64,
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
    let (before, own_before) = (ProcessUsage::of(pids), ProcessUsage::of(&own));
    let start = Instant::now();
    stage.ready.wait();

    let mut memory = Memory::default();
    while !threads.iter().all(thread::JoinHandle::is_finished) {
        thread::sleep(WATCH_INTERVAL.min(stage.remaining(start)).max(Duration::from_millis(2)));
        let progress = stage.progress(start);
        // If the server has stopped, the failures show it.
        if let Ok(now) = ProcessUsage::of(pids) {
            memory.sample(start.elapsed(), now.resident, progress.logins);
        }
        watch(progress);
    }
    let took = start.elapsed();
    let server = ProcessUsage::of(pids)?.since(&before?);
    let generator = ProcessUsage::of(&own)?.since(&own_before?);

    let mut measurements = Measurements::new();
    for thread in threads {
        match thread.join() {
            Ok(part) => measurements.add(part?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    let server = (!pids.is_empty()).then_some(server);
    Ok(StageReport::new(stage.in_flight, took, &measurements, server, generator, memory))
}

impl Stage {
    /// Returns the remaining time of the stage.
    fn remaining(&self, start: Instant) -> Duration {
        match self.load.stop {
            Stop::After(time) => time.saturating_sub(start.elapsed()),
            Stop::Logins(_) => WATCH_INTERVAL,
        }
    }

    fn progress(&self, start: Instant) -> Progress {
        let elapsed = start.elapsed();
        let logins = self.logins.load(Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "a progress bar needs no precision")]
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

    /// Returns when the next sign-in starts, or `None` if the stage ends.
    fn next_start(&self, start: Instant) -> Option<Instant> {
        let started = self.started.fetch_add(1, Ordering::Relaxed);
        let due = match self.load.rate {
            #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
            Some(rate) => Duration::try_from_secs_f64(started as f64 / rate).ok()?,
            None => start.elapsed(),
        };
        let continues = match self.load.stop {
            Stop::After(time) => due < time,
            Stop::Logins(count) => started < count,
        };
        continues.then_some(start + due)
    }
}

/// Runs the slots of the n-th thread.
fn run_slots(stage: &Arc<Stage>, n: usize) -> Result<Measurements, LoadError> {
    // A thread that fails before the start must still pass the barrier.
    let runtime = runtime();
    let local = LocalSet::new();
    // The slots of a thread share their measurements without a lock.
    let measurements = Rc::new(RefCell::new(Measurements::new()));
    let slots = (n..stage.in_flight).step_by(stage.threads);
    let mut slots: Vec<_> = slots.map(|n| Worker::new(stage, n, &measurements)).collect();
    if let Ok(runtime) = &runtime {
        slots = local.block_on(runtime, join(slots.into_iter().map(Worker::warm_up)));
    }
    stage.ready.wait();
    stage.ready.wait();
    let runtime = runtime?;
    let start = Instant::now();
    local.block_on(&runtime, join(slots.into_iter().map(|slot| slot.work(start))));
    drop(local);
    Ok(Rc::into_inner(measurements).map_or_else(Measurements::new, RefCell::into_inner))
}

/// Runs futures concurrently, each as a task.
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

/// A slot and its measurements.
struct Worker {
    stage: Arc<Stage>,
    n: usize,
    slot: Slot,
    /// The key that the next sign-in replaces.
    last: Option<SiteKey>,
    measurements: Rc<RefCell<Measurements>>,
}

impl Worker {
    fn new(stage: &Arc<Stage>, n: usize, measurements: &Rc<RefCell<Measurements>>) -> Self {
        let slot = Slot::new(stage.target.clone(), stage.flow);
        Self {
            stage: Arc::clone(stage),
            n,
            slot,
            last: None,
            measurements: Rc::clone(measurements),
        }
    }

    /// Registers its share of the known identities, and opens its connections.
    async fn warm_up(mut self) -> Self {
        let stage = Arc::clone(&self.stage);
        let known = if stage.is_first { stage.pool.known() } else { &[] };
        for key in known.iter().skip(self.n).step_by(stage.in_flight) {
            let keys = LoginKeys { key: key.clone(), previous: None };
            if let Err(error) = self.slot.login(Instant::now(), &stage.pool, &keys).await {
                self.failed(&error).await;
            }
        }
        let keys = self.next_keys();
        if let Err(error) = self.slot.login(Instant::now(), &stage.pool, &keys).await {
            self.failed(&error).await;
        }
        self
    }

    async fn work(mut self, start: Instant) {
        let stage = Arc::clone(&self.stage);
        while let Some(due) = stage.next_start(start) {
            sleep_until(due.into()).await;
            let is_on_time = due.elapsed() < TIMER_TOLERANCE;
            let begun = if is_on_time { Instant::now() } else { due };
            let keys = self.next_keys();
            match self.slot.login(begun, &stage.pool, &keys).await {
                Ok(watch) => {
                    stage.logins.fetch_add(1, Ordering::Relaxed);
                    watch.record(&mut self.measurements.borrow_mut());
                }
                Err(error) => self.failed(&error).await,
            }
        }
    }

    fn next_keys(&mut self) -> LoginKeys {
        match self.stage.load.sign_in_as {
            SignInAs::Known(_) | SignInAs::New => self.stage.pool.next(),
            SignInAs::Rekeyed => {
                let key = self.stage.pool.new_key();
                let previous = self.last.replace(key.clone());
                LoginKeys { key, previous }
            }
        }
    }

    async fn failed(&mut self, error: &LoadError) {
        self.stage.failures.fetch_add(1, Ordering::Relaxed);
        self.measurements.borrow_mut().failure(error.to_string());
        self.slot.reconnect();
        self.last = None;
        sleep(PAUSE_AFTER_FAILURE).await;
    }
}
