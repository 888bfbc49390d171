//! Which node holds which shard: quotas that are kept with the fewest moves. Pure.
//!
//! Actors are divided into a fixed number of shards by a hash of their ids ([`ShardCount::shard_of`]). [`plan`] compares who
//! holds which shard now ([`ShardMap`]) with the nodes that there are ([`Wanted`]), and says which shards move, and why
//! ([`Plan`]). It reads no clock and does nothing: a plan that is not carried out is a dry run.
//!
//! - A node's *quota* is its part of the shards by weight, rounded down or up, and rounded so that the most shards stay where
//!   they are. So a join or a leave moves the fewest shards that can be moved, and nodes of equal weight differ by at most
//!   one shard.
//! - A shard moves only from a node above its quota, or from nobody, to a node below its quota. Who takes which is settled by
//!   weighted rendezvous hashing, which [`rendezvous`] offers alone, for whoever needs no quotas and keeps no map.
//! - A shard without a live owner is placed at once. Between live owners, only so many move at once, and not sooner after
//!   the last rebalancing than the cool-down ([`Policy`]).
//!
//! All arithmetic is on integers, and both hashes are written down and tested against vectors that this code did not make: so
//! nodes of different builds agree.
//!
//! ```
//! use aether_cluster::placement::{Node, NodeId, Nodes, ShardCount, ShardMap, Wanted, plan};
//!
//! let mut map = ShardMap::new(ShardCount::default());
//! let mut nodes: Nodes = [Node::new(NodeId::new("a")?), Node::new(NodeId::new("b")?)].into_iter().collect();
//! map = map.after(&plan(&map, &Wanted::new(nodes.clone())));
//! assert_eq!(map.held_by(&NodeId::new("a")?).count(), 128);
//!
//! nodes.insert(Node::new(NodeId::new("c")?));
//! let joined = plan(&map, &Wanted::new(nodes));
//! // 85 shards will move, the quota of c, and 20 of them at once.
//! assert_eq!((joined.moves.len(), joined.later.len()), (20, 65));
//! assert!(joined.moves.iter().all(|of| of.to.as_str() == "c"));
//! # Ok::<(), aether_core::id::InvalidText>(())
//! ```

mod display;
mod give;
mod hash;
mod labels;
mod logarithm;
mod map;
mod node;
mod node_id;
mod nodes;
mod plan;
mod planner;
mod policy;
mod quota;
mod reason;
mod rendezvous;
mod scene;
mod shard;
mod share;
mod take;
mod weight;

pub use hash::key_of;
pub use labels::Labels;
pub use map::{Place, ShardMap};
pub use node::{Node, Standing};
pub use node_id::NodeId;
pub use nodes::Nodes;
pub use plan::{Later, Move, Plan, Share, Wait};
pub use planner::plan;
pub use policy::{Policy, Wanted, Zones};
pub use reason::Reason;
pub use rendezvous::{ranking, rendezvous};
pub use shard::{InvalidShardCount, Shard, ShardCount};
pub use weight::{InvalidWeight, Weight};
