//! How much a node takes in.

use std::time::Duration;

use crate::route::LONGEST;

/// How much a node takes in, and how long it remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoomSettings {
    /// So many messages are under way in a shard.
    pub(crate) under_way: usize,
    /// So many messages are kept in a shard while it moves.
    pub(crate) kept: usize,
    /// So many messages are under way, kept, or wait as copies at the node.
    pub(crate) at_node: usize,
    /// So many rejected commands are remembered in a shard.
    pub(crate) rejected: usize,
    /// For so long: longer than a message may be on its way, be it over a connection that is not yet known to be dead.
    pub(crate) remember: Duration,
    /// What has not ended so long after its shard was given up is dropped.
    pub(crate) closing: Duration,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            under_way: 4_096,
            kept: 4_096,
            at_node: 65_536,
            rejected: 65_536,
            remember: LONGEST.saturating_mul(10),
            closing: Duration::from_secs(5),
        }
    }
}
