//! What a run has measured, for people and for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::measure::{Measured, Step};
use super::plan::{Load, Stop, Who};
use super::process::ProcessTimes;

/// A whole run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// When it began: seconds since 1970.
    pub began: u64,
    /// What was sent.
    pub setting: Setting,
    /// One for each number of sign-ins in flight, in order.
    pub stages: Vec<StageReport>,
}

/// What was sent, as far as it matters for reading the figures.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option of the command")]
pub struct Setting {
    /// The sign-in page.
    pub url: String,
    /// `known`, `new` or `rekeyed`.
    pub who: &'static str,
    /// Whether connections were kept.
    pub keep_alive: bool,
    /// Client provided sessions.
    pub cps: bool,
    /// Whether the browser collected the sign-ins.
    pub collect: bool,
    /// The whole page.
    pub page: bool,
    /// The picture.
    pub qr: bool,
    /// Another address than the browser's.
    pub noiptest: bool,
    /// Threads that sent.
    pub threads: usize,
    /// Sign-ins begun per second, if there was a rate.
    pub rate: Option<f64>,
    /// Seconds that a stage was to take, if it had a time.
    pub seconds: Option<f64>,
}

/// One stage.
#[derive(Debug, Clone, Serialize)]
pub struct StageReport {
    /// Sign-ins under way at a time.
    pub in_flight: usize,
    /// How long it took.
    pub seconds: f64,
    /// Complete sign-ins.
    pub logins: u64,
    /// Per second of time on the wall.
    pub logins_per_second: f64,
    /// Failures, those of the warming up too.
    pub failures: BTreeMap<String, u64>,
    /// Milliseconds of processor time that the server's processes took per sign-in.
    pub server_cpu_ms: Option<f64>,
    /// The part of it in the kernel.
    pub server_system_cpu_ms: Option<f64>,
    /// The same of this process, which signed and sent.
    pub generator_cpu_ms: f64,
    /// From the request for the link to the last step.
    pub login: Latency,
    /// Its parts.
    pub steps: BTreeMap<&'static str, Latency>,
    /// The server's memory.
    pub memory: Option<Memory>,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "they are called what they are")]
pub struct Latency {
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

/// Resident memory of the server's processes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Memory {
    /// Seconds since the stage began, bytes, sign-ins done.
    pub samples: Vec<(f64, u64, u64)>,
    /// Bytes per sign-in over the second half of the stage: least squares.
    pub bytes_per_login: f64,
    /// Bytes per second over the second half.
    pub bytes_per_second: f64,
}

impl From<&Load> for Setting {
    fn from(load: &Load) -> Self {
        Self {
            url: load.url.clone(),
            who: match load.who {
                Who::Known(_) => "known",
                Who::New => "new",
                Who::Rekeyed => "rekeyed",
            },
            keep_alive: !load.new_connections,
            cps: load.cps,
            collect: load.collect,
            page: load.page,
            qr: load.qr,
            noiptest: load.noiptest,
            threads: load.threads,
            rate: load.rate,
            seconds: match load.stop {
                Stop::After(time) => Some(time.as_secs_f64()),
                Stop::Logins(_) => None,
            },
        }
    }
}

impl StageReport {
    pub(super) fn new(
        in_flight: usize,
        took: Duration,
        measured: &Measured,
        server: Option<ProcessTimes>,
        generator: ProcessTimes,
        mut memory: Memory,
    ) -> Self {
        let logins = measured.login.len();
        let per_login = |time: Duration| milliseconds(time) / count(logins.max(1));
        let steps = Step::ALL.into_iter().zip(&measured.steps);
        memory.fit();
        Self {
            in_flight,
            seconds: took.as_secs_f64(),
            logins,
            logins_per_second: count(logins) / took.as_secs_f64(),
            failures: measured.failures.clone(),
            server_cpu_ms: server.map(|times| per_login(times.busy)),
            server_system_cpu_ms: server.map(|times| per_login(times.system)),
            generator_cpu_ms: per_login(generator.busy),
            login: Latency::of(&measured.login),
            steps: steps
                .filter(|(_, latencies)| !latencies.is_empty())
                .map(|(step, latencies)| (step.name(), Latency::of(latencies)))
                .collect(),
            memory: server.is_some().then_some(memory),
        }
    }
}

impl Latency {
    fn of(nanoseconds: &Histogram<u64>) -> Self {
        let ms = |value: u64| milliseconds(Duration::from_nanos(value));
        let quantile = |q| ms(nanoseconds.value_at_quantile(q));
        Self {
            mean: nanoseconds.mean() / 1e6,
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            p999: quantile(0.999),
            max: ms(nanoseconds.max()),
        }
    }
}

impl Memory {
    pub(super) fn sample(&mut self, at: Duration, resident: u64, logins: u64) {
        self.samples.push((at.as_secs_f64(), resident, logins));
    }

    fn fit(&mut self) {
        let half = &self.samples[self.samples.len() / 2..];
        self.bytes_per_second = slope(half.iter().map(|&(t, bytes, _)| (t, count(bytes))));
        self.bytes_per_login = slope(half.iter().map(|&(_, b, n)| (count(n), count(b))));
    }
}

/// Of the straight line through the points.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let n = count(points.clone().count() as u64);
    let (x, y) = points.clone().fold((0.0, 0.0), |(x, y), (px, py)| (x + px, y + py));
    let (x, y) = (x / n, y / n);
    let (products, squares) = points.fold((0.0, 0.0), |(products, squares), (px, py)| {
        (products + (px - x) * (py - y), squares + (px - x) * (px - x))
    });
    if squares > 0.0 { products / squares } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^53 here")]
pub(super) fn count(n: u64) -> f64 {
    n as f64
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Report {
    /// As JSON.
    pub fn to_json(&self) -> String {
        // Plain data with text for keys: always written.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope() {
        let line = (0..9).map(|x| (f64::from(x), 5.0 - 2.0 * f64::from(x)));
        assert!((slope(line) + 2.0).abs() < 1e-9);
        assert!(slope([(1.0, 1.0)].into_iter()).abs() < 1e-9);
    }
}
