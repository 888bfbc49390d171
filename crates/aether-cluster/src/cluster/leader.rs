//! Who leads, as a value. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::protocol::{Identity, Term, View};

/// Who leads the cluster. It may have ceased to a moment ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leader {
    /// The node, in the life in which it leads.
    pub node: Identity,
    /// How many leaderships there have been, with this one.
    pub term: Term,
}

impl Leader {
    pub(crate) fn of(view: &View) -> Option<Self> {
        let (_, record) = view.leader.as_ref()?;
        Some(Self { node: record.leader.clone()?, term: record.term })
    }
}

impl fmt::Display for Leader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in term {}", self.node.node, self.term.number())
    }
}
