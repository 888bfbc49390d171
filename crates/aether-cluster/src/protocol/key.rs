//! Where records stand in the bucket.

use std::fmt;

use crate::placement::{NodeId, Shard};

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `config`
    Config,
    /// `node.ID`
    Node(NodeId),
    /// `standing.ID`
    Standing(NodeId),
    /// `leader`
    Leader,
    /// `members`
    Members,
    /// `plan`
    Plan,
    /// `shard.NUMBER`
    Shard(Shard),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config => f.write_str("config"),
            Self::Node(node) => write!(f, "node.{node}"),
            Self::Standing(node) => write!(f, "standing.{node}"),
            Self::Leader => f.write_str("leader"),
            Self::Members => f.write_str("members"),
            Self::Plan => f.write_str("plan"),
            Self::Shard(shard) => write!(f, "shard.{shard}"),
        }
    }
}

impl Key {
    /// Reads a key as it is written; `None` when it is none of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('.') {
            Some(("node", node)) => NodeId::new(node).ok().map(Self::Node),
            Some(("standing", node)) => NodeId::new(node).ok().map(Self::Standing),
            Some(("shard", number)) => {
                let shard: u32 = number.parse().ok()?;
                // One key per shard: `shard.01` and `shard.+1` are none.
                (shard.to_string() == number).then_some(Self::Shard(Shard::new(shard)))
            }
            Some(_) => None,
            None => [Self::Config, Self::Leader, Self::Members, Self::Plan]
                .into_iter()
                .find(|key| key.to_string() == text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        for text in [
            "",
            "node.",
            "node.a.b",
            "standing.",
            "shard.01",
            "shard.+1",
            "shard.x",
            "leaders",
            "plan.",
            "config.a",
        ] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }
}
