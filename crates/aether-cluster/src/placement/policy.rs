//! What is wanted of a plan. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Nodes, ShardCount};

/// How shards are spread over zones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zones {
    /// By the weights of nodes alone.
    #[default]
    Ignored,
    /// Each zone holds as many as any other, within one shard, and in it the nodes by their weights: a zone that fails takes
    /// no more shards along than any other would. The nodes without a zone are a zone of their own.
    Even,
}

/// How shards may move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// How they are spread over zones.
    pub zones: Zones,
    /// How many at the most move at once between live owners; 20 unless told. At least one does.
    pub at_once: u32,
    /// How many of a hundred at the most move at once between live owners; 10 unless told. At least one does.
    pub percent_at_once: u32,
    /// How long after a rebalancing the next one may begin; 10 s unless told. Shards without a live owner and those of
    /// draining nodes do not wait for it.
    pub cool_down: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { zones: Zones::Ignored, at_once: 20, percent_at_once: 10, cool_down: Duration::from_secs(10) }
    }
}

impl Policy {
    /// Returns how many shards may move at once between live owners.
    #[must_use]
    pub fn limit(&self, count: ShardCount) -> usize {
        let part = u64::from(count.get()) * u64::from(self.percent_at_once) / 100;
        usize::try_from(part.min(u64::from(self.at_once)).max(1)).unwrap_or(usize::MAX)
    }
}

/// What a plan is to reach, and at what time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The live nodes. One that is not among them has left or died.
    pub nodes: Nodes,
    /// How shards may move.
    pub policy: Policy,
    /// The time, on whatever clock of the caller never goes back.
    pub at: Duration,
    /// Since when, on that clock, no rebalancing is under way: [`Plan::settled_at`](super::Plan::settled_at) of the plan
    /// before. `None` where one is, or nobody knows: then there is no cool-down.
    pub settled_at: Option<Duration>,
}

impl Wanted {
    /// Wants the shards on these nodes, by the usual policy and without a cool-down.
    #[must_use]
    pub fn new(nodes: Nodes) -> Self {
        Self { nodes, ..Self::default() }
    }

    /// Returns until when moves between live owners wait, if they do.
    pub(super) fn cooling_until(&self) -> Option<Duration> {
        let until = self.settled_at?.saturating_add(self.policy.cool_down);
        (self.at < until).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_of_twenty_and_ten_percent_move_at_once_and_at_least_one() {
        let limit = |count| Policy::default().limit(ShardCount::new(count).unwrap());
        assert_eq!([1, 9, 20, 150, 199, 200, 65_536].map(limit), [1, 1, 2, 15, 19, 20, 20]);
        let none = Policy { at_once: 0, percent_at_once: 0, ..Policy::default() };
        assert_eq!(none.limit(ShardCount::default()), 1);
    }

    #[test]
    fn it_cools_down_after_what_was_settled_and_only_then() {
        let wanted = |at, settled_at: Option<u64>| Wanted {
            at: Duration::from_secs(at),
            settled_at: settled_at.map(Duration::from_secs),
            ..Wanted::default()
        };
        assert_eq!(wanted(5, None).cooling_until(), None);
        assert_eq!(wanted(14, Some(5)).cooling_until(), Some(Duration::from_secs(15)));
        assert_eq!(wanted(15, Some(5)).cooling_until(), None);
    }
}
