//! Processor time and memory of processes (Linux only, from `/proc`).

use std::time::Duration;

use super::error::LoadError;

/// The processor time and resident memory of some processes, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessUsage {
    /// Processor time in user mode.
    pub user: Duration,
    /// Processor time in the kernel.
    pub system: Duration,
    /// All processor time, in nanoseconds if the kernel has scheduler statistics.
    pub busy: Duration,
    /// Resident memory in bytes.
    pub resident: u64,
}

/// The unit of time in `/proc/PID/stat`: 10 ms on every Linux machine.
const TICK: Duration = Duration::from_millis(10);

impl ProcessUsage {
    /// Reads the usage of processes.
    ///
    /// # Errors
    /// Returns [`LoadError::Process`] if there is no such process, or no `/proc`.
    pub fn of(pids: &[u32]) -> Result<Self, LoadError> {
        let mut sum = Self::default();
        for &pid in pids {
            let process = |source| LoadError::Process { pid, source };
            let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}"));
            let (user, system) = times(&read("stat").map_err(process)?).unwrap_or_default();
            sum.user += user;
            sum.system += system;
            // Only the coarse sum includes threads that have ended.
            sum.busy += thread_time(pid).unwrap_or_default().max(user + system);
            sum.resident += resident(&read("status").map_err(process)?).unwrap_or(0);
        }
        Ok(sum)
    }

    /// Returns the processor time since an earlier reading, and the current memory.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
            busy: self.busy.saturating_sub(earlier.busy),
            resident: self.resident,
        }
    }
}

/// Returns fields 14 and 15 of `stat`. Field 2, the name in parentheses, may contain spaces and
/// parentheses.
fn times(stat: &str) -> Option<(Duration, Duration)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some((TICK * ticks()?, TICK * ticks()?))
}

/// Returns the processor time of all threads: the first field of `schedstat`, in nanoseconds.
fn thread_time(pid: u32) -> Option<Duration> {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += text.split_ascii_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn process_names_may_contain_parentheses() {
        let stat = "7 (a) b (1 2 3) R 1 7 7 0 -1 4194304 99 0 0 0 250 30 0 0 20 0 3 0 1 2 3";
        let (user, system) = times(stat).unwrap();
        assert_eq!((user.as_millis(), system.as_millis()), (2500, 300));
        assert_eq!(times("7 (a) R"), None);
    }

    #[test]
    fn the_usage_of_this_process_is_read() {
        let now = ProcessUsage::of(&[std::process::id()]).unwrap();
        assert!(now.resident > 100_000, "{now:?}");
        assert!(now.busy >= now.user + now.system, "{now:?}");
        assert!(matches!(ProcessUsage::of(&[u32::MAX]), Err(LoadError::Process { .. })));
    }
}
