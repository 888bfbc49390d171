//! The host of a node that has none.

use super::{Handled, Message, Ownership, ShardHost};

/// Nothing runs in the shards of a node that is given no [host](crate::ClusterBuilder::host). Whoever sends a message to one of its actors hears no
/// answer. What runs there by other means follows [`Cluster::watch_owned`](crate::Cluster::watch_owned).
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHost;

impl ShardHost for NoHost {
    async fn handle(&self, _: &Ownership, _: Message) -> Handled {
        Handled::Moved
    }
}
