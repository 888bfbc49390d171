//! Clusters: nodes that share actors by shards, and messages that find the owner of an actor.
//!
//! ```no_run
//! use aether_cluster::{Cluster, Handled, Message, Ownership, ShardHost};
//! use aether_core::ActorId;
//!
//! /// What runs in the shards of each node.
//! struct Greeter;
//!
//! impl ShardHost for Greeter {
//!     async fn handle(&self, _: &Ownership, message: Message) -> Handled {
//!         Handled::Answered(format!("\"I am {}\"", message.actor).into())
//!     }
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = async_nats::connect("nats://127.0.0.1:4222").await?;
//! let cluster = Cluster::builder(client, "orders".try_into()?)
//!     .node("orders-1".try_into()?) // what stays over restarts
//!     .host(Greeter)
//!     .join()
//!     .await?;
//! // From any node, wherever the actor is.
//! let said: String = cluster.route(&ActorId::new("order-123")?, "who are you?").ask().await?;
//! cluster.leave().await?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`Cluster`] is a node's handle: it joins over NATS, [routes](Cluster::route) messages to the owners of actors, shows members, leader,
//!   shards and what happens to them, lets operators drain nodes, and leaves.
//! - [`ShardHost`] is what runs in a node's shards. Whoever keeps events there looks at the [fence](Ownership::fence) before each append and each
//!   answer: that makes one writer per actor a property of the log.
//! - [`RouteError`] says what is known when there is no answer, and what to do.
//!
//! The guide, with operating and all times, is `docs/cluster.md` of the repository.
//!
//! # The pure half
//!
//! What follows decides, and what is above carries out. It knows no clock, no network and no NATS, so that a simulation can run it through
//! faults by the thousand (`cargo xtask simulate`).
//!
//! - [`placement`] takes what there is and what is wanted, and returns a plan with a reason for each move. Nodes that agree on
//!   these values agree on the plan, whatever they were built with.
//! - [`protocol`] says who is a member, who leads, who owns which shard, and how a message finds the owner:
//!   [`protocol::Node`] is all protocols of one node in one machine, [`protocol::Ask`] is one message on its way, and
//!   [`protocol::Fence`] is what an owner looks at before it writes to the log.

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

pub use aether_core::{InvalidTraceParent, TraceParent};
pub use bucket::BucketError;
pub use clock::Clock;
pub use cluster::{
    ActorMigration, Cluster, ClusterBuilder, ClusterEvent, Counts, Events, JoinError, Leader, LeaveError,
    Member, Members, MigrationStage, OperatorError, ShardPlace, ShardPlaces, Status, Watching,
};
pub use host::{Handled, Message, NoHost, Ownership, ShardHost, check_store};
pub use name::ClusterName;
pub use route::{Rejection, RejectionError, Route, RouteError};

#[cfg(feature = "testing")]
pub use mechanism::{Mechanism, Mechanisms};
