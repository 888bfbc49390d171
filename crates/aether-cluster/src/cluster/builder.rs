//! Joining a cluster: what can be said before.

use std::time::Duration;

use aether_core::EventBroadcaster;
use aether_core::id::InvalidText;
use async_nats::Client;

use super::broadcast::Broadcaster;
use super::{Cluster, JoinError, join};
use crate::clock::Clock;
use crate::host::{NoHost, ShardHost};
use crate::name::ClusterName;
use crate::placement::{Labels, NodeId, Policy, ShardCount, Weight};

/// Says how a node joins a cluster. Made by [`Cluster::builder`].
///
/// | setting | default |
/// | --- | --- |
/// | [`host`](Self::host) | none: nothing runs in its shards |
/// | [`node`](Self::node) | an id of its own, drawn at random |
/// | [`weight`](Self::weight), [`labels`](Self::labels), [`zone`](Self::zone) | 100, none |
/// | [`shards`](Self::shards) | 256, settled when the cluster is founded |
/// | [`lease`](Self::lease) | 1 s, settled when the cluster is founded |
/// | [`replicas`](Self::replicas) | 1 for a new bucket, else as many as it has |
/// | [`policy`](Self::policy) | [`Policy::default`] |
/// | [`broadcaster`](Self::broadcaster) | none |
/// | [`join_within`](Self::join_within) | 10 s, or 10 leases if that is longer |
/// | [`domain`](Self::domain), [`api_prefix`](Self::api_prefix) | `$JS.API` |
#[derive(Debug, Clone)]
pub struct ClusterBuilder<H = NoHost> {
    pub(super) host: H,
    pub(super) client: Client,
    pub(super) name: ClusterName,
    pub(super) node: Option<NodeId>,
    pub(super) weight: Weight,
    pub(super) labels: Labels,
    pub(super) lease: Duration,
    pub(super) shards: ShardCount,
    pub(super) replicas: Option<u8>,
    pub(super) policy: Policy,
    pub(super) api: String,
    pub(super) join_within: Option<Duration>,
    pub(super) clock: Clock,
    pub(super) broadcaster: Option<Broadcaster>,
}

impl ClusterBuilder {
    pub(super) fn new(client: Client, name: ClusterName) -> Self {
        Self {
            host: NoHost,
            client,
            name,
            node: None,
            weight: Weight::USUAL,
            labels: Labels::new(),
            lease: Duration::from_secs(1),
            shards: ShardCount::default(),
            replicas: None,
            policy: Policy::default(),
            api: "$JS.API".to_owned(),
            join_within: None,
            clock: Clock::default(),
            broadcaster: None,
        }
    }

    /// Has this run in the node's shards, and handle what is routed to its actors.
    #[must_use]
    pub fn host<H: ShardHost>(self, host: H) -> ClusterBuilder<H> {
        let Self { host: NoHost, client, name, node, weight, labels, lease, shards, replicas, .. } = self;
        let Self { policy, api, join_within, clock, broadcaster, .. } = self;
        ClusterBuilder {
            host,
            client,
            name,
            node,
            weight,
            labels,
            lease,
            shards,
            replicas,
            policy,
            api,
            join_within,
            clock,
            broadcaster,
        }
    }
}

impl<H: ShardHost> ClusterBuilder<H> {
    /// Names the node. One that starts again under the same id gets the same shards, as far as they were not needed elsewhere
    /// meanwhile; under another one it is a new node. Two that live at the same time must not share one: the second is refused.
    ///
    /// Take what stays over restarts, such as the name of a pod of a stateful set.
    #[must_use]
    pub fn node(self, node: NodeId) -> Self {
        Self { node: Some(node), ..self }
    }

    /// Has it take so much beside the others.
    #[must_use]
    pub fn weight(self, weight: Weight) -> Self {
        Self { weight, ..self }
    }

    /// Says something of the node to operators and plans.
    #[must_use]
    pub fn labels(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }

    /// Says in which zone it is: adds the label [`Labels::ZONE`].
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when the zone is empty, longer than 64 bytes, or has a control character.
    pub fn zone(self, zone: impl Into<String>) -> Result<Self, InvalidText> {
        let labels = self.labels.with(Labels::ZONE, zone)?;
        Ok(Self { labels, ..self })
    }

    /// Takes a node for dead after so long without a sign of it, 100 ms to an hour, in whole milliseconds. A shorter one means
    /// shorter failovers, more messages, and more nodes that die of a pause.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// Divides the actors into so many shards.
    #[must_use]
    pub fn shards(self, shards: ShardCount) -> Self {
        Self { shards, ..self }
    }

    /// Keeps what the nodes agree on so many times. With 1, the cluster stands still while that server is away: nodes stop serving
    /// when their leases are over, and go on when it is back.
    #[must_use]
    pub fn replicas(self, replicas: u8) -> Self {
        Self { replicas: Some(replicas), ..self }
    }

    /// Says how shards may move. The leader's policy is what counts: give all nodes the same.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Gives up joining after so long.
    #[must_use]
    pub fn join_within(self, within: Duration) -> Self {
        Self { join_within: Some(within), ..self }
    }

    /// Uses the JetStream of this domain.
    #[must_use]
    pub fn domain(self, domain: impl AsRef<str>) -> Self {
        Self { api: format!("$JS.{}.API", domain.as_ref()), ..self }
    }

    /// Begins the subjects of API requests with this.
    #[must_use]
    pub fn api_prefix(self, prefix: impl Into<String>) -> Self {
        Self { api: prefix.into(), ..self }
    }

    /// Tells this broadcaster what happens to the cluster, as this node sees it: [`ClusterEvent`](super::ClusterEvent)s, in the namespace
    /// [`Namespace::internal`](aether_core::Namespace::internal). That of an `aether-bus` has them on the bus.
    #[must_use]
    pub fn broadcaster(self, broadcaster: impl EventBroadcaster + 'static) -> Self {
        Self { broadcaster: Some(Broadcaster::new(broadcaster)), ..self }
    }

    /// Counts leases by this clock.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Joins the cluster, or founds it if nobody has. Returns when the node is a member and sees the others.
    ///
    /// Its tasks run on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// See [`JoinError`].
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, the node has not joined, or is declared dead after a lease.
    pub async fn join(self) -> Result<Cluster, JoinError> {
        join::join(self).await
    }
}
