//! When to take a snapshot: a pure decision.

use crate::Version;

/// What has happened since the latest snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The events since it, or since the beginning.
    pub events: u64,
    /// The actor's version.
    pub version: Version,
    /// The version of the snapshot, if there is one.
    pub snapshot: Option<Version>,
}

/// Says when an actor's state is worth a snapshot.
///
/// Events and versions differ where a history skips versions, as the Go original's may: events cost time to replay,
/// versions are what people count in.
///
/// ```
/// use aether_core::SnapshotPolicy;
///
/// let policy = SnapshotPolicy::every_versions(50).at_least(10).at_most(200);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SnapshotPolicy {
    rule: Rule,
    min_events: u64,
    max_events: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Rule {
    #[default]
    Never,
    Events(u64),
    Versions(u64),
}

impl SnapshotPolicy {
    /// Never takes one: the default.
    #[must_use]
    pub const fn never() -> Self {
        Self { rule: Rule::Never, min_events: 0, max_events: None }
    }

    /// Takes one when `events` events have happened since the last (0 counts as 1).
    #[must_use]
    pub const fn every_events(events: u64) -> Self {
        Self { rule: Rule::Events(at_least_one(events)), ..Self::never() }
    }

    /// Takes one whenever a version that is a multiple of `versions` was reached or passed (0 counts as 1).
    #[must_use]
    pub const fn every_versions(versions: u64) -> Self {
        Self { rule: Rule::Versions(at_least_one(versions)), ..Self::never() }
    }

    /// But not before `events` events have happened since the last.
    #[must_use]
    pub const fn at_least(self, events: u64) -> Self {
        Self { min_events: events, ..self }
    }

    /// But in any case when `events` events have happened since the last (0 counts as 1).
    #[must_use]
    pub const fn at_most(self, events: u64) -> Self {
        Self { max_events: Some(at_least_one(events)), ..self }
    }

    /// Says whether a snapshot is due.
    #[must_use]
    pub fn is_due(&self, progress: Progress) -> bool {
        if progress.events == 0 {
            return false;
        }
        if self.max_events.is_some_and(|most| progress.events >= most) {
            return true;
        }
        let by_rule = match self.rule {
            Rule::Never => false,
            Rule::Events(events) => progress.events >= events,
            Rule::Versions(versions) => {
                let last = progress.snapshot.unwrap_or_default();
                progress.version.number() / versions > last.number() / versions
            }
        };
        by_rule && progress.events >= self.min_events
    }
}

const fn at_least_one(number: u64) -> u64 {
    if number == 0 { 1 } else { number }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn progress(events: u64, version: u64, snapshot: Option<u64>) -> Progress {
        let version_of = |number| Version::new(number).unwrap();
        Progress { events, version: version_of(version), snapshot: snapshot.map(version_of) }
    }

    /// Walks through a history without gaps and returns the versions at which snapshots are taken.
    fn taken(policy: SnapshotPolicy, versions: u64, step: u64) -> Vec<u64> {
        let (mut last, mut taken) = (None, Vec::new());
        for version in (step..=versions).step_by(usize::try_from(step).unwrap()) {
            if policy.is_due(progress(version - last.unwrap_or(0), version, last)) {
                last = Some(version);
                taken.push(version);
            }
        }
        taken
    }

    #[test]
    fn each_rule_takes_its_snapshots() {
        assert!(taken(SnapshotPolicy::never(), 1000, 1).is_empty());
        assert_eq!(taken(SnapshotPolicy::every_events(100), 350, 1), [100, 200, 300]);
        assert_eq!(taken(SnapshotPolicy::every_events(100), 350, 70), [140, 280]);
        assert_eq!(taken(SnapshotPolicy::every_versions(100), 350, 70), [140, 210, 350]);
        assert_eq!(taken(SnapshotPolicy::every_events(0), 3, 1), [1, 2, 3]);
    }

    #[test]
    fn the_hybrid_keeps_its_bounds() {
        let hybrid = SnapshotPolicy::every_versions(50).at_least(10).at_most(200);
        // Version 1000 in one event: a multiple was passed, but too little happened.
        assert!(!hybrid.is_due(progress(1, 1000, None)));
        assert!(hybrid.is_due(progress(10, 1000, None)));
        // 200 events within one multiple, where versions do not say so.
        assert!(hybrid.is_due(progress(200, 1040, Some(1001))));
        assert!(!hybrid.is_due(progress(39, 1040, Some(1001))));
    }

    proptest! {
        #[test]
        fn a_snapshot_just_taken_is_never_due_again(version in 0u64..1 << 40, n: u64) {
            for policy in [SnapshotPolicy::every_events(n), SnapshotPolicy::every_versions(n).at_most(n)] {
                prop_assert!(!policy.is_due(progress(0, version, Some(version))));
            }
        }

        #[test]
        fn no_replay_is_longer_than_the_upper_bound(most in 1u64..300, every in 1u64..300) {
            let policy = SnapshotPolicy::every_versions(every).at_least(10).at_most(most);
            let mut points = vec![0];
            points.extend(taken(policy, 2000, 1));
            points.push(2000);
            prop_assert!(points.windows(2).all(|pair| pair[1] - pair[0] <= most));
        }
    }
}
