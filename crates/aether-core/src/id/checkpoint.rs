//! Checkpoints: how far a reader of a whole store has come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Position;

/// Says how far a reader has come: one [`Position`] for each partition that it has read of.
///
/// ```
/// use aether_core::{Checkpoint, Position};
///
/// let mut checkpoint = Checkpoint::default();
/// checkpoint.advance(Position::new(0, 17, 0, None));
/// assert!(checkpoint.covers(&Position::new(0, 16, 0, None)));
/// assert!(!checkpoint.covers(&Position::new(1, 1, 0, None)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Position>", into = "Vec<Position>")]
pub struct Checkpoint(BTreeMap<u32, Position>);

impl Checkpoint {
    /// Moves the position's partition on to it; never back.
    pub fn advance(&mut self, position: Position) {
        let behind = self
            .0
            .get(&position.partition())
            .is_none_or(|now| (now.sequence(), now.index()) < (position.sequence(), position.index()));
        if behind {
            self.0.insert(position.partition(), position);
        }
    }

    /// Says whether what lies at `position` has been read.
    #[must_use]
    pub fn covers(&self, position: &Position) -> bool {
        self.0
            .get(&position.partition())
            .is_some_and(|now| (now.sequence(), now.index()) >= (position.sequence(), position.index()))
    }

    /// Returns the positions, one for each partition, in the order of partitions.
    pub fn positions(&self) -> impl Iterator<Item = &Position> {
        self.0.values()
    }
}

impl From<Vec<Position>> for Checkpoint {
    fn from(positions: Vec<Position>) -> Self {
        let mut checkpoint = Self::default();
        positions.into_iter().for_each(|position| checkpoint.advance(position));
        checkpoint
    }
}

impl From<Checkpoint> for Vec<Position> {
    fn from(checkpoint: Checkpoint) -> Self {
        checkpoint.0.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_checkpoint_covers_what_it_passed_in_any_order(places in proptest::collection::vec((0u32..3, 0u64..9), 0..20)) {
            let positions: Vec<_> = places.iter().map(|(p, s)| Position::new(*p, *s, 0, None)).collect();
            let checkpoint = Checkpoint::from(positions.clone());
            prop_assert!(positions.iter().all(|position| checkpoint.covers(position)));
            let json = serde_json::to_string(&checkpoint).unwrap();
            prop_assert_eq!(serde_json::from_str::<Checkpoint>(&json).unwrap(), checkpoint);
        }
    }
}
