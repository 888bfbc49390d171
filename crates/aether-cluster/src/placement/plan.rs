//! Plans: what moves, why, and what waits. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{NodeId, Nodes, Reason, Shard};

/// A shard that moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Which one.
    pub shard: Shard,
    /// The live node that has it, if one does.
    pub from: Option<NodeId>,
    /// The node that takes it.
    pub to: NodeId,
    /// Why it moves.
    pub reason: Reason,
}

/// What a move waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Until others are done: as many as may move at once do.
    Throttled,
    /// Until this time on the clock of [`Wanted::at`](super::Wanted::at), since a rebalancing has only just ended.
    CoolingDown(Duration),
}

/// A shard that will move, as it looks now: a later plan may find a better target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Later {
    /// The move.
    #[serde(flatten)]
    pub of: Move,
    /// What it waits for.
    pub waits: Wait,
}

/// What a node holds and is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Which node.
    pub node: NodeId,
    /// How many shards it holds now, with those that are on their way to it and without those on their way from it.
    pub held: usize,
    /// How many it is to hold.
    pub quota: usize,
}

/// What moves, why, and what waits. Nothing is done by it: a plan that nobody carries out is a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The moves to begin now: first the shards without a live owner, then those of draining nodes, then the others.
    pub moves: Vec<Move>,
    /// The moves that wait.
    pub later: Vec<Later>,
    /// The shards on their way to a node that takes nothing any more, or is gone: their moves are to be called off.
    pub withdrawn: Vec<Shard>,
    /// The shards that no node takes: those without a live owner, and those that a draining node therefore keeps.
    pub unplaced: Vec<Shard>,
    /// How many moves between live nodes are under way from plans before this one.
    pub under_way: usize,
    /// How many more shards will move on once they have come to where they are on their way to.
    pub passing: usize,
    /// What each node holds and is to hold, by id.
    pub shares: Vec<Share>,
    /// The nodes that the plan is for.
    pub nodes: Nodes,
    /// Since when no rebalancing is under way; `None` while one is. The next plan is to be told:
    /// [`Wanted::settled_at`](super::Wanted::settled_at).
    pub settled_at: Option<Duration>,
}

impl Plan {
    /// Says whether there is nothing to begin and nothing to wait for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty() && self.withdrawn.is_empty() && self.is_complete()
    }

    /// Says whether nothing is left to plan once its moves are done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.later.is_empty() && self.passing == 0
    }
}
