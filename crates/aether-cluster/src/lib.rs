//! Nodes that share actors: which node holds which shard.
//!
//! [`placement`] is pure: it takes what there is and what is wanted, and returns a plan with a reason for each move. Nodes
//! that agree on these values agree on the plan, whatever they were built with. What carries a plan out (membership, a
//! leader, leases, the moves themselves) is not in this crate yet.

pub mod placement;

/// Runs the code of the guide as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/cluster.md")]
struct Guide;
