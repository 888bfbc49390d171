//! Why a node cannot join, or did not leave.

use std::time::Duration;

use crate::bucket::BucketError;
use crate::placement::{NodeId, ShardCount};

/// Says why a node is no member.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The lease is too short to be renewed in time. Take a longer one.
    #[error("a lease of {wanted:?} is too short: take {least:?} or more")]
    LeaseTooShort {
        /// What was wished for.
        wanted: Duration,
        /// The least that can be had.
        least: Duration,
    },
    /// The lease is too long: for so long nobody would own the shards of a node that died. Take a shorter one.
    #[error("a lease of {wanted:?} is too long: take {most:?} or less")]
    LeaseTooLong {
        /// What was wished for.
        wanted: Duration,
        /// The most that can be had.
        most: Duration,
    },
    /// The cluster has another number of shards, on which it depends which shard an actor is in. Join with that.
    #[error("the cluster has {found} shards, wanted {expected}: join with as many as it has, or found another cluster", found = found.get(), expected = expected.get())]
    ShardCount {
        /// What was wished for.
        expected: ShardCount,
        /// What the cluster has.
        found: ShardCount,
    },
    /// The cluster has another lease, by which its nodes tell the dead. Join with that.
    #[error(
        "the cluster has a lease of {found:?}, wanted {expected:?}: join with the one that it has, or found another cluster"
    )]
    Lease {
        /// What was wished for.
        expected: Duration,
        /// What the cluster has.
        found: Duration,
    },
    /// What stands at the key `config` of the bucket cannot be read: somebody else has written there, or a later version.
    #[error("the settings in the bucket of the cluster cannot be read: run the version that wrote them")]
    Settings {
        /// What is wrong with them.
        #[source]
        source: aether_core::error::BoxError,
    },
    /// The node's host says that it cannot do its work here. Its error says why.
    #[error("the node's host cannot do its work here")]
    Host {
        /// What the [host](crate::ShardHost::check) says.
        #[source]
        source: aether_core::error::BoxError,
    },
    /// The bucket cannot be used. Its error says what to do.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// A node of this id is a member, and renews its record. Stop it, or take another id.
    #[error("a node {node} is a member already, and lives: stop it, or join with another id")]
    NodeTaken {
        /// The id.
        node: NodeId,
    },
    /// It did not become a member in time. Look at the connection, and try again.
    #[error(
        "the node {node} did not become a member within {within:?}: look at the connection, and try again"
    )]
    TimedOut {
        /// The node.
        node: NodeId,
        /// How long it tried.
        within: Duration,
    },
    /// It was declared dead while it joined. Try again.
    #[error("the node {node} was declared dead while it joined: try again")]
    Died {
        /// The node.
        node: NodeId,
    },
    /// The client is closed. Connect again.
    #[error("the client is closed: connect again")]
    Closed,
}

/// Says how a node ceased to be a member instead of leaving.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeaveError {
    /// It was declared dead before it had left. What it owned goes to others all the same.
    #[error("the node {node} was declared dead before it had left: others take over what it owned")]
    Dead {
        /// The node.
        node: NodeId,
    },
    /// It could not leave in time, such as without a connection. It has stopped, and is declared dead after a lease.
    #[error("the node {node} could not leave within {within:?}: it has stopped, and will be declared dead")]
    TimedOut {
        /// The node.
        node: NodeId,
        /// How long it tried.
        within: Duration,
    },
}
