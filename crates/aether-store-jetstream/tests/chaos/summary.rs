//! What a round came to, for people and for `target/chaos/store.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::check::Violation;
use crate::nemesis::Waits;

#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) seed: u64,
    /// Faults by kind.
    pub(crate) faults: BTreeMap<String, u64>,
    /// The faults that had to wait for a leader.
    pub(crate) waits: BTreeMap<String, Waits>,
    /// Answers that the proxies took out.
    pub(crate) dropped: u64,
    /// Calls by outcome.
    pub(crate) operations: BTreeMap<&'static str, u64>,
    /// Failures by what they say.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Messages in the stream.
    pub(crate) messages: u64,
    /// The most appends that a worker had in flight.
    pub(crate) in_flight: usize,
    /// How long the workers worked, and how long it took with start and check.
    pub(crate) worked: Duration,
    pub(crate) took: Duration,
    pub(crate) violations: Vec<Violation>,
}

impl Summary {
    pub(crate) fn count(&self, outcome: &str) -> u64 {
        self.operations.get(outcome).copied().unwrap_or_default()
    }

    /// The commits that were acknowledged.
    pub(crate) fn commits(&self) -> u64 {
        self.count("stored")
    }

    /// Adds a further round.
    pub(crate) fn add(&mut self, other: Self) {
        other.faults.into_iter().for_each(|(name, count)| *self.faults.entry(name).or_default() += count);
        other
            .operations
            .into_iter()
            .for_each(|(name, count)| *self.operations.entry(name).or_default() += count);
        other.errors.into_iter().for_each(|(name, count)| *self.errors.entry(name).or_default() += count);
        other.waits.into_iter().for_each(|(name, waits)| self.waits.entry(name).or_default().add(waits));
        self.in_flight = self.in_flight.max(other.in_flight);
        self.dropped += other.dropped;
        self.messages += other.messages;
        self.worked += other.worked;
        self.took += other.took;
        self.violations.extend(other.violations);
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "seed": self.seed,
            "faults": self.faults,
            "faults_without_a_leader": self.waits,
            "answers_dropped": self.dropped,
            "operations": self.operations,
            "errors": self.errors,
            "messages": self.messages,
            "commits": self.commits(),
            "appends_in_flight_at_most": self.in_flight,
            "seconds": self.worked.as_secs_f64(),
            "seconds_with_checks": self.took.as_secs_f64(),
            "violations": self.violations.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.commits() as f64 / self.worked.as_secs_f64().max(0.001);
        writeln!(
            f,
            "seed {}: {} commits, {rate:.0} a second, at most {} appends in flight in a process, {:.1?} in all",
            self.seed,
            self.commits(),
            self.in_flight,
            self.took
        )?;
        writeln!(f, "  operations {:?}", self.operations)?;
        writeln!(f, "  faults     {:?}, answers dropped {}", self.faults, self.dropped)?;
        for (fault, Waits { times, seconds }) in &self.waits {
            writeln!(f, "  {fault}: {times} times there was no leader, {seconds:.1} s in all")?;
        }
        for (error, count) in &self.errors {
            writeln!(f, "  failed     {count} times: {error}")?;
        }
        writeln!(f, "  violations {}", self.violations.len())?;
        self.violations.iter().take(20).try_for_each(|violation| writeln!(f, "    {violation}"))
    }
}
