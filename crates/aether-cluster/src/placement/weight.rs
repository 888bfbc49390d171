//! How much a node takes beside the others. Pure.

use std::fmt;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

/// Says how much a node takes beside the others: one of weight 200 holds twice as many shards as one of weight 100.
///
/// 1 to 10,000; 100 unless told. There is no weight 0: a node that should hold nothing is drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Weight(NonZeroU16);

/// Says that a number is no weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no weight: expected 1 to 10000")]
pub struct InvalidWeight(pub u16);

impl Weight {
    const MOST: u16 = 10_000;

    /// The weight of a node that says nothing of it.
    pub const USUAL: Self = Self(NonZeroU16::MIN.saturating_add(99));

    /// Takes a number as a weight.
    ///
    /// # Errors
    ///
    /// [`InvalidWeight`] when it is 0 or above 10,000.
    pub fn new(number: u16) -> Result<Self, InvalidWeight> {
        let weight = NonZeroU16::new(number).filter(|number| number.get() <= Self::MOST);
        weight.map(Self).ok_or(InvalidWeight(number))
    }

    /// Returns the number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self::USUAL
    }
}

impl TryFrom<u16> for Weight {
    type Error = InvalidWeight;

    fn try_from(number: u16) -> Result<Self, InvalidWeight> {
        Self::new(number)
    }
}

impl From<Weight> for u16 {
    fn from(weight: Weight) -> Self {
        weight.get()
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_between_one_and_ten_thousand() {
        assert_eq!((Weight::default().get(), Weight::new(10_000).unwrap().get()), (100, 10_000));
        assert_eq!(
            (Weight::new(0), Weight::new(10_001)),
            (Err(InvalidWeight(0)), Err(InvalidWeight(10_001)))
        );
        assert!(serde_json::from_str::<Weight>("0").is_err());
    }
}
