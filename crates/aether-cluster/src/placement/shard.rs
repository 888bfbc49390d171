//! Shards, and which one an actor is in. Pure.

use std::fmt;
use std::num::NonZeroU32;

use aether_core::ActorId;
use serde::{Deserialize, Serialize};

use super::hash::key_of;

/// Numbers a shard: a part of the actors that is held by one node, and moves as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(u32);

impl Shard {
    /// Takes a number, which counts from 0, as a shard's. Whether a cluster has so many says
    /// [`ShardCount::shard`].
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns the number, which counts from 0.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Returns its place in a list of all shards.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// What rendezvous hashing knows it by.
    pub(super) fn key(self) -> u64 {
        u64::from(self.0)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many shards a cluster has: settled when it is made, since it says which shard an actor is in.
///
/// 1 to 65,536; 256 unless told. More than ten for each node keep rounding small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct ShardCount(NonZeroU32);

/// Says that a number is no number of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no number of shards: expected 1 to 65536")]
pub struct InvalidShardCount(pub u32);

impl ShardCount {
    const MOST: u32 = 65_536;

    /// Takes a number as a number of shards.
    ///
    /// # Errors
    ///
    /// [`InvalidShardCount`] when it is 0 or above 65,536.
    pub fn new(number: u32) -> Result<Self, InvalidShardCount> {
        let count = NonZeroU32::new(number).filter(|number| number.get() <= Self::MOST);
        count.map(Self).ok_or(InvalidShardCount(number))
    }

    /// Returns the number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// Returns the shard of this number, if there is one.
    #[must_use]
    pub fn shard(self, number: u32) -> Option<Shard> {
        (number < self.get()).then_some(Shard(number))
    }

    /// Returns all shards, by number.
    pub fn shards(self) -> impl ExactSizeIterator<Item = Shard> {
        (0..self.get()).map(Shard)
    }

    /// Returns the shard that an actor is in: `H mod S`, where H is [`key_of`](super::key_of) its id.
    ///
    /// A store that is spread over partitions uses the same H (ADR 0009): where their number divides the number of shards,
    /// all actors of a shard are in one partition.
    #[must_use]
    pub fn shard_of(self, actor: &ActorId) -> Shard {
        let number = key_of(actor.as_str()) % u64::from(self.get());
        Shard(u32::try_from(number).unwrap_or_default())
    }
}

impl Default for ShardCount {
    fn default() -> Self {
        Self(NonZeroU32::MIN.saturating_add(255))
    }
}

impl TryFrom<u32> for ShardCount {
    type Error = InvalidShardCount;

    fn try_from(number: u32) -> Result<Self, InvalidShardCount> {
        Self::new(number)
    }
}

impl From<ShardCount> for u32 {
    fn from(count: ShardCount) -> Self {
        count.get()
    }
}

impl fmt::Display for ShardCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `printf %s ID | sha256sum`, reduced with Python's integers: not from this code.
    #[test]
    fn an_actor_is_in_the_shard_that_is_written_down() {
        for (id, of_256, of_1000, of_65536) in VECTORS {
            let shard = |count| ShardCount::new(count).unwrap().shard_of(&ActorId::new(id).unwrap()).number();
            assert_eq!((shard(256), shard(1_000), shard(65_536)), (of_256, of_1000, of_65536), "{id:?}");
        }
    }

    const VECTORS: [(&str, u32, u32, u32); 7] = [
        ("a", 202, 250, 48586),
        ("order-1", 140, 396, 27020),
        ("order-2", 3, 563, 47619),
        ("order-123", 39, 103, 12071),
        ("a.b", 239, 687, 34799),
        ("a b", 210, 402, 28370),
        ("caf\u{e9}-7", 178, 434, 23474),
    ];

    #[test]
    fn a_cluster_has_256_shards_unless_told_and_none_is_no_number() {
        assert_eq!(ShardCount::default().get(), 256);
        assert_eq!(
            (ShardCount::new(0), ShardCount::new(65_537)),
            (Err(InvalidShardCount(0)), Err(InvalidShardCount(65_537)))
        );
        assert_eq!(ShardCount::new(3).unwrap().shards().len(), 3);
        assert_eq!(ShardCount::new(3).unwrap().shard(3), None);
    }
}
