//! Which partition an actor is in. Pure.
//!
//! The partition is `H mod n`, where H is the number that the first 8 bytes of the SHA-256 of the actor's id (its UTF-8
//! bytes, as they are) make, most significant byte first. It is part of the wire form: ADR 0009.

use std::fmt;

use aether_core::ActorId;
use sha2::{Digest as _, Sha256};

/// The most partitions of a store.
pub(crate) const MOST: u32 = 256;

/// One of a store's partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) index: u32,
    /// How many there are.
    pub(crate) of: u32,
}

impl Partition {
    /// The whole of a store that has no partitions.
    pub(crate) const WHOLE: Self = Self { index: 0, of: 1 };

    /// Returns the partitions of a store with `count` of them.
    pub(crate) fn all(count: u32) -> impl Iterator<Item = Self> {
        (0..count).map(move |index| Self { index, of: count })
    }

    /// Says whether it is all there is.
    pub(crate) fn is_whole(self) -> bool {
        self.of == 1
    }
}

/// Returns the index of the partition, of `count`, that the actor is in.
pub(crate) fn index_of(actor: &ActorId, count: u32) -> u32 {
    if count <= 1 {
        return 0;
    }
    let digest = Sha256::digest(actor.as_str().as_bytes());
    let number = digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    u32::try_from(number % u64::from(count)).unwrap_or_default()
}

/// As the names of streams and their metadata have it: `0of4`.
impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}of{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(id: &str, count: u32) -> u32 {
        index_of(&ActorId::new(id).unwrap(), count)
    }

    /// From `printf %s ID | sha256sum`, reduced with Python's integers: not from this code.
    #[test]
    fn the_hash_is_the_one_that_is_written_down() {
        for (id, of_2, of_3, of_4, of_256) in VECTORS {
            let found = (index(id, 2), index(id, 3), index(id, 4), index(id, 256));
            assert_eq!(found, (of_2, of_3, of_4, of_256), "{id:?}");
        }
    }

    const VECTORS: [(&str, u32, u32, u32, u32); 7] = [
        ("a", 0, 1, 2, 202),
        ("order-1", 0, 2, 0, 140),
        ("order-2", 1, 1, 3, 3),
        ("order-123", 1, 1, 3, 39),
        ("a.b", 1, 0, 3, 239),
        ("a b", 0, 0, 2, 210),
        ("caf\u{e9}-7", 0, 0, 2, 178),
    ];

    #[test]
    fn ids_that_people_make_spread_evenly() {
        let makes: [fn(u32) -> String; 4] = [
            |n| format!("order-{n}"),
            |n| format!("order-{:08}", n * 16),
            // Digits twice: where a hash's low bits are sums of the bytes' low bits, all of these meet.
            |n| n.to_string().chars().flat_map(|digit| [digit, digit]).collect(),
            |n| format!("tenant-{}/cart-{n:x}", n % 7),
        ];
        for make in makes {
            for count in [2, 3, 4, 16, 100] {
                let mut held = vec![0_u32; count as usize];
                (0..count * 1000).for_each(|n| held[index(&make(n), count) as usize] += 1);
                // 1,000 are expected: five deviations of a fair dice are 160.
                assert!(held.iter().all(|held| (840..1160).contains(held)), "{count}: {held:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_actor_is_in_one_of_them_and_doubling_splits_each_in_two(id in "\\PC{1,40}", count in 1_u32..=128) {
            let half = index(&id, count);
            prop_assert!(half < count);
            prop_assert_eq!(index(&id, count * 2) % count, half);
        }
    }
}
