//! What runs in the shards, as the driver speaks to it.

use aether_core::Epoch;
use tokio::sync::mpsc::UnboundedSender;

use crate::placement::Shard;
use crate::protocol::Task;

/// What runs in the shards of a node.
pub(crate) trait Inside: Send + Sync + 'static {
    /// Carries out a task. Never blocks; keeps the order per shard.
    fn tell(&self, shard: Shard, task: Task);

    /// Ends everything: the node is a member no more.
    fn stop(&self);
}

/// Shards in which nothing runs: they are drained as soon as they are to be.
#[derive(Debug)]
pub(crate) struct StandIn {
    pub(crate) drained: UnboundedSender<(Shard, Epoch)>,
}

impl Inside for StandIn {
    fn tell(&self, shard: Shard, task: Task) {
        if let Task::Drain(epoch) = task {
            // Whoever would hear it has ended: then nobody waits for it.
            let _ = self.drained.send((shard, epoch));
        }
    }

    fn stop(&self) {}
}
