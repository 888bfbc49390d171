//! What happens in a cluster, as events.

use std::pin::Pin;
use std::task::{Context, Poll};

use aether_core::Epoch;
use futures_core::Stream;
use futures_util::stream::unfold;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Leader;
use crate::placement::Shard;
use crate::protocol::{Ended, Identity};

/// What a node has seen happen. Each node sees it by itself: a little earlier or later than others, and of what happened while it
/// did not look only the outcome.
///
/// These are no events of a store: nothing stored them. A [broadcaster](crate::ClusterBuilder::broadcaster) is told of them as events of the actor
/// `cluster-NAME` without a version, of which each node publishes what it has seen itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "eventType", content = "data")]
#[non_exhaustive]
pub enum ClusterEvent {
    /// A node has joined, or was there when this one did.
    Joined {
        /// The node.
        node: Identity,
    },
    /// A node's record has not changed for two thirds of a lease. It may come back; [`Died`](Self::Died) says that it will not.
    Suspected {
        /// The node.
        node: Identity,
    },
    /// A node has left, as it said itself.
    Left {
        /// The node.
        node: Identity,
    },
    /// A node was declared dead, or another life of it stands in its place.
    Died {
        /// The node.
        node: Identity,
    },
    /// Somebody else leads, or nobody does.
    LeaderChanged {
        /// Who leads now.
        leader: Option<Leader>,
    },
    /// A shard has another owner, or none.
    ShardMoved {
        /// The shard.
        shard: Shard,
        /// Who owned it.
        from: Option<Identity>,
        /// Who owns it now; nobody between its release and the next owner.
        to: Option<Identity>,
        /// How often it was acquired.
        epoch: Epoch,
    },
    /// This node is a member no more. Nothing else happens after that.
    Ended {
        /// Why.
        why: Ended,
    },
    /// This subscriber was too slow, and so many events before the next one were dropped. The views show what became of them.
    Missed {
        /// How many.
        count: u64,
    },
}

/// The events of a cluster from when this was made, as a stream that ends after [`ClusterEvent::Ended`] or when the last handle
/// is dropped. Cancel safe: an event that was not returned by `next` is returned by the next call.
pub struct Events(Pin<Box<dyn Stream<Item = ClusterEvent> + Send>>);

impl Events {
    pub(super) fn new(receiver: Receiver<ClusterEvent>) -> Self {
        Self(Box::pin(unfold(Some(receiver), |receiver| async move {
            let mut receiver = receiver?;
            let event = match receiver.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(count)) => ClusterEvent::Missed { count },
                Err(RecvError::Closed) => return None,
            };
            let is_last = matches!(event, ClusterEvent::Ended { .. });
            Some((event, (!is_last).then_some(receiver)))
        })))
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl Stream for Events {
    type Item = ClusterEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<ClusterEvent>> {
        self.0.as_mut().poll_next(context)
    }
}
