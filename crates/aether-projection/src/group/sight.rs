//! Who gives signs of life: a key whose revision has not changed for as long as a lease lasts is one of somebody gone. Each
//! member measures that by its own clock, so that no two clocks are compared. Pure.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use aether_core::key_value::Revision;
use tokio::time::Instant;

/// Since when each key has stood at its revision, as far as this member has looked.
#[derive(Debug)]
pub(crate) struct Sight<K>(HashMap<K, (Revision, Instant)>);

impl<K: Hash + Eq> Sight<K> {
    pub(crate) fn new() -> Self {
        Self(HashMap::new())
    }

    /// Notes that a key stands at `revision` now; returns for how long it has.
    pub(crate) fn see(&mut self, key: K, revision: Revision, now: Instant) -> Duration {
        let seen = self.0.entry(key).or_insert((revision, now));
        if seen.0 != revision {
            *seen = (revision, now);
        }
        now.saturating_duration_since(seen.1)
    }

    /// Forgets the keys that are no more.
    pub(crate) fn retain(&mut self, is_there: impl Fn(&K) -> bool) {
        self.0.retain(|key, _| is_there(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_changes_is_one_of_somebody_alive() {
        let (mut sight, start) = (Sight::new(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut see = |revision, seconds| sight.see("a", Revision::new(revision), at(seconds)).as_secs();
        assert_eq!([see(1, 0), see(1, 5), see(2, 6), see(2, 9)], [0, 5, 0, 3]);
        sight.retain(|_| false);
        assert_eq!(sight.see("a", Revision::new(2), at(10)), Duration::ZERO);
    }
}
