//! Who is who: nodes and their incarnations, terms, and who wrote a value.

use std::fmt;

use aether_core::key_value::Revision;
use serde::{Deserialize, Serialize};

use super::record::NodeState;
use crate::placement::NodeId;

/// One life of a node: drawn at random when its process starts, so that no two have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Incarnation(u128);

impl Incarnation {
    /// Makes an incarnation of 128 random bits.
    #[must_use]
    pub const fn new(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl TryFrom<String> for Incarnation {
    type Error = InvalidIncarnation;

    fn try_from(text: String) -> Result<Self, InvalidIncarnation> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = if is_hex { u128::from_str_radix(&text, 16).ok() } else { None };
        bits.map(Self).ok_or(InvalidIncarnation { text })
    }
}

impl From<Incarnation> for String {
    fn from(incarnation: Incarnation) -> Self {
        incarnation.to_string()
    }
}

/// Says that a text is no incarnation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no incarnation: expected 32 hexadecimal digits")]
pub struct InvalidIncarnation {
    /// The text.
    pub text: String,
}

/// A node in one of its lives: a node that starts again has the same name and another incarnation. A dead one never returns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The node.
    pub node: NodeId,
    /// Which of its lives.
    pub incarnation: Incarnation,
}

impl Identity {
    /// Whether this owner, as written at `written`, has stopped for good, by what was seen of its node at a revision: that it is
    /// over, or a later life. One bucket counts the changes of all its keys: another life that is *older* than what the owner wrote
    /// is merely an old record.
    pub(super) fn is_gone(
        &self,
        written: Revision,
        revision: Revision,
        incarnation: Incarnation,
        state: NodeState,
    ) -> bool {
        if incarnation == self.incarnation { state.is_over() } else { revision > written }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.node, self.incarnation)
    }
}

/// Counts the leaderships: a fencing token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Term(u64);

impl Term {
    /// Makes a term from its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The term after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Who wrote a value, and which of its values it is: no two values have the same, so that a writer without an answer knows its
/// own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// The writer.
    pub incarnation: Incarnation,
    /// Counts what it wrote.
    pub nonce: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incarnation_is_text_of_one_form() {
        let text = r#""0000000000000000000000000000002a""#;
        assert_eq!(serde_json::to_string(&Incarnation::new(42)).unwrap(), text);
        assert_eq!(serde_json::from_str::<Incarnation>(text).unwrap(), Incarnation::new(42));
        for bad in [r#""2a""#, r#""+000000000000000000000000000002a""#, "42"] {
            assert!(serde_json::from_str::<Incarnation>(bad).is_err(), "{bad}");
        }
    }
}
