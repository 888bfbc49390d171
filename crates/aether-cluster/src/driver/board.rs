//! What a node shows of the cluster to whoever holds its handle: the latest of everything, and events.

use std::collections::BTreeMap;
use std::sync::Arc;

use aether_core::Epoch;
use tokio::sync::{broadcast, watch};

use super::counts::Counts;
use crate::cluster::{ClusterEvent, Leader, Members, ShardPlaces};
use crate::placement::{Shard, ShardCount};
use crate::protocol::{Ended, Stage};

/// So many events are kept for a subscriber that lags.
const EVENTS: usize = 4_096;

/// A shard that is at this node, or on its way to it or from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Local {
    pub(crate) stage: Stage,
    /// The epoch that it is owned at, if it is.
    pub(crate) epoch: Option<Epoch>,
}

/// The shards that are not elsewhere.
pub(crate) type Locals = Arc<BTreeMap<Shard, Local>>;

/// The latest of everything.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) members: watch::Sender<Members>,
    pub(crate) leader: watch::Sender<Option<Leader>>,
    pub(crate) shards: watch::Sender<ShardPlaces>,
    pub(crate) locals: watch::Sender<Locals>,
    /// Whether the node has become a member.
    pub(crate) joined: watch::Sender<bool>,
    pub(crate) ended: watch::Sender<Option<Ended>>,
    pub(crate) events: broadcast::Sender<ClusterEvent>,
    pub(crate) counts: Arc<Counts>,
}

impl Board {
    pub(crate) fn new(shards: ShardCount) -> Self {
        Self {
            members: watch::Sender::default(),
            leader: watch::Sender::default(),
            shards: watch::Sender::new(ShardPlaces::none(shards)),
            locals: watch::Sender::default(),
            joined: watch::Sender::new(false),
            ended: watch::Sender::new(None),
            events: broadcast::Sender::new(EVENTS),
            counts: Arc::default(),
        }
    }

    /// Shows that the node is a member no more.
    pub(crate) fn end(&self, why: Ended) {
        self.tell(ClusterEvent::Ended { why });
        self.ended.send_replace(Some(why));
    }

    /// Tells an event to whoever listens.
    pub(super) fn tell(&self, event: ClusterEvent) {
        let _ = self.events.send(event);
    }
}
