//! Who is a member, as a value. Pure.

use std::sync::Arc;

use serde::Serialize;

use crate::placement::{Labels, NodeId, Standing, Weight};
use crate::protocol::{Identity, Incarnation, Moment, Node, NodeState, Scope};

/// A node of the cluster, in its latest life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Member {
    /// The node.
    pub node: NodeId,
    /// Which of its lives this is about.
    pub incarnation: Incarnation,
    /// Whether it is up, leaves, has left or is dead.
    pub state: NodeState,
    /// Whether operators let it take shards.
    pub standing: Standing,
    /// How much it takes beside the others.
    pub weight: Weight,
    /// What it says of itself.
    pub labels: Labels,
    /// Whether its record has not changed for two thirds of a lease. Said by nodes that watch all records: the leader and its
    /// standbys.
    pub suspected: bool,
}

impl Member {
    /// Says whether it has neither left nor died, as far as is known.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.state.is_over()
    }

    /// Returns the node with its life.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity { node: self.node.clone(), incarnation: self.incarnation }
    }
}

/// All nodes that are known, by id: also those that have left or died, until another life takes their place or they are forgotten (after 100
/// leases, and ten minutes at least). Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Members(Arc<[Member]>);

impl Members {
    /// Returns all, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.0.iter()
    }

    /// Returns those that have neither left nor died.
    pub fn alive(&self) -> impl Iterator<Item = &Member> {
        self.iter().filter(|member| member.is_alive())
    }

    /// Returns the node of this id.
    #[must_use]
    pub fn get(&self, node: &NodeId) -> Option<&Member> {
        self.iter().find(|member| member.node == *node)
    }

    /// What the node knows of them.
    pub(crate) fn of(node: &Node, now: Moment) -> Self {
        let (view, scope) = (node.view(), node.scope());
        let listed = |id| view.members.as_ref().and_then(|(_, members)| members.nodes.get(id));
        let standing = |id| match scope {
            Scope::All => view.standing(id),
            // Of what it does not watch, the leader's word is the latest.
            Scope::Follower => listed(id).map_or_else(|| view.standing(id), |listed| listed.standing),
        };
        let nodes = view.nodes.iter().map(|(id, (_, record))| Member {
            node: id.clone(),
            incarnation: record.incarnation,
            state: record.state,
            standing: standing(id),
            weight: record.weight,
            labels: record.labels.clone(),
            suspected: !record.state.is_over() && node.suspects(id, now),
        });
        Self(nodes.collect())
    }
}

impl FromIterator<Member> for Members {
    fn from_iter<T: IntoIterator<Item = Member>>(members: T) -> Self {
        Self(members.into_iter().collect())
    }
}
