//! The name of a node. Pure.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use aether_core::id::InvalidText;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hash::key_of;
use crate::text::check;

/// Names a node of a cluster, such as `orders-7f9c-2`: which one it is for operators and plans, over restarts.
///
/// 1 to 64 bytes: ASCII letters, digits, `-` and `_`, so that it is one token of a subject and of a key.
#[derive(Clone, Eq, PartialOrd, Ord)]
pub struct NodeId {
    // First, since ids are ordered by their texts.
    text: Arc<str>,
    key: u64,
}

impl PartialEq for NodeId {
    fn eq(&self, other: &Self) -> bool {
        // A node looks at each of its shards at each turn, and most are another one's: the key tells that at once.
        self.key == other.key && self.text == other.text
    }
}

impl Hash for NodeId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl NodeId {
    /// Parses a node id.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when the text is empty, longer than 64 bytes, or has a forbidden byte, which it points at.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, InvalidText> {
        let text = text.into();
        check("node id", &text, 64, |byte| !byte.is_ascii_alphanumeric() && !b"-_".contains(&byte))?;
        let key = key_of(&text);
        Ok(Self { text, key })
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What rendezvous hashing knows the node by.
    pub(super) fn key(&self) -> u64 {
        self.key
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({:?})", self.text)
    }
}

impl FromStr for NodeId {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        Self::new(text)
    }
}

impl TryFrom<&str> for NodeId {
    type Error = InvalidText;

    fn try_from(text: &str) -> Result<Self, InvalidText> {
        Self::new(text)
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::new(text.as_ref()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use aether_core::id::TextFault;

    use super::*;

    #[test]
    fn an_id_is_one_token_of_a_subject() {
        for bad in [".", "*", ">", " ", "/", "é", "\n", "$"] {
            let error = NodeId::new(format!("ab{bad}")).unwrap_err();
            assert_eq!(error.fault, TextFault::Forbidden { offset: 2, byte: bad.as_bytes()[0] });
        }
        assert_eq!(NodeId::new("").unwrap_err().fault, TextFault::Empty);
        assert!(NodeId::new("x".repeat(64)).is_ok() && NodeId::new("x".repeat(65)).is_err());
    }

    #[test]
    fn an_id_from_json_is_checked_and_ids_are_ordered_by_their_texts() {
        let id = NodeId::new("Node_1-a").unwrap();
        assert_eq!(serde_json::from_str::<NodeId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        assert!(serde_json::from_str::<NodeId>("\"a.b\"").is_err());
        assert!(NodeId::new("a").unwrap() < NodeId::new("b").unwrap());
    }
}
