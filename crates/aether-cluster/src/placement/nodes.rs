//! The nodes of a cluster. Pure.

use std::collections::BTreeMap;
use std::collections::btree_map::IntoValues;

use serde::{Deserialize, Serialize};

use super::{Node, NodeId};

/// The live nodes of a cluster, each once, ordered by their ids: so it does not matter in which order they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Node>", into = "Vec<Node>")]
pub struct Nodes(BTreeMap<NodeId, Node>);

impl Nodes {
    /// Returns no nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node, and returns the one of that id that it replaced.
    pub fn insert(&mut self, node: Node) -> Option<Node> {
        self.0.insert(node.id.clone(), node)
    }

    /// Takes a node out.
    pub fn remove(&mut self, id: &NodeId) -> Option<Node> {
        self.0.remove(id)
    }

    /// Returns the node of this id.
    #[must_use]
    pub fn get(&self, id: &NodeId) -> Option<&Node> {
        self.0.get(id)
    }

    /// Returns them all, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.0.values()
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Says whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Of two nodes with one id, the later one counts.
impl FromIterator<Node> for Nodes {
    fn from_iter<I: IntoIterator<Item = Node>>(nodes: I) -> Self {
        Self(nodes.into_iter().map(|node| (node.id.clone(), node)).collect())
    }
}

impl IntoIterator for Nodes {
    type Item = Node;
    type IntoIter = IntoValues<NodeId, Node>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_values()
    }
}

impl From<Vec<Node>> for Nodes {
    fn from(nodes: Vec<Node>) -> Self {
        nodes.into_iter().collect()
    }
}

impl From<Nodes> for Vec<Node> {
    fn from(nodes: Nodes) -> Self {
        nodes.into_iter().collect()
    }
}
