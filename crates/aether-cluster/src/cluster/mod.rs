//! A node's handle on its cluster.

mod broadcast;
mod builder;
pub(crate) mod changes;
mod error;
mod event;
mod handle;
mod join;
mod leader;
mod members;
mod operator;
mod owners;
mod settled;
mod shards;
mod status;
mod watching;

pub use builder::ClusterBuilder;
pub use error::{JoinError, LeaveError};
pub use event::{ClusterEvent, Events};
pub use handle::Cluster;
pub use leader::Leader;
pub use members::{Member, Members};
pub use operator::OperatorError;
pub use shards::{ShardPlace, ShardPlaces};
pub use status::{ActorMigration, Counts, MigrationStage, Status};
pub use watching::Watching;
