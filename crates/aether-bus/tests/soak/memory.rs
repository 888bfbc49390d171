//! How much memory the process has.

/// Samples of the resident memory, in KiB.
#[derive(Debug, Default)]
pub(crate) struct Memory(Vec<u64>);

/// What may be there more at the end than after the first quarter: what allocators keep, and bursts of the moment.
const SLACK_KIB: u64 = 64 * 1024;

impl Memory {
    pub(crate) fn sample(&mut self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: Option<u64> = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        self.0.extend(kib);
    }

    fn quarter(&self, number: usize) -> u64 {
        let size = self.0.len().div_ceil(4).max(1);
        self.0.chunks(size).nth(number).and_then(|samples| samples.iter().max().copied()).unwrap_or_default()
    }

    pub(crate) fn report(&self) -> String {
        let quarters: Vec<_> = (0..4).map(|number| self.quarter(number)).collect();
        format!("\"resident_kib_at_most_by_quarter\": {quarters:?}")
    }

    /// Flat: the last quarter needs no more than the second, which begins when everything has warmed up.
    pub(crate) fn check(&self) {
        let (second, last) = (self.quarter(1), self.quarter(3));
        assert!(last <= second + second / 4 + SLACK_KIB, "{}", self.report());
    }
}
