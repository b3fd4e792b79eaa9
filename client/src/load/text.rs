//! A report for a terminal.

use std::fmt::Write as _;

use super::measure::Step;
use super::report::{Report, StageReport, count};

impl Report {
    /// For a terminal.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for stage in &self.stages {
            stage.write(&mut text);
        }
        text
    }
}

impl StageReport {
    fn write(&self, text: &mut String) {
        let Self { in_flight, seconds, logins, logins_per_second: rate, .. } = self;
        let failures: u64 = self.failures.values().sum();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{in_flight} in flight: {logins} sign-ins in {seconds:.1} s, {rate:.0} per second, \
             {failures} failed"
        );
        for (why, times) in &self.failures {
            let _ = writeln!(text, "  {times} times: {why}");
        }
        if let (Some(cpu), Some(system)) = (self.server_cpu_ms, self.server_system_cpu_ms) {
            let _ = writeln!(
                text,
                "  processor time per sign-in: server {cpu:.4} ms ({system:.4} in the kernel), \
                 this generator {:.4} ms",
                self.generator_cpu_ms
            );
        }
        if let Some(memory) = &self.memory
            && let Some((_, bytes, _)) = memory.samples.last()
        {
            let _ = writeln!(
                text,
                "  memory of the server: {:.1} MB at the end, {:+.0} bytes per second, {:+.0} \
                 per sign-in over the second half",
                count(*bytes) / 1e6,
                memory.bytes_per_second,
                memory.bytes_per_login,
            );
        }
        let _ = writeln!(
            text,
            "  {:8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  (ms)",
            "", "mean", "p50", "p90", "p99", "p99.9", "max"
        );
        let steps = Step::ALL.into_iter().filter_map(|step| {
            self.steps.get_key_value(step.name()).map(|(name, latency)| (*name, latency))
        });
        for (name, l) in steps.chain([("sign-in", &self.login)]) {
            let _ = writeln!(
                text,
                "  {name:8} {:9.3} {:9.3} {:9.3} {:9.3} {:9.3} {:9.3}",
                l.mean, l.p50, l.p90, l.p99, l.p999, l.max
            );
        }
    }
}
