//! The results of a run, as text and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::config::{Load, SignInAs, Stop};
use super::measurements::{Measurements, Step};
use super::process::ProcessUsage;

/// The results of a run. Displayed as a table for a terminal.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The start, in seconds since 1970.
    pub began: u64,
    /// The settings of the run.
    pub settings: Settings,
    /// The results of each stage, in order.
    pub stages: Vec<StageReport>,
}

/// The settings of a run that affect its results.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option of the command")]
pub struct Settings {
    /// The sign-in page.
    pub url: String,
    /// `known`, `new` or `rekeyed`.
    pub sign_in_as: &'static str,
    /// Whether connections were kept.
    pub keep_alive: bool,
    /// Whether the client asked for a URL for the browser.
    pub cps: bool,
    /// Whether the browser collected the sign-ins.
    pub collect: bool,
    /// Whether the whole page was requested.
    pub page: bool,
    /// Whether the image of the QR code was requested.
    pub qr: bool,
    /// Whether the client had another address than the browser.
    pub noiptest: bool,
    /// Number of threads.
    pub threads: usize,
    /// Sign-ins started per second, if a rate was set.
    pub rate: Option<f64>,
    /// Planned duration of a stage in seconds, if it was set.
    pub seconds: Option<f64>,
}

/// The results of a stage.
#[derive(Debug, Clone, Serialize)]
pub struct StageReport {
    /// Number of concurrent sign-ins.
    pub in_flight: usize,
    /// Duration in seconds.
    pub seconds: f64,
    /// Number of completed sign-ins.
    pub logins: u64,
    /// Completed sign-ins per second.
    pub logins_per_second: f64,
    /// Number of failures by message, including those before the measurement.
    pub failures: BTreeMap<String, u64>,
    /// Processor time of the server per sign-in, in milliseconds.
    pub server_cpu_ms: Option<f64>,
    /// The part of it in the kernel, in milliseconds.
    pub server_system_cpu_ms: Option<f64>,
    /// Processor time of this process per sign-in, in milliseconds.
    pub generator_cpu_ms: f64,
    /// Latency of a sign-in, from the first request to the last response.
    pub login: Latency,
    /// Latency of its steps, by name.
    pub steps: BTreeMap<&'static str, Latency>,
    /// The memory of the server.
    pub memory: Option<Memory>,
}

/// A latency in milliseconds: the mean, quantiles and the maximum.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the names are standard")]
pub struct Latency {
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

/// The resident memory of the server's processes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Memory {
    /// Samples: seconds since the stage started, bytes, completed sign-ins.
    pub samples: Vec<(f64, u64, u64)>,
    /// Growth in bytes per sign-in, over the second half of the stage (least squares).
    pub bytes_per_login: f64,
    /// Growth in bytes per second, over the second half of the stage.
    pub bytes_per_second: f64,
}

impl From<&Load> for Settings {
    fn from(load: &Load) -> Self {
        Self {
            url: load.url.clone(),
            sign_in_as: match load.sign_in_as {
                SignInAs::Known(_) => "known",
                SignInAs::New => "new",
                SignInAs::Rekeyed => "rekeyed",
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
        measurements: &Measurements,
        server: Option<ProcessUsage>,
        generator: ProcessUsage,
        mut memory: Memory,
    ) -> Self {
        let logins = measurements.login.len();
        let per_login = |time: Duration| milliseconds(time) / count(logins.max(1));
        let steps = Step::ALL.into_iter().zip(&measurements.steps);
        memory.fit();
        Self {
            in_flight,
            seconds: took.as_secs_f64(),
            logins,
            logins_per_second: count(logins) / took.as_secs_f64(),
            failures: measurements.failures.clone(),
            server_cpu_ms: server.map(|times| per_login(times.busy)),
            server_system_cpu_ms: server.map(|times| per_login(times.system)),
            generator_cpu_ms: per_login(generator.busy),
            login: Latency::of(&measurements.login),
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

/// Returns the slope of the regression line through points.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let n = count(points.clone().count() as u64);
    let (x, y) = points.clone().fold((0.0, 0.0), |(x, y), (px, py)| (x + px, y + py));
    let (x, y) = (x / n, y / n);
    let (products, squares) = points.fold((0.0, 0.0), |(products, squares), (px, py)| {
        (products + (px - x) * (py - y), squares + (px - x) * (px - x))
    });
    if squares > 0.0 { products / squares } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
pub(super) fn count(n: u64) -> f64 {
    n as f64
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Report {
    /// Returns the report as JSON.
    pub fn to_json(&self) -> String {
        // Serializing cannot fail: plain data with text keys.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stages.iter().try_for_each(|stage| stage.fmt(f))
    }
}

impl fmt::Display for StageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { in_flight, seconds, logins, logins_per_second: rate, .. } = self;
        let failures: u64 = self.failures.values().sum();
        writeln!(
            f,
            "{in_flight} concurrent: {logins} sign-ins in {seconds:.1} s, {rate:.0} per second, \
             {failures} failed"
        )?;
        for (message, times) in &self.failures {
            writeln!(f, "  {times} times: {message}")?;
        }
        if let (Some(cpu), Some(system)) = (self.server_cpu_ms, self.server_system_cpu_ms) {
            writeln!(
                f,
                "  processor time per sign-in: server {cpu:.4} ms ({system:.4} in the kernel), \
                 load generator {:.4} ms",
                self.generator_cpu_ms
            )?;
        }
        if let Some(memory) = &self.memory
            && let Some((_, bytes, _)) = memory.samples.last()
        {
            writeln!(
                f,
                "  memory of the server: {:.1} MB at the end; second half: {:+.0} bytes per \
                 second, {:+.0} per sign-in",
                count(*bytes) / 1e6,
                memory.bytes_per_second,
                memory.bytes_per_login,
            )?;
        }
        writeln!(
            f,
            "  {:8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  (ms)",
            "", "mean", "p50", "p90", "p99", "p99.9", "max"
        )?;
        let steps = Step::ALL.into_iter().filter_map(|step| {
            self.steps.get_key_value(step.name()).map(|(name, latency)| (*name, latency))
        });
        for (name, l) in steps.chain([("sign-in", &self.login)]) {
            writeln!(
                f,
                "  {name:8} {:9.3} {:9.3} {:9.3} {:9.3} {:9.3} {:9.3}",
                l.mean, l.p50, l.p90, l.p99, l.p999, l.max
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_a_line_is_found() {
        let line = (0..9).map(|x| (f64::from(x), 5.0 - 2.0 * f64::from(x)));
        assert!((slope(line) + 2.0).abs() < 1e-9);
        assert!(slope([(1.0, 1.0)].into_iter()).abs() < 1e-9);
    }
}
