//! A node as plans see it. Pure.

use serde::{Deserialize, Serialize};

use super::{Labels, NodeId, Weight};

/// Whether a node takes shards, and keeps them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It takes shards and keeps them.
    #[default]
    Open,
    /// It takes none, and keeps those that it has as far as its part by weight goes.
    Cordoned,
    /// It takes none, and those that it has go to others.
    Draining,
}

/// A live node as plans see it. One that has left or died is not there at all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Node {
    /// Which one it is.
    pub id: NodeId,
    /// How much it takes beside the others.
    #[serde(default)]
    pub weight: Weight,
    /// Whether it takes shards, and keeps them.
    #[serde(default)]
    pub standing: Standing,
    /// What it says of itself.
    #[serde(default)]
    pub labels: Labels,
}

impl Node {
    /// Returns an open node of the usual weight, without labels.
    #[must_use]
    pub fn new(id: NodeId) -> Self {
        Self { id, weight: Weight::USUAL, standing: Standing::Open, labels: Labels::new() }
    }

    /// Gives it a weight.
    #[must_use]
    pub fn weight(self, weight: Weight) -> Self {
        Self { weight, ..self }
    }

    /// Gives it a standing.
    #[must_use]
    pub fn standing(self, standing: Standing) -> Self {
        Self { standing, ..self }
    }

    /// Gives it labels.
    #[must_use]
    pub fn labels(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }
}
