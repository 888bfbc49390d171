//! Why a shard moves. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Node, NodeId, Nodes, Standing};

/// Why a shard moves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// Nobody has it.
    Unowned,
    /// The node that had it has left or died.
    Gone(NodeId),
    /// The node that has it is draining.
    Draining(NodeId),
    /// The node that takes it is new.
    Joined(NodeId),
    /// The node that takes it takes shards again.
    Opened(NodeId),
    /// The weight of the node that takes or gives it was changed.
    Reweighted(NodeId),
    /// The node that gives it was cordoned.
    Cordoned(NodeId),
    /// The quotas of the nodes that give and take it have changed with other nodes.
    Rebalanced,
}

impl Reason {
    /// Says whether the shard has no live owner: it is placed at once.
    #[must_use]
    pub fn is_orphan(&self) -> bool {
        matches!(self, Self::Unowned | Self::Gone(_))
    }

    /// Says whether the move only evens out what nodes hold: it waits for the cool-down.
    #[must_use]
    pub fn is_rebalancing(&self) -> bool {
        !self.is_orphan() && !matches!(self, Self::Draining(_))
    }

    /// Finds why a shard moves between live nodes, by what has changed since `before`.
    pub(super) fn between(from: &Node, to: &Node, before: &Nodes) -> Self {
        if from.standing == Standing::Draining {
            return Self::Draining(from.id.clone());
        }
        let Some(to_before) = before.get(&to.id) else {
            return Self::Joined(to.id.clone());
        };
        let from_before = before.get(&from.id);
        if to_before.standing != to.standing {
            Self::Opened(to.id.clone())
        } else if to_before.weight != to.weight {
            Self::Reweighted(to.id.clone())
        } else if from_before.is_some_and(|before| before.weight != from.weight) {
            Self::Reweighted(from.id.clone())
        } else if from_before.is_some_and(|before| before.standing != from.standing) {
            Self::Cordoned(from.id.clone())
        } else {
            Self::Rebalanced
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unowned => f.write_str("nobody has it"),
            Self::Gone(node) => write!(f, "{node} is gone"),
            Self::Draining(node) => write!(f, "{node} is draining"),
            Self::Joined(node) => write!(f, "{node} has joined"),
            Self::Opened(node) => write!(f, "{node} takes shards again"),
            Self::Reweighted(node) => write!(f, "the weight of {node} was changed"),
            Self::Cordoned(node) => write!(f, "{node} was cordoned"),
            Self::Rebalanced => f.write_str("quotas have changed with other nodes"),
        }
    }
}
