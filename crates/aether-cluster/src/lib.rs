//! Nodes that share actors: which node is to hold which shard, and the protocols by which they agree on it.
//!
//! - [`Cluster`] is a node's handle: it joins over NATS, shows members, leader and shards, and leaves.
//! - [`placement`] takes what there is and what is wanted, and returns a plan with a reason for each move. Nodes that agree on
//!   these values agree on the plan, whatever they were built with.
//! - [`protocol`] says who is a member, who leads, who owns which shard, and how a message finds the owner:
//!   [`protocol::Node`] is all protocols of one node in one machine, [`protocol::Ask`] is one message on its way to the owner
//!   of a shard, and [`protocol::Fence`] is what an owner looks at before it writes to the log, which makes one writer per actor a
//!   property of the log.
//!
//! The latter two are *pure*: given messages, outcomes and times, they say what to send and to write. They know no clock, no
//! network and no NATS, so that a simulation can run them through faults by the thousand (`cargo xtask simulate`).
//!
//! ```
//! use std::time::Duration;
//!
//! use aether_cluster::placement::ShardCount;
//! use aether_cluster::protocol::{Identity, Incarnation, Input, Lease, Moment, Node, NodeId, Output, Setup};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let me = Identity { node: NodeId::new("node-1")?, incarnation: Incarnation::new(7) };
//! let setup = Setup::new(Lease::new(Duration::from_secs(1)), ShardCount::default());
//! let mut node = Node::new(me, setup, Moment::START);
//! // The bucket is empty: the node writes its own record, where there must be none.
//! let outputs = node.handle(Input::Synced, Moment::START);
//! assert!(matches!(&outputs[..], [Output::Change { key, .. }, ..] if key.to_string() == "node.node-1"));
//! # Ok(())
//! # }
//! ```

mod bucket;
mod clock;
mod cluster;
mod driver;
mod gate;
pub mod host;
mod mechanism;
mod meter;
mod name;
mod owners;
pub mod placement;
pub mod protocol;
mod rooms;
pub mod route;
mod subjects;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod trace;

pub use bucket::BucketError;
pub use clock::Clock;
pub use cluster::{
    ActorMigration, Cluster, ClusterBuilder, ClusterEvent, Counts, Events, JoinError, Leader, LeaveError,
    Member, Members, MigrationStage, OperatorError, ShardPlace, ShardPlaces, Status, Watching,
};
pub use host::{Handled, Message, NoHost, Ownership, ShardHost};
pub use name::ClusterName;
pub use route::{Rejection, Route, RouteError};
pub use trace::{InvalidTraceParent, TraceParent};

#[cfg(feature = "testing")]
pub use mechanism::{Mechanism, Mechanisms};

/// Runs the code of the guide as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/cluster.md")]
struct Guide;
