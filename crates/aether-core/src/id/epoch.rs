//! Epochs: fencing tokens.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Counts the ownerships of an actor: a fencing token.
///
/// Whoever writes under an epoch makes every lower one powerless: a store refuses it with
/// [`Fenced`](crate::error::Fenced). Along an actor's history epochs never go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u64);

impl Epoch {
    /// Makes an epoch from its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
